//! Postgres crashes and is restarted under load, ends its connections, and is crowded by others'.

use crate::{
    load::{RECOVERY, at_work, flows_again, pool, rounds, shared},
    seed::Dice,
};
use sqlx::{Connection, PgConnection, PgPool};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use testkit::servers::{Private, Server};
use tests::{
    audit::Auditor,
    process::{Fleet, SERVICES},
};

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
            at_work(&auditor, &mut dice).await;
            if crash % 2 == 0 {
                postgres.kill();
            } else {
                postgres.stop().await;
            }
            postgres.run().await;
            println!("events flow again after {:?}", flows_again(&auditor).await);
        }
        stop.store(true, Ordering::Relaxed);
    };
    let (done, ()) = tokio::join!(rounds(&stage, &auditor, 0, &stop), faults);
    println!("{done} rounds");
    auditor.satisfied(RECOVERY).await;
    fleet.stop().await;
}

/// Connections that do nothing but be there.
pub(crate) async fn crowd(url: &str) -> Vec<PgConnection> {
    let mut idle = Vec::new();
    for _ in 0..300 {
        idle.push(PgConnection::connect(url).await.expect("there is room for 400"));
    }
    idle
}

/// Ends every connection of the services, once a second, so many times. Returns how many were ended.
pub(crate) async fn terminations(pool: &PgPool, times: u32) -> i64 {
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    let mut ended = 0;
    for _ in 0..times {
        seconds.tick().await;
        let sql = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                   where usename = any($1) and backend_type = 'client backend'";
        let roles = SERVICES.map(str::to_owned).to_vec();
        ended +=
            sqlx::query_scalar::<_, i64>(sql).bind(roles).fetch_one(pool).await.expect("the superuser may");
    }
    ended
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_end_every_second_between_300_idle_ones() {
    let mut dice = Dice::new("connections_end_every_second_between_300_idle_ones");
    let postgres = Private::start(Server::Postgres).await;
    let mut fleet = Fleet::prepare(&shared(postgres.url()).await).await;
    let auditor = Auditor::begin(pool(postgres.url()), fleet.tenant).await;
    fleet.start_all().await;
    let idle = crowd(postgres.url()).await;
    let (stage, stop) = (fleet.stage(), AtomicBool::new(false));
    let faults = async {
        at_work(&auditor, &mut dice).await;
        let ended = terminations(&pool(postgres.url()), 10).await;
        assert!(ended > 10, "{ended} connections were ended, which is no fault to speak of");
        println!("{ended} connections ended; events flow again after {:?}", flows_again(&auditor).await);
        stop.store(true, Ordering::Relaxed);
    };
    let (done, ()) = tokio::join!(rounds(&stage, &auditor, 0, &stop), faults);
    println!("{done} rounds between {} idle connections", idle.len());
    auditor.satisfied(RECOVERY).await;
    fleet.stop().await;
}
