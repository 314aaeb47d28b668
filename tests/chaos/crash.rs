//! A process ends between commit and publish, and at any other moment.

use crate::{
    load::{RECOVERY, Stand, round, rounds, taker},
    seed::Dice,
};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use testkit::{Fault, eventually};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_between_commit_and_publish() {
    let mut stand = Stand::start().await;
    round(&stand.stage, 0).await;
    stand.auditor.satisfied(RECOVERY).await;
    // Without a broker a commit stays unpublished for sure.
    stand.broker.set(Fault::Cut);
    round(&stand.stage, 1).await;
    let waiting = stand.auditor.unpublished("enrollment").await;
    assert!(waiting > 0, "the change was committed with its events");
    stand.fleet.kill("enrollment");
    stand.broker.set(Fault::None);
    assert_eq!(stand.auditor.unpublished("enrollment").await, waiting, "nobody else publishes them");
    stand.fleet.start("enrollment").await;
    stand.auditor.satisfied(RECOVERY).await;
    stand.fleet.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment() {
    let mut dice = Dice::new("killed_at_any_moment");
    let mut stand = Stand::start().await;
    let stop = AtomicBool::new(false);
    let (stage, auditor, fleet) = (&stand.stage, &stand.auditor, &mut stand.fleet);
    let faults = async {
        for kill in 0..6 {
            // Somewhere in the middle of what is published meanwhile.
            let more =
                auditor.published("enrollment").await + i64::try_from(1 + dice.below(60)).expect("small");
            eventually!(Duration::from_secs(60), auditor.published("enrollment").await >= more);
            let victim = if kill % 2 == 0 { "enrollment" } else { taker(dice.below(3)) };
            fleet.kill(victim);
            fleet.start(victim).await;
        }
        stop.store(true, Ordering::Relaxed);
    };
    let (done, ()) = tokio::join!(rounds(stage, auditor, 0, &stop), faults);
    println!("{done} rounds");
    stand.auditor.satisfied(RECOVERY).await;
    stand.fleet.stop().await;
}
