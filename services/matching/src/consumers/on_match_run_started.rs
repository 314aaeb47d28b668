//! Solves a run. The event is taken by any replica; when its process dies, the event comes again and another
//! one solves the stored snapshot to the same result.

use crate::runs::run::{State, digest};
use crate::runs::snapshot::Scores;
use crate::runs::solver::Unsolved;
use crate::runs::store;
use crate::runs::work::{self, Outcome, StopOnDrop, Watcher};
use crate::{Matching, events::DomainEvent};
use contracts::mentor::matching::events::v1::MatchRunStarted;
use kernel::{Context, Result, Uuid, parse_id};
use std::sync::Arc;
use std::time::Duration;
use storage::Tx;

/// How often the row is told of progress and asked whether the run was cancelled.
const PERIOD: Duration = Duration::from_millis(250);
/// Periods after which the waiting transaction of the event gives a sign of life: the server ends idle ones.
const KEEP_ALIVE: u64 = 40;

pub(crate) async fn handle(service: &Matching, tx: &mut Tx, event: MatchRunStarted) -> Result<()> {
    let id = parse_id("run_id", &event.run_id)?;
    let ctx = tx.ctx().clone();
    if !report(service, &ctx, id, 0, "starting").await? {
        return Ok(());
    }
    let Some(snapshot) = store::snapshot_bytes(tx, id).await? else { return Ok(()) };
    let watcher = Arc::new(Watcher::default());
    let guard = StopOnDrop(watcher.clone());
    let solving = work::solve(service.solver(), snapshot, watcher.clone());
    let outcome = tokio::select! {
        outcome = solving => outcome?,
        () = tell(service, tx, id, &watcher) => Err(Unsolved::Stopped),
    };
    drop(guard);
    finish(tx, id, outcome).await
}

/// Tells the row of progress, outside the event's transaction so that it can be watched, until the run is
/// not to be solved any more.
async fn tell(service: &Matching, tx: &mut Tx, id: Uuid, watcher: &Watcher) {
    let ctx = tx.ctx().clone();
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.tick().await;
    for tick in 1u64.. {
        ticks.tick().await;
        if tick.is_multiple_of(KEEP_ALIVE) && store::keep_alive(tx).await.is_err() {
            // The event's transaction is lost, and the event comes again: this work is for nothing.
            return;
        }
        let (progress, phase) = watcher.progress();
        match report(service, &ctx, id, progress, &phase).await {
            Ok(true) => {}
            Ok(false) => return,
            // Progress may be lost; the result is what counts.
            Err(error) => tracing::warn!(run.id = %id, %error, "progress of a match run was not stored"),
        }
    }
}

async fn report(service: &Matching, ctx: &Context, id: Uuid, progress: i32, phase: &str) -> Result<bool> {
    let mut tx = service.db().write(ctx).await?;
    let pending = store::report(&mut tx, id, progress, phase).await?;
    tx.commit().await?;
    Ok(pending)
}

async fn finish(tx: &mut Tx, id: Uuid, outcome: Result<Outcome, Unsolved>) -> Result<()> {
    let mut run = store::lock(tx, id).await?;
    if !run.state.is_pending() {
        return Ok(());
    }
    run.finished_at = Some(tx.database().clock().now());
    run.phase.clear();
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(unsolved) => {
            run.state = State::Failed;
            run.failure = match unsolved {
                Unsolved::Stopped => "the run was stopped before it had a result".to_owned(),
                Unsolved::Refused(why) => why,
            };
            return store::save(tx, &run).await;
        }
    };
    let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
    run.state = State::Completed;
    run.progress = 100;
    run.feasible_pairs = outcome.feasible_pairs;
    run.pairs = count(outcome.made.len());
    run.unmatched = count(outcome.unmatched.len());
    run.total_score = outcome.solved.total;
    run.bound = outcome.solved.bound;
    run.value = outcome.solved.value;
    run.result_digest = digest(&outcome.result);
    let scores = Scores::new(&outcome.snapshot);
    store::put_result(tx, id, &scores, (&outcome.made, &outcome.unmatched), &outcome.result).await?;
    store::save(tx, &run).await?;
    let (program, pairs, unmatched, total_score) = (run.program, run.pairs, run.unmatched, run.total_score);
    DomainEvent::RunCompleted { run: id, program, pairs, unmatched, total_score }.emit(tx);
    Ok(())
}
