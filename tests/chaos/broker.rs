//! The broker goes and comes back under load.

use crate::{
    load::{BACKLOG, RECOVERY, Stand, round, rounds},
    seed::Dice,
};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use testkit::{Fault, eventually};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_broker_is_away_under_load() {
    let mut dice = Dice::new("the_broker_is_away_under_load");
    let mut stand = Stand::start().await;
    round(&stand.stage, 0).await;
    let stop = AtomicBool::new(false);
    let (stage, auditor, broker) = (&stand.stage, &stand.auditor, &stand.broker);
    let faults = async {
        let mut weather = [Fault::Cut, Fault::Reset, Fault::Hang, Fault::Cut, Fault::Reset];
        dice.shuffle(&mut weather);
        for fault in weather {
            broker.set(fault);
            // The services go on, until the load itself waits: the changes stay in the outbox.
            let full =
                async || auditor.unpublished("enrollment").await > 40 || auditor.backlog().await >= BACKLOG;
            eventually!(Duration::from_secs(30), full().await);
            broker.set(Fault::None);
            let more = auditor.published("enrollment").await + 20;
            eventually!(Duration::from_secs(60), auditor.published("enrollment").await >= more);
        }
        stop.store(true, Ordering::Relaxed);
    };
    let (done, ()) = tokio::join!(rounds(stage, auditor, 1, &stop), faults);
    println!("{done} rounds");
    stand.auditor.satisfied(RECOVERY).await;
    stand.fleet.stop().await;
}
