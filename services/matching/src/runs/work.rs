//! The work of a run: scored and solved on a thread of its own, watched from outside. Knows no database.

use super::explain::{self, Made, Unmatched};
use super::found::Found;
use super::snapshot::{Scores, Snapshot};
use super::solver::{Control, Instance, Solved, Solver, Step, Unsolved};
use kernel::{Error, Result};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// How far a worker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) percent: i32,
    pub(crate) phase: &'static str,
    /// Repetition of the phase, from 1; 0 when it does not repeat.
    pub(crate) round: i32,
    /// What nothing can exceed, and how far the result at hand may be from it, once known.
    pub(crate) proof: Option<(i64, i64)>,
}

impl Progress {
    /// A worker has the run in hand.
    pub(crate) const STARTING: Progress = Progress { percent: 0, phase: "starting", round: 0, proof: None };
}

/// How a worker and those who wait for it talk.
#[derive(Debug)]
pub(crate) struct Watcher {
    cancelled: AtomicBool,
    enough: AtomicBool,
    solving: Notify,
    progress: Mutex<Progress>,
}

impl Default for Watcher {
    fn default() -> Self {
        Watcher {
            cancelled: AtomicBool::new(false),
            enough: AtomicBool::new(false),
            solving: Notify::new(),
            progress: Mutex::new(Progress::STARTING),
        }
    }
}

impl Watcher {
    /// Asks the worker to give up.
    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Asks the worker for the best so far.
    pub(crate) fn enough(&self) {
        self.enough.store(true, Ordering::Relaxed);
    }

    /// Waits until everything is scored and the search begins.
    pub(crate) async fn solving(&self) {
        self.solving.notified().await;
    }

