//! Postgres crashes and is restarted under load.

use crate::{
    load::{RECOVERY, pool, rounds, shared},
    seed::Dice,
};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use testkit::{
    eventually,
    servers::{Private, Server},
};
use tests::{audit::Auditor, process::Fleet};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_is_restarted_under_load() {
    let mut dice = Dice::new("postgres_is_restarted_under_load");
    let mut postgres = Private::start(Server::Postgres).await;
    let mut fleet = Fleet::prepare(&shared(postgres.url()).await).await;
    let auditor = Auditor::begin(pool(postgres.url()), fleet.tenant).await;
    fleet.start_all().await;
    let (stage, stop) = (fleet.stage(), AtomicBool::new(false));
    let faults = async {
        for crash in 0..3 {
            let more =
                auditor.published("enrollment").await + i64::try_from(1 + dice.below(60)).expect("small");
            eventually!(Duration::from_secs(60), auditor.published("enrollment").await >= more);
            if crash % 2 == 0 {
                postgres.kill();
            } else {
                postgres.stop().await;
            }
            postgres.run().await;
        }
        stop.store(true, Ordering::Relaxed);
    };
    let (done, ()) = tokio::join!(rounds(&stage, &auditor, 0, &stop), faults);
    println!("{done} rounds");
    auditor.satisfied(RECOVERY).await;
    fleet.stop().await;
}
