//! Work for the services, repeated by its request id until it is done: the client of an outage.

use crate::seed::Dice;
use contracts::mentor::enrollment::v1::{ImportMode, PersonRow};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};
use testkit::{FaultProxy, TestDatabase, eventually, servers};
use tests::{
    audit::Auditor,
    process::{Fleet, SERVICES, Servers},
    stage::Stage,
};
use tonic::{Code, Status};

/// People whose every change is an event that three services apply.
const PEOPLE: usize = 25;
/// Changes that may wait to be applied.
pub(crate) const BACKLOG: i64 = 1000;
/// How long a server may take to start on a busy machine: what only waits for it is no fault of the services.
const STARTING: Duration = Duration::from_secs(180);
/// How long a client repeats a call.
const PERSISTENCE: Duration = Duration::from_secs(60);
/// How long after the last fault everything must be in order again.
pub(crate) const RECOVERY: Duration = Duration::from_secs(40);

/// How long after a server answers again, or a process serves again, events must flow again.
const FLOWING: Duration = Duration::from_secs(10);

/// Waits until every service that takes events has applied another one, and gives the time that took. Nobody lends a
/// hand.
pub(crate) async fn flows_again(auditor: &Auditor) -> Duration {
    let began = Instant::now();
    let before = eventually!(FLOWING, auditor.applied().await);
    eventually!(FLOWING, {
        let now = auditor.applied().await;
        now.is_some_and(|now| now.iter().zip(before).all(|(now, before)| *now > before))
    });
    let took = began.elapsed();
    assert!(took <= FLOWING, "events flow again after {took:?} only");
    took
}

/// Waits until a few more events are published: the next fault meets the services at work.
pub(crate) async fn at_work(auditor: &Auditor, dice: &mut Dice) {
    let more = auditor.published("enrollment").await + i64::try_from(1 + dice.below(60)).expect("small");
    eventually!(Duration::from_secs(60), auditor.published("enrollment").await >= more);
}

/// All services on the shared Postgres and Redis, with a proxy before the broker.
pub(crate) struct Stand {
    pub(crate) fleet: Fleet,
    pub(crate) stage: Stage<'static>,
    pub(crate) auditor: Auditor,
    pub(crate) broker: FaultProxy,
    _database: TestDatabase,
}

impl Stand {
    pub(crate) async fn start() -> Stand {
        let database = TestDatabase::empty().await;
        let mut servers = Servers::shared(&database.url()).await;
        let broker = before(&servers.rabbitmq).await;
        servers.rabbitmq = broker.url(&servers.rabbitmq);
        let mut fleet = Fleet::prepare(&servers).await;
        let auditor = Auditor::begin(database.pool().clone(), fleet.tenant).await;
        fleet.start_all().await;
        let stage = fleet.stage();
        Stand { fleet, stage, auditor, broker, _database: database }
    }
}

/// A proxy before a server.
pub(crate) async fn before(url: &str) -> FaultProxy {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    FaultProxy::to(authority.rsplit_once('@').map_or(authority, |(_, host)| host)).await
}

/// A pool of the auditor's own on a private Postgres.
pub(crate) fn pool(url: &str) -> sqlx::PgPool {
    let options =
        sqlx::postgres::PgPoolOptions::new().max_connections(2).acquire_timeout(Duration::from_secs(5));
    options.connect_lazy(url).expect("a URL of our own making")
}

/// The URLs of the shared servers, to be changed.
pub(crate) async fn shared(postgres: &str) -> Servers {
    Servers {
        postgres: postgres.to_owned(),
        rabbitmq: servers::rabbitmq().await,
        redis: servers::redis().await,
    }
}

fn rows(round: usize) -> Vec<PersonRow> {
    let label = format!("r{round}");
    let row = |n| PersonRow {
        external_id: format!("p{n}"),
        display_name: label.clone(),
        job_title: "Clerk".to_owned(),
        unit: label.clone(),
        ..PersonRow::default()
    };
    (0..PEOPLE).map(row).collect()
}

/// Changes everybody once. Repeats the call under the same request id whatever stands in between; the answer must be
/// that everybody was changed, exactly once.
pub(crate) async fn round(stage: &Stage<'_>, round: usize) {
    let request_id = stage.request_id();
    let summary = eventually!(PERSISTENCE, {
        match stage.try_import(request_id.clone(), ImportMode::Delta, rows(round)).await {
            Ok(summary) => Some(summary),
            Err(status) if worth_repeating(&status) => None,
            Err(status) => panic!("round {round}: {status}"),
        }
    });
    let changed = summary.created + summary.updated;
    assert_eq!(usize::try_from(changed), Ok(PEOPLE), "round {round}: {summary:?}");
}

/// The connection was lost, or the answer says to try again.
fn worth_repeating(status: &Status) -> bool {
    let reason = grpc::from_status(status.clone()).reason;
    matches!(
        status.code(),
        Code::Unavailable | Code::Aborted | Code::ResourceExhausted | Code::DeadlineExceeded
    ) || matches!(status.code(), Code::Unknown | Code::Cancelled)
        || (status.code() == Code::Internal && status.details().is_empty())
        || reason == "IMPORT_RUNNING"
}

/// Rounds until told to stop; returns how many there were. No faster than the slowest service keeps up, give or take
/// [`BACKLOG`]: the faults are under test, not the speed.
pub(crate) async fn rounds(stage: &Stage<'_>, auditor: &Auditor, first: usize, stop: &AtomicBool) -> usize {
    let mut done = first;
    while !stop.load(Ordering::Relaxed) {
        eventually!(STARTING, stop.load(Ordering::Relaxed) || auditor.backlog().await < BACKLOG);
        round(stage, done).await;
        done += 1;
    }
    done
}

/// Another service than the one that takes the load.
pub(crate) fn taker(number: usize) -> &'static str {
    SERVICES[1 + number % (SERVICES.len() - 1)]
}
