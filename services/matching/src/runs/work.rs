//! The work of a run: scored and solved on a thread of its own, watched from outside. Knows no database.

use super::explain::{self, Made, Unmatched};
use super::snapshot::{Scores, Snapshot};
use super::solver::{Control, Instance, Solved, Solver, Unsolved};
use kernel::{Error, Result};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// How a worker and those who wait for it talk.
#[derive(Debug, Default)]
pub(crate) struct Watcher {
    stop: AtomicBool,
    progress: AtomicI32,
    phase: Mutex<String>,
}

impl Watcher {
    /// Asks the worker to give up.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Percent done and what is being done.
    pub(crate) fn progress(&self) -> (i32, String) {
        let phase = self.phase.lock().unwrap_or_else(PoisonError::into_inner).clone();
        (self.progress.load(Ordering::Relaxed), phase)
    }

    fn say(&self, progress: i32, phase: String) {
        self.progress.fetch_max(progress, Ordering::Relaxed);
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = phase;
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// Asks the worker to give up when whoever waits for it is dropped.
pub(crate) struct StopOnDrop(pub(crate) Arc<Watcher>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// A solved run.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) snapshot: Snapshot,
    pub(crate) solved: Solved,
    /// The result as it is stored.
    pub(crate) result: Vec<u8>,
    pub(crate) feasible_pairs: i64,
    pub(crate) made: Vec<Made>,
    pub(crate) unmatched: Vec<Unmatched>,
}

/// Solves a stored snapshot on a thread of its own.
///
/// # Errors
/// A snapshot that does not read, or a thread that panicked. Why there is no result is the inner error.
pub(crate) async fn solve(
    solver: Arc<dyn Solver>,
    snapshot: Vec<u8>,
    watcher: Arc<Watcher>,
) -> Result<Result<Outcome, Unsolved>> {
    let work = tokio::task::spawn_blocking(move || {
        let snapshot: Snapshot = serde_json::from_slice(&snapshot).map_err(Error::internal)?;
        run(&*solver, snapshot, &watcher)
    });
    work.await.map_err(Error::internal)?
}

fn run(solver: &dyn Solver, snapshot: Snapshot, watcher: &Watcher) -> Result<Result<Outcome, Unsolved>> {
    let stop = || watcher.stopped();
    watcher.say(5, "scoring".to_owned());
    let scores = Scores::new(&snapshot);
    let Some(instance) = Instance::new(&scores, &stop) else { return Ok(Err(Unsolved::Stopped)) };
    watcher.say(40, "solving".to_owned());
    let control = Control { stop: &stop, progress: &|phase| watcher.say(60, phase) };
    let solved = match solver.solve(&instance, &control) {
        Ok(solved) => solved,
        Err(unsolved) => return Ok(Err(unsolved)),
    };
    watcher.say(90, "ranking".to_owned());
    let (made, unmatched) = explain::result(&scores, &instance, &solved);
    let result = serde_json::to_vec(&solved).map_err(Error::internal)?;
    let feasible_pairs = i64::try_from(instance.pairs.len()).unwrap_or(i64::MAX);
    drop(scores);
    Ok(Ok(Outcome { snapshot, solved, result, feasible_pairs, made, unmatched }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runs::snapshot::tests::snapshot;

    /// Solves nothing until it is told to stop.
    struct Slow;

    impl Solver for Slow {
        fn solve(&self, _: &Instance, control: &Control<'_>) -> Result<Solved, Unsolved> {
            (control.progress)("waiting".to_owned());
            while !(control.stop)() {
                std::thread::yield_now();
            }
            Err(Unsolved::Stopped)
        }
    }

    fn bytes() -> Vec<u8> {
        serde_json::to_vec(&snapshot(3, &[1, 2])).expect("a snapshot serialises")
    }

    #[tokio::test]
    async fn a_worker_stops_when_nobody_waits_for_it_any_more() {
        let watcher = Arc::new(Watcher::default());
        let guard = StopOnDrop(watcher.clone());
        let work = tokio::spawn(solve(Arc::new(Slow), bytes(), watcher.clone()));
        while watcher.progress().1 != "waiting" {
            tokio::task::yield_now().await;
        }
        drop(guard);
        let outcome = work.await.expect("the task ends").expect("the snapshot reads");
        assert_eq!(outcome.err(), Some(Unsolved::Stopped));
    }

    #[tokio::test]
    async fn the_same_snapshot_gives_the_same_bytes() {
        let exact = || Arc::new(crate::runs::solver::Exact);
        let first = solve(exact(), bytes(), Arc::default()).await.expect("reads").expect("solved");
        let second = solve(exact(), bytes(), Arc::default()).await.expect("reads").expect("solved");
        assert_eq!((first.result, first.made.len()), (second.result, 3));
        assert!(solve(exact(), b"{}".to_vec(), Arc::default()).await.is_err(), "no snapshot");
    }
}
