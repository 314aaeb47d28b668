//! Each alert of the chart fires by the fault it is for, in a real Prometheus; after that no panel of a dashboard is empty.

use crate::{edge_alerts, metrics::HTTP};
use contracts::mentor::{
    enrollment::v1::{
        GetProgramRequest, ImportMode, PersonRow, program_service_client::ProgramServiceClient,
    },
    matching::v1::{
        GetMatchRunRequest, MatchMode, MatchRunState, StartMatchRunRequest,
        run_service_client::RunServiceClient,
    },
    scheduling::v1::{ListMeetingsRequest, meeting_service_client::MeetingServiceClient},
};
use grpc::{Channel, Client, StaticToken};
use kernel::{Clock, Role, SystemClock};
use sqlx::{AssertSqlSafe, PgPool};
use std::{fs, net::SocketAddr, path::Path, process::Command, sync::Arc, time::Duration};
use testkit::{Fault, FaultProxy, TestDatabase, eventually};
use tests::{
    dashboards::panels,
    life::{PATIENCE, row},
    process::{Fleet, START, Servers},
    prometheus::Prometheus,
    seekers,
};
use tokio_util::task::AbortOnDropHandle;

/// The alerts of the chart.
fn alerts() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../helm/mentor/monitoring/alerts.yaml");
    fs::read_to_string(path).expect("the chart has alerts")
}

/// The chart's alerts, sixty times faster: minutes are seconds and hours minutes. Thresholds that are themselves times or
/// sizes of a large suite are brought down, each by its own text, so that a change of the rule is noticed here.
pub(crate) fn hurried() -> String {
    let mut rules = alerts();
    for (rule, here) in [
        ("mentor_outbox_age_seconds) > 60", "mentor_outbox_age_seconds) > 3"),
        ("mentor_outbox_pending) > 50000", "mentor_outbox_pending) > 5"),
        ("mentor_events_waiting) > 100", "mentor_events_waiting) > 0"),
        (
            "(increase(mentor_job_runs_total{outcome=\"failed\"}[1h])) >= 3",
            "(increase(mentor_job_runs_total{outcome=\"failed\"}[3h])) > 0",
        ),
        ("max(mentor_match_run_gap) > 0.01", "max(mentor_match_run_gap) > 0.0001"),
        // The sweep, which is hourly, is not waited for.
        (
            "mentor_job_last_success_timestamp_seconds) > 93600",
            "mentor_job_last_success_timestamp_seconds{job=\"refresh_deactivated\"}) > 65",
        ),
        ("mentor_match_run_seconds_count[30m])) > 600", "mentor_match_run_seconds_count[30m])) > 0.01"),
        (
            "mentor_match_run_seconds_count offset 30m) > 600",
            "mentor_match_run_seconds_count offset 30m) > 0.01",
        ),
        ("mentor_webhook_late_seconds) > 300", "mentor_webhook_late_seconds) > 3"),
        ("mentor_sync_oldest_seconds) > 7200", "mentor_sync_oldest_seconds) > 3"),
    ] {
        assert!(rules.contains(rule), "the chart's alerts have changed: {rule}");
        rules = rules.replace(rule, here);
    }
    for minutes in [1, 5, 10, 15, 30] {
        rules = rules.replace(&format!("[{minutes}m]"), &format!("[{}s]", minutes.max(2)));
        rules = rules.replace(&format!("for: {minutes}m\n"), &format!("for: {minutes}s\n"));
        rules = rules.replace(&format!("offset {minutes}m)"), &format!("offset {minutes}s)"));
    }
    for hours in [1, 3] {
        rules = rules.replace(&format!("[{hours}h]"), &format!("[{hours}m]"));
        rules = rules.replace(&format!("for: {hours}h\n"), &format!("for: {hours}m\n"));
        rules = rules.replace(&format!("offset {hours}h)"), &format!("offset {hours}m)"));
    }
    rules
}

/// Waits until all of these fire.
pub(crate) async fn fire(prometheus: &Prometheus, alerts: &[&str]) {
    let began = std::time::Instant::now();
    for alert in alerts {
        eventually!(START * 2, prometheus.firing().iter().any(|firing| firing == alert));
        println!("{alert} fires after {:.1} s", began.elapsed().as_secs_f64());
    }
}

/// Processes, their faults, and Prometheus.
struct Stand {
    fleet: Fleet,
    database: TestDatabase,
    prometheus: Prometheus,
    broker: FaultProxy,
    seen: Vec<String>,
}

