//! The broker goes and comes back under load.

use crate::{
    load::{BACKLOG, RECOVERY, Stand, at_work, flows_again, round, rounds},
    seed::Dice,
};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};
use testkit::{
    Fault, TestDatabase, eventually,
    servers::{Private, Server},
};
use tests::{
    audit::Auditor,
    process::{Fleet, Servers},
};

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rabbitmq_itself_is_killed_and_stopped_under_load() {
    let mut dice = Dice::new("rabbitmq_itself_is_killed_and_stopped_under_load");
    let mut rabbitmq = Private::start(Server::RabbitMq).await;
    let database = TestDatabase::empty().await;
    let mut servers = Servers::shared(&database.url()).await;
    servers.rabbitmq = rabbitmq.url().to_owned();
    let mut fleet = Fleet::prepare(&servers).await;
    let auditor = Auditor::begin(database.pool().clone(), fleet.tenant).await;
    fleet.start_all().await;
    let (stage, stop) = (fleet.stage(), AtomicBool::new(false));
    let faults = async {
        for fault in 0..3 {
            at_work(&auditor, &mut dice).await;
            if fault == 1 {
                rabbitmq.stop().await;
            } else {
                rabbitmq.kill();
            }
            let began = Instant::now();
            rabbitmq.run().await;
            let started = began.elapsed();
            println!(
                "RabbitMQ answers after {started:?}; events flow {:?} later",
                flows_again(&auditor).await
            );
        }
        stop.store(true, Ordering::Relaxed);
    };
    let (done, ()) = tokio::join!(rounds(&stage, &auditor, 0, &stop), faults);
    println!("{done} rounds");
    auditor.satisfied(RECOVERY).await;
    fleet.stop().await;
}