    /// How far the worker is.
    pub(crate) fn progress(&self) -> Progress {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say(&self, percent: i32, step: Step) {
        let mut at = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        // What is proven stays proven, whatever the worker does next.
        let (proof, old) = (step.proof, at.proof);
        let proof =
            proof.map(|(bound, gap)| old.map_or((bound, gap), |old| (bound.min(old.0), gap.min(old.1))));
        let percent = percent.max(at.percent);
        *at = Progress { percent, phase: step.phase, round: step.round, proof: proof.or(old) };
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}

/// Asks the worker to give up when whoever waits for it is dropped.
pub(crate) struct CancelOnDrop(pub(crate) Arc<Watcher>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
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
    pub(crate) found: Found,
}

/// Solves a stored snapshot on a thread of its own. A thread that panics or a snapshot that does not read is a run
/// without a result like any other: the next attempt would find the same.
pub(crate) async fn solve(
    solver: Arc<dyn Solver>,
    snapshot: Vec<u8>,
    watcher: Arc<Watcher>,
) -> Result<Outcome, Unsolved> {
    let work = tokio::task::spawn_blocking(move || run(&*solver, &snapshot, &watcher));
    work.await.unwrap_or_else(|error| {
        tracing::error!(%error, "solving a match run broke off");
        Err(Unsolved::Broken("solving broke off by an error of the program; its log says more"))
    })
}

/// Checks a stored result against its snapshot on a thread of its own.
///
/// # Errors
/// A record that does not read, or a thread that panicked.
pub(crate) async fn verify(solver: Arc<dyn Solver>, snapshot: Snapshot, solved: Solved) -> Result<bool> {
    let work = tokio::task::spawn_blocking(move || {
        let instance = Instance::new(&Scores::new(&snapshot), &|_| false);
        instance.is_some_and(|instance| solver.verify(&instance, &solved).is_ok())
    });
    work.await.map_err(Error::internal)
}

fn run(solver: &dyn Solver, snapshot: &[u8], watcher: &Watcher) -> Result<Outcome, Unsolved> {
    let snapshot: Snapshot = serde_json::from_slice(snapshot).map_err(unreadable)?;
    let plain = |phase| Step { phase, round: 0, proof: None };
    watcher.say(5, plain("scoring"));
    let scores = Scores::new(&snapshot);
    let mentees = snapshot.mentees.len().max(1);
    let scored = |done: usize| {
        watcher.say(i32::try_from(5 + done * 35 / mentees).unwrap_or(5), plain("scoring"));
        watcher.is_cancelled()
    };
    let instance = Instance::new(&scores, &scored).ok_or(Unsolved::Cancelled)?;
    watcher.say(40, plain("solving"));
    watcher.solving.notify_one();
    let control = Control {
        cancelled: &|| watcher.is_cancelled(),
        enough: &|| watcher.enough.load(Ordering::Relaxed),
        progress: &|step| watcher.say(if step.phase == "verifying" { 80 } else { 60 }, step),
    };
    let solved = solver.solve(&instance, &control)?;
    watcher.say(90, plain("ranking"));
    let (made, unmatched) = explain::result(&scores, &instance, &solved);
    let result = serde_json::to_vec(&solved).map_err(unreadable)?;
    let feasible_pairs = i64::try_from(instance.pairs.len()).unwrap_or(i64::MAX);
    let found = Found::new(&scores, &solved);
    drop(scores);
    Ok(Outcome { snapshot, solved, result, feasible_pairs, made, unmatched, found })
}

fn unreadable(error: serde_json::Error) -> Unsolved {
    tracing::error!(%error, "the record of a match run does not read");
    Unsolved::Broken("the stored record of the run does not read; the program's log says more")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runs::snapshot::tests::snapshot;
    use crate::runs::solver::Exact;

    /// Solves nothing until it is told to stop.
    struct Slow;

    impl Solver for Slow {
        fn solve(&self, _: &Instance, control: &Control<'_>) -> Result<Solved, Unsolved> {
            (control.progress)(Step { phase: "auction", round: 3, proof: Some((100, 7)) });
            (control.progress)(Step { phase: "waiting", round: 1, proof: Some((110, 9)) });
            while !(control.cancelled)() {
                if (control.enough)() {
                    return Ok(Solved::default());
                }
                std::thread::yield_now();
            }
            Err(Unsolved::Cancelled)
        }

        fn verify(&self, _: &Instance, _: &Solved) -> Result<(), Unsolved> {
            Ok(())
        }
    }

    fn bytes() -> Vec<u8> {
        serde_json::to_vec(&snapshot(3, &[1, 2])).expect("a snapshot serialises")
    }

    #[tokio::test]
    async fn a_worker_stops_when_nobody_waits_for_it_any_more() {
        let watcher = Arc::new(Watcher::default());
        let guard = CancelOnDrop(watcher.clone());
        let work = tokio::spawn(solve(Arc::new(Slow), bytes(), watcher.clone()));
        while watcher.progress().phase != "waiting" {
            tokio::task::yield_now().await;
        }
        let best = Progress { percent: 60, phase: "waiting", round: 1, proof: Some((100, 7)) };
        assert_eq!(watcher.progress(), best, "what was proven stays proven");
        drop(guard);
        assert_eq!(work.await.expect("the task ends").err(), Some(Unsolved::Cancelled));
    }

    #[tokio::test]
    async fn a_worker_gives_the_best_so_far_when_its_time_is_over() {
        let watcher = Arc::new(Watcher::default());
        let work = tokio::spawn(solve(Arc::new(Slow), bytes(), watcher.clone()));
        watcher.solving().await;
        watcher.enough();
        let outcome = work.await.expect("the task ends").expect("there is a best so far");
        assert_eq!(outcome.unmatched.len(), 3);
    }

    #[tokio::test]
    async fn the_same_snapshot_gives_the_same_bytes() {
        let first = solve(Arc::new(Exact), bytes(), Arc::default()).await.expect("solved");
        let second = solve(Arc::new(Exact), bytes(), Arc::default()).await.expect("solved");
        assert_eq!((&first.result, first.made.len()), (&second.result, 3));
        let broken = solve(Arc::new(Exact), b"{}".to_vec(), Arc::default()).await.err();
        assert!(matches!(broken, Some(Unsolved::Broken(_))), "no snapshot: {broken:?}");
    }

    #[tokio::test]
    async fn a_stored_result_is_checked_against_its_snapshot() {
        let Outcome { snapshot, mut solved, .. } =
            solve(Arc::new(Exact), bytes(), Arc::default()).await.expect("solved");
        assert!(verify(Arc::new(Exact), snapshot.clone(), solved.clone()).await.expect("checked"));
        solved.bound -= 1;
        assert!(!verify(Arc::new(Exact), snapshot, solved).await.expect("checked"), "a planted bound");
    }
}