impl Stand {
    /// Waits until all of these have fired.
    async fn fire(&mut self, alerts: &[&str]) {
        fire(&self.prometheus, alerts).await;
        self.seen.extend(alerts.iter().map(|alert| (*alert).to_owned()));
    }

    async fn sql(&self, sql: &str) {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
            .execute(self.database.pool())
            .await
            .expect("the superuser may");
    }
}

/// Those of match runs have a test of their own (so have those of the gateway's other doors).
const RUNS: [&str; 3] = ["MentorMatchRunFailed", "MentorMatchRunGap", "MentorMatchRunSlow"];
/// So have their panels.
const RUN_PANELS: [&str; 2] = ["Match runs by end", "Match runs: duration and gap"];

/// The panels of these dashboards that show nothing.
pub(crate) fn empty(prometheus: &Prometheus, boards: impl Fn(&str) -> bool) -> Vec<String> {
    let panels = panels().into_iter().filter(|panel| boards(&panel.board) && !panel.is_filled(prometheus));
    panels.map(|panel| panel.title).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn match_runs_without_time_and_with_damaged_input_fire_theirs() {
    let database = TestDatabase::empty().await;
    let fleet = Fleet::prepare(&Servers::shared(&database.url()).await).await;
    let prometheus = Prometheus::start(fleet.folder(), &hurried()).await;
    seekers::insert(database.pool(), fleet.tenant, 600, 150).await;
    let mut matching = fleet.launch("matching", &[HTTP]);
    prometheus.scrape(&[matching.ready().await.expect("serves metrics")]);
    let manager = StaticToken(fleet.token(Role::ProgramManager, None));
    let client = Client::of(vec![matching.address()]).expect("an address").token(manager);
    let mut runs = RunServiceClient::new(client.build().expect("a channel"));

    let run_id = start_run(&mut runs).await;
    let run = eventually!(START, {
        let request = GetMatchRunRequest { run_id: run_id.clone() };
        let run = runs.get_match_run(request).await.expect("is there").into_inner().run.expect("a run");
        Some(run).filter(|run| run.state() == MatchRunState::Completed)
    });
    assert!(run.gap.is_some_and(|gap| gap > 0), "it ended before its optimum was proven: {run:?}");
    fire(&prometheus, &RUNS[1..]).await;
    let damage = "create function matching.damage() returns trigger language plpgsql as
                  $$ begin new.snapshot = '\\xff'; return new; end $$;
                  create trigger damage before insert on matching.run_record
                  for each row execute function matching.damage()";
    sqlx::raw_sql(damage).execute(database.pool()).await.expect("the superuser may");
    start_run(&mut runs).await;
    fire(&prometheus, &RUNS[..1]).await;
    let empty = empty(&prometheus, |_| true);
    assert!(RUN_PANELS.iter().all(|panel| !empty.contains(&(*panel).to_owned())), "{empty:?}");
    matching.terminate();
    matching.ended_well(START).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_alert_fires_by_its_fault() {
    let database = TestDatabase::empty().await;
    let mut servers = Servers::shared(&database.url()).await;
    let (rabbitmq, redis) = (servers.rabbitmq.clone(), servers.redis.clone());
    let broker = before(&rabbitmq).await;
    servers.rabbitmq = broker.url(&rabbitmq);
    let fleet = Fleet::prepare(&servers).await;
    let prometheus = Prometheus::start(fleet.folder(), &hurried()).await;
    let mut stand = Stand { fleet, database, prometheus, broker, seen: Vec::new() };

    let tls = certificate(stand.fleet.folder());
    let small = [
        HTTP,
        ("MENTOR__DATABASE__MAX_CONNECTIONS", "4"),
        ("MENTOR__DATABASE__ACQUIRE_TIMEOUT", "300ms"),
        ("MENTOR__LIMITS__CALLS", "6"),
        ("MENTOR__LIMITS__LONGEST_CALL", "3s"),
        ("MENTOR__MESSAGING__CONFIRM_TIMEOUT", "2s"),
    ];
    let mut enrollment = stand.fleet.launch("enrollment", &small);
    let failing = [HTTP, ("MENTOR__MESSAGING__ATTEMPTS", "2"), ("MENTOR__MESSAGING__RETRY_FIRST", "500ms")];
    let mut matching = stand.fleet.launch("matching", &failing);
    let limited = [
        HTTP,
        ("MENTOR__LIMITS__CALLS_PER_SECOND", "1"),
        ("MENTOR__LIMITS__BURST", "1"),
        ("MENTOR__SERVER__TLS_CERTIFICATE_FILE", tls.0.as_str()),
        ("MENTOR__SERVER__TLS_KEY_FILE", tls.1.as_str()),
    ];
    let mut scheduling = stand.fleet.launch("scheduling", &limited);
    let mut spare = stand.fleet.launch("enrollment", &[HTTP]);
    let mut targets = Vec::new();
    for process in [&mut enrollment, &mut matching, &mut scheduling, &mut spare] {
        targets.push(process.ready().await.expect("serves metrics"));
    }
    stand.prometheus.scrape(&targets);
    let stage = Arc::new(stand.fleet.stage_at(enrollment.address()));
    stage.import(ImportMode::Snapshot, people(0)).await;
    let program = stage.program("Leaders").await;
    eventually!(PATIENCE, stand.prometheus.query("mentor_events_handled_total > 0")[0].is_object());
    assert_eq!(stand.prometheus.firing(), Vec::<String>::new(), "all is well");

    // A rollout that stops halfway, since nobody has run the next release's migration.
    let mut halfway = stand.fleet.launch("enrollment-next", &[HTTP]);
    targets.insert(3, halfway.listening().await.expect("serves probes"));

    // A process that never finds its database, and one that dies.
    let mut lost =
        stand.fleet.launch("evaluation", &[HTTP, ("MENTOR__DATABASE__URL", "postgres://127.0.0.1:9/none")]);
    targets.push(lost.listening().await.expect("serves probes"));
    stand.prometheus.scrape(&targets);
    spare.kill();
    stand.fire(&["MentorDown", "MentorNotReady"]).await;
    drop(lost);
    targets.truncate(4);
    stand.prometheus.scrape(&targets);

    // The broker is away.
    stand.broker.set(Fault::Cut);
    stage.import(ImportMode::Delta, people(1)).await;
    stand.fire(&["MentorOutboxOld", "MentorOutboxDeep", "MentorRelayFailing"]).await;
    stand.broker.set(Fault::None);

    // A consumer that waits for somebody's lock, again and again.
    let locking = locks(stand.database.pool().clone());
    let writing = every(Duration::from_millis(500), {
        let stage = Arc::clone(&stage);
        move |n| {
            let stage = Arc::clone(&stage);
            async move { drop(stage.try_import(stage.request_id(), ImportMode::Delta, people(n + 2)).await) }
        }
    });
    stand.fire(&["MentorEventsLate"]).await;
    drop(locking);

    // A consumer that may not write what it should.
    stand.sql("revoke insert, update on matching.person from matching").await;
    stand.fire(&["MentorEventsDead", "MentorEventsWaiting"]).await;
    drop(writing);
    stand.sql("grant insert, update on matching.person to matching").await;

    // A table that somebody locks, under calls.
    let calling = calls(&stand.fleet, enrollment.address(), program.clone(), 12);
    let mut lock = stand.database.pool().begin().await.expect("a transaction");
    sqlx::query("lock table enrollment.program in access exclusive mode")
        .execute(&mut *lock)
        .await
        .expect("locks");
    stand.fire(&["MentorErrors", "MentorPoolExhausted", "MentorOverloaded", "MentorPoolSaturated"]).await;
    lock.rollback().await.expect("ends");

    // A role that lost a right: internal errors, and a job that fails, as it must fill the cache again.
    stand.sql("revoke select on enrollment.program, enrollment.person from enrollment").await;
    forget_leavers(&redis, &stand.fleet);
    stand.fire(&["MentorErrorsLogged", "MentorJobFailing", "MentorJobOverdue"]).await;
    drop(calling);
    stand.sql("grant select on enrollment.program, enrollment.person to enrollment").await;

    // A database that has gone far away.
    let direct = stand.database.host_url();
    let far = before(&direct).await;
    let mut distant = stand.fleet.launch("enrollment", &[HTTP, ("MENTOR__DATABASE__URL", &far.url(&direct))]);
    targets.push(distant.ready().await.expect("serves metrics"));
    stand.prometheus.scrape(&targets);
    far.set(Fault::Delay(Duration::from_millis(700)));
    let waiting = calls(&stand.fleet, distant.address(), program, 4);
    stand.fire(&["MentorSlow"]).await;
    drop(waiting);
    distant.kill();

    // A client without measure, and a renewed certificate that is none.
    let url = format!("https://localhost:{}", scheduling.address().port());
    let token = stand.fleet.token(Role::ProgramManager, None);
    let authority = fs::read(&tls.0).expect("is there");
    let greedy = every(Duration::from_millis(50), move |_| {
        let client = Client::builder(&url).expect("a URL").token(StaticToken(token.clone())).attempts(1);
        let channel = client.certificate_authority(authority.clone()).build().expect("a channel");
        async move { drop(MeetingServiceClient::new(channel).list_meetings(ListMeetingsRequest::default()).await) }
    });
    stand.fire(&["MentorRateLimited"]).await;
    fs::write(&tls.0, "nothing").expect("can be written");
    stand.fire(&["MentorCertificateRefused"]).await;
    drop(greedy);

    stand.fire(&["MentorVersionsMixed"]).await;

    let rules = alerts();
    let names = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: "));
    let unseen: Vec<&str> = names.filter(|name| !stand.seen.iter().any(|seen| seen == name)).collect();
    let elsewhere = [&RUNS[..], &edge_alerts::ALERTS].concat();
    assert_eq!(unseen, elsewhere, "alerts that no fault here has fired");
    let empty = empty(&stand.prometheus, |board| board != edge_alerts::BOARD);
    assert_eq!(empty, RUN_PANELS, "panels that show nothing");
    for process in [&mut enrollment, &mut matching, &mut scheduling, &mut halfway] {
        process.kill();
    }
}

async fn start_run(client: &mut RunServiceClient<Channel>) -> String {
    let request = StartMatchRunRequest {
        request_id: SystemClock.new_id().to_string(),
        program_id: seekers::PROGRAM.to_string(),
        mode: MatchMode::MaxTotal.into(),
        time_limit: Some(prost_types::Duration { seconds: 0, nanos: 1 }),
        ..StartMatchRunRequest::default()
    };
    let started = client.start_match_run(request).await.expect("the run starts").into_inner();
    started.run.expect("a run").run_id
}

fn forget_leavers(redis: &str, fleet: &Fleet) {
    let script =
        "return #redis.call('keys', ARGV[1]) == redis.call('del', unpack(redis.call('keys', ARGV[1])))";
    let pattern = format!("*deactivated:{}*", fleet.tenant);
    let output = Command::new("redis-cli").args(["-u", redis, "eval", script, "0", &pattern]).output();
    let said = output.expect("redis-cli comes with redis-server").stdout;
    assert_eq!(String::from_utf8_lossy(&said).trim(), "1", "there were leavers to forget");
}

/// Takes a table that a consumer writes, for eight seconds at a time, until it is dropped; who waits gets in between.
fn locks(pool: PgPool) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(async move {
        let mut pace = tokio::time::interval(Duration::from_secs(8));
        loop {
            let mut lock = pool.begin().await.expect("a transaction");
            sqlx::query("lock table matching.person in access exclusive mode")
                .execute(&mut *lock)
                .await
                .expect("locks");
            pace.tick().await;
            lock.rollback().await.expect("ends");
        }
    }))
}

