//! The same work for many people on several threads; the answer does not depend on how many.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::Control;

/// People a thread takes at a time.
const BATCH: usize = 128;

/// Does the work for everybody, in their order. `None` if the caller stopped it.
pub(crate) fn on_all_threads<S, T: Send>(
    people: &[u32],
    threads: usize,
    control: &Control<'_>,
    scratch: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, u32) -> T + Sync,
) -> Option<Vec<T>> {
    let next = AtomicUsize::new(0);
    let take = || {
        let mut scratch = scratch();
        let mut done = Vec::new();
        loop {
            let from = next.fetch_add(BATCH, Ordering::Relaxed);
            if from >= people.len() || control.stopped() {
                return done;
            }
            let batch = &people[from..(from + BATCH).min(people.len())];
            done.push((from, batch.iter().map(|&person| work(&mut scratch, person)).collect::<Vec<T>>()));
        }
    };
    let helpers = threads.min(people.len().div_ceil(BATCH));
    let mut batches = std::thread::scope(|scope| {
        let workers: Vec<_> = (1..helpers).map(|_| scope.spawn(take)).collect();
        let mut batches = take();
        for worker in workers {
            match worker.join() {
                Ok(done) => batches.extend(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        batches
    });
    batches.sort_unstable_by_key(|&(from, _)| from);
    let results: Vec<T> = batches.into_iter().flat_map(|(_, results)| results).collect();
    (results.len() == people.len()).then_some(results)
}
