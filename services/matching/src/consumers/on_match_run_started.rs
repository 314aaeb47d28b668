//! Solves a run. The event is taken by any replica; when its process dies, the event comes again and another
//! one solves the stored snapshot to the same result.

use crate::runs::figures;
use crate::runs::run::{Run, State, digest};
use crate::runs::snapshot::Scores;
use crate::runs::solver::Unsolved;
use crate::runs::store;
use crate::runs::work::{self, CancelOnDrop, Outcome, Progress, Watcher};
use crate::{Matching, events::DomainEvent};
use contracts::mentor::matching::events::v1::MatchRunStarted;
use kernel::{Context, Result, Uuid, parse_id};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use storage::Tx;
use tokio::time::Instant;

/// How often the row is told of progress and asked whether the run was cancelled.
const PERIOD: Duration = Duration::from_millis(250);
/// Periods after which the waiting transaction of the event gives a sign of life: the server ends idle ones.
const KEEP_ALIVE: u64 = 40;

/// The run's row has transactions of its own: it can be watched while this one waits, and a result is there at once,
/// also when other events share this one. The row's state keeps a second solver from a second result.
pub(crate) async fn handle(service: &Matching, tx: &mut Tx, event: MatchRunStarted) -> Result<()> {
    let id = parse_id("run_id", &event.run_id)?;
    let ctx = tx.ctx().clone();
    if !report(service, &ctx, id, Progress::STARTING).await? {
        return Ok(());
    }
    let limit = store::get(tx, id).await?.terms.time_limit;
    let Some(snapshot) = store::snapshot_bytes(tx, id).await? else { return Ok(()) };
    tracing::info!(run.id = %id, "solving a match run");
    let began = Instant::now();
    let watcher = Arc::new(Watcher::default());
    let guard = CancelOnDrop(watcher.clone());
    let solving = work::solve(service.solver(), snapshot, watcher.clone());
    let outcome = tokio::select! {
        outcome = solving => outcome,
        ended = tell(service, tx, id, &watcher) => return ended,
        never = hurry(limit, &watcher) => match never {},
    };
    drop(guard);
    if let Some(run) = finish(service, &ctx, id, outcome).await? {
        figures::record(&run, began.elapsed());
    }
    Ok(())
}

/// Tells the row of progress until the run is not to be solved any more.
///
/// # Errors
/// The event's transaction is lost: the event comes again, and this work is for nothing.
async fn tell(service: &Matching, tx: &mut Tx, id: Uuid, watcher: &Watcher) -> Result<()> {
    let ctx = tx.ctx().clone();
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.tick().await;
    for tick in 1u64.. {
        ticks.tick().await;
        if tick.is_multiple_of(KEEP_ALIVE) {
            store::keep_alive(tx).await?;
        }
        match report(service, &ctx, id, watcher.progress()).await {
            Ok(true) => {}
            Ok(false) => break,
            // Progress may be lost; the result is what counts.
            Err(error) => tracing::warn!(run.id = %id, %error, "progress of a match run was not stored"),
        }
    }
    Ok(())
}

/// Asks for the best so far once the search has taken its time.
async fn hurry(limit: Option<Duration>, watcher: &Watcher) -> Infallible {
    watcher.solving().await;
    if let Some(limit) = limit {
        tokio::time::sleep(limit).await;
        watcher.enough();
    }
    std::future::pending().await
}

async fn report(service: &Matching, ctx: &Context, id: Uuid, progress: Progress) -> Result<bool> {
    let mut tx = service.db().write(ctx).await?;
    let pending = store::report(&mut tx, id, progress).await?;
    tx.commit().await?;
    Ok(pending)
}

/// The run as it ended, unless it was cancelled meanwhile.
async fn finish(
    service: &Matching,
    ctx: &Context,
    id: Uuid,
    outcome: Result<Outcome, Unsolved>,
) -> Result<Option<Run>> {
    let mut tx = service.db().write(ctx).await?;
    let mut run = store::lock(&mut tx, id).await?;
    if !run.state.is_pending() {
        return Ok(None);
    }
    run.finished_at = Some(service.db().clock().now());
    run.phase.clear();
    run.round = 0;
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(unsolved) => {
            run.state = State::Failed;
            run.failure = unsolved.sentence();
            store::save(&mut tx, &run).await?;
            DomainEvent::RunFailed(&run).emit(&mut tx);
            tx.commit().await?;
            return Ok(Some(run));
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
    run.gap = outcome.solved.gap();
    run.found = Some(outcome.found);
    run.result_digest = digest(&outcome.result);
    let scores = Scores::new(&outcome.snapshot);
    store::put_result(&mut tx, id, &scores, (&outcome.made, &outcome.unmatched), &outcome.result).await?;
    store::save(&mut tx, &run).await?;
    DomainEvent::RunCompleted(&run).emit(&mut tx);
    tx.commit().await?;
    Ok(Some(run))
}