async fn before(url: &str) -> FaultProxy {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    FaultProxy::to(authority.rsplit_once('@').map_or(authority, |(_, host)| host)).await
}

fn certificate(folder: &Path) -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let path = |end: &str| folder.join(format!("tls.{end}"));
    fs::write(path("crt"), made.cert.pem()).expect("the folder can be written");
    fs::write(path("key"), made.signing_key.serialize_pem()).expect("the folder can be written");
    let text = |end: &str| path(end).to_str().expect("a path").to_owned();
    (text("crt"), text("key"))
}

/// Some people, whose every import changes them.
fn people(version: u64) -> Vec<PersonRow> {
    let unit = format!("Unit {version}");
    (0..12).map(|n| row(&format!("p{n}"), "", &unit)).collect()
}

/// Does something again and again until it is dropped.
pub(crate) fn every<F>(
    pause: Duration,
    mut act: impl FnMut(u64) -> F + Send + 'static,
) -> AbortOnDropHandle<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    AbortOnDropHandle::new(tokio::spawn(async move {
        let mut pace = tokio::time::interval(pause);
        for n in 0.. {
            pace.tick().await;
            act(n).await;
        }
    }))
}

/// So many clients that call all the time.
fn calls(fleet: &Fleet, address: SocketAddr, program: String, clients: usize) -> Vec<AbortOnDropHandle<()>> {
    let token = fleet.token(Role::ProgramManager, None);
    (0..clients)
        .map(|_| {
            let client = Client::of(vec![address]).expect("an address").token(StaticToken(token.clone()));
            let channel = client.attempts(1).build().expect("a channel");
            let program_id = program.clone();
            every(Duration::from_millis(20), move |_| {
                let request = GetProgramRequest { program_id: program_id.clone() };
                let mut client = ProgramServiceClient::new(channel.clone());
                async move { drop(client.get_program(request).await) }
            })
        })
        .collect()
}
