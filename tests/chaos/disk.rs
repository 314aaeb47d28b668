//! Disks are full, and have room again. Under Postgres first files can't grow, then not even its log; RabbitMQ holds
//! publishers back before it is too late.

use crate::{
    load::{RECOVERY, at_work, flows_again, pool, rounds, shared},
    seed::Dice,
};
use contracts::mentor::enrollment::v1::{
    CreateProgramRequest, ListProgramsRequest, ProgramSpec, program_service_client::ProgramServiceClient,
};
use grpc::{Channel, Client, StaticToken};
use kernel::{Clock, Error, Role, SystemClock};
use sqlx::PgPool;
use std::{
    net::SocketAddr,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use testkit::{
    TestDatabase, eventually,
    servers::{Private, Server},
};
use tests::{
    audit::Auditor,
    disk::SmallDisk,
    process::{Fleet, START, Servers},
    prometheus::get,
};

const PATIENCE: Duration = Duration::from_secs(60);
const HTTP: (&str, &str) = ("MENTOR__TELEMETRY__LISTEN", "127.0.0.1:0");
/// RabbitMQ's alarm: with less room than so many bytes (its default) it takes nothing more.
const ALARM: u64 = 50_000_000;
const FULL: &str = "the database's disk is full: nothing is written until it has room; try again then";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_disk_of_postgres_is_full_and_has_room_again() {
    let mut dice = Dice::new("the_disk_of_postgres_is_full_and_has_room_again");
    let disk = SmallDisk::mount();
    let mut postgres = Private::start_below(Server::Postgres, disk.path()).await;
    let mut fleet = Fleet::prepare(&shared(postgres.url()).await).await;
    let auditor = Auditor::begin(pool(postgres.url()), fleet.tenant).await;
    fleet.start_all().await;
    let (stage, stop) = (fleet.stage(), AtomicBool::new(false));
    let faults = async {
        let channel = channel(&fleet, fleet.address("enrollment"));
        at_work(&auditor, &mut dice).await;
        room_in_the_log(&pool(postgres.url())).await;
        disk.fill_up_to(0);
        let refusal = eventually!(PATIENCE, create(&channel).await.err());
        assert_eq!((refusal.reason, &*refusal.message), ("DEPENDENCY_UNAVAILABLE", FULL));
        assert!(refusal.retry_after.is_some(), "and says when to try again");
        list(&channel).await.expect("what is there is read");
        assert!(fleet.log("enrollment").contains("No space left on device"), "the log has the cause");
        disk.clear();
        eventually!(PATIENCE, create(&channel).await.is_ok());
        println!("events flow again after {:?}", flows_again(&auditor).await);

        // Not even the log can be written: Postgres itself ends.
        at_work(&auditor, &mut dice).await;
        disk.fill_up_to(0);
        crash(&pool(postgres.url())).await;
        let mut late = fleet.launch("enrollment", &[HTTP]);
        let pages = late.listening().await.expect("serves probes");
        let expected = "not ready: setting database.url names";
        eventually!(START, get(pages, "/readyz", "*/*").contains(expected));
        let refusal = eventually!(PATIENCE, create(&channel).await.err());
        assert_eq!(refusal.reason, "DEPENDENCY_UNAVAILABLE", "{refusal:?}");
        disk.clear();
        postgres.kill();
        postgres.run().await;
        println!("events flow again after {:?}", flows_again(&auditor).await);
        late.ready().await;
        late.terminate();
        late.ended_well(START).await;
        stop.store(true, Ordering::Relaxed);
    };
    let (done, ()) = tokio::join!(rounds(&stage, &auditor, 0, &stop), faults);
    println!("{done} rounds");
    auditor.satisfied(RECOVERY).await;
    fleet.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_disk_of_rabbitmq_is_full_and_has_room_again() {
    let mut dice = Dice::new("the_disk_of_rabbitmq_is_full_and_has_room_again");
    let (disk, database) = (SmallDisk::mount(), TestDatabase::empty().await);
    let rabbitmq = Private::start_below(Server::RabbitMq, disk.path()).await;
    let mut servers = Servers::shared(&database.url()).await;
    servers.rabbitmq = rabbitmq.url().to_owned();
    let mut fleet = Fleet::prepare(&servers).await;
    let auditor = Auditor::begin(database.pool().clone(), fleet.tenant).await;
    fleet.start_all().await;
    let (stage, stop) = (fleet.stage(), AtomicBool::new(false));
    let faults = async {
        at_work(&auditor, &mut dice).await;
        disk.fill_up_to(ALARM / 2);
        eventually!(PATIENCE, fleet.log("enrollment").contains("is it in alarm for memory or disk?"));
        create(&channel(&fleet, fleet.address("enrollment"))).await.expect("calls are served as ever");
        assert!(auditor.unpublished("enrollment").await > 0, "what they change waits");
        disk.clear();
        at_work(&auditor, &mut dice).await;
        println!("events flow again after {:?}", flows_again(&auditor).await);
        stop.store(true, Ordering::Relaxed);
    };
    let (done, ()) = tokio::join!(rounds(&stage, &auditor, 0, &stop), faults);
    println!("{done} rounds");
    auditor.satisfied(RECOVERY).await;
    fleet.stop().await;
}

/// A new segment of the log, so that tables run out of room before it does.
async fn room_in_the_log(pool: &PgPool) {
    let sql = "select pg_switch_wal(); create table filler (n int); drop table filler";
    sqlx::raw_sql(sql).execute(pool).await.expect("the superuser may");
}

/// Asks for one segment of the log after the other until there is no room and the server ends.
async fn crash(pool: &PgPool) {
    let sql = "create table filler (n int); drop table filler; select pg_switch_wal()";
    eventually!(PATIENCE, sqlx::raw_sql(sql).execute(pool).await.is_err());
    eventually!(PATIENCE, sqlx::query("select 1").execute(pool).await.is_err());
}

/// Calls once: what is refused shall be seen.
fn channel(fleet: &Fleet, address: SocketAddr) -> Channel {
    let token = StaticToken(fleet.token(Role::ProgramManager, None));
    Client::of(vec![address]).expect("an address").token(token).attempts(1).build().expect("a channel")
}

async fn create(channel: &Channel) -> Result<(), Box<Error>> {
    let spec = ProgramSpec { name: "Leaders".to_owned(), ..ProgramSpec::default() };
    let request = CreateProgramRequest { request_id: SystemClock.new_id().to_string(), spec: Some(spec) };
    let answer = ProgramServiceClient::new(channel.clone()).create_program(request).await;
    answer.map(|_| ()).map_err(grpc::from_status)
}

async fn list(channel: &Channel) -> Result<(), Box<Error>> {
    let request = ListProgramsRequest { page_size: 1, ..Default::default() };
    let answer = ProgramServiceClient::new(channel.clone()).list_programs(request).await;
    answer.map(|_| ()).map_err(grpc::from_status)
}
