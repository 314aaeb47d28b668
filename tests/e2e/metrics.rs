//! What a real Prometheus makes of our metrics: it reads them, with exemplars that lead to traces, and each alert of the
//! chart fires by the fault it is for.

use contracts::mentor::{
    enrollment::v1::{
        GetProgramRequest, ImportMode, PersonRow, program_service_client::ProgramServiceClient,
    },
    scheduling::v1::{ListMeetingsRequest, meeting_service_client::MeetingServiceClient},
};
use grpc::{Client, StaticToken};
use kernel::{Clock, Role, SystemClock};
use sqlx::AssertSqlSafe;
use std::{fs, net::SocketAddr, path::Path, process::Command, sync::Arc, time::Duration};
use testkit::{Fault, FaultProxy, TestDatabase, eventually};
use tests::{
    life::{PATIENCE, row},
    process::{Fleet, START, Servers},
    prometheus::{Prometheus, get},
    python::python,
};
use tokio_util::task::AbortOnDropHandle;
use tonic::Request;

const HTTP: (&str, &str) = ("MENTOR__TELEMETRY__LISTEN", "127.0.0.1:0");
/// Someone who takes traces, or not: without an exporter nothing has a trace.
const OTLP: (&str, &str) = ("MENTOR__TELEMETRY__OTLP_ENDPOINT", "http://127.0.0.1:9");

/// The alerts of the chart.
fn alerts() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../helm/mentor/monitoring/alerts.yaml");
    fs::read_to_string(path).expect("the chart has alerts")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prometheus_reads_our_metrics_and_their_exemplars() {
    let database = TestDatabase::empty().await;
    let fleet = Fleet::prepare(&Servers::shared(&database.url()).await).await;
    let mut process = fleet.launch("enrollment", &[HTTP, OTLP]);
    let http = process.ready().await.expect("serves metrics");
    let prometheus = Prometheus::start(fleet.folder(), "groups: []").await;
    prometheus.scrape(&[http]);

    let trace = SystemClock.new_id().simple().to_string();
    let token = StaticToken(fleet.token(Role::ProgramManager, None));
    let channel =
        Client::of(vec![process.address()]).expect("an address").token(token).build().expect("a channel");
    let mut client = ProgramServiceClient::new(channel);
    let mut request = Request::new(GetProgramRequest { program_id: SystemClock.new_id().to_string() });
    let traceparent = format!("00-{trace}-00f067aa0ba902b7-01");
    request.metadata_mut().insert("traceparent", traceparent.parse().expect("ASCII"));
    let refused = client.get_program(request).await.expect_err("there is no such program");
    assert_eq!(grpc::from_status(refused).reason, "NOT_FOUND");

    let calls = "mentor_rpc_calls_total{service=\"enrollment\",rpc_service=\"mentor.enrollment.v1.ProgramService\",\
                 method=\"GetProgram\",code=\"NotFound\"}";
    eventually!(PATIENCE, prometheus.query(calls)[0]["value"][1] == "1");
    let refusals = "mentor_rpc_refusals_total{service=\"enrollment\",reason=\"NOT_FOUND\"}";
    assert_eq!(prometheus.query(refusals)[0]["value"][1], "1");
    assert_eq!(prometheus.query("mentor_ready")[0]["value"][1], "1");
    let series = "mentor_rpc_duration_seconds_bucket{method=\"GetProgram\"}";
    let exemplar = eventually!(PATIENCE, {
        let found = prometheus.exemplars(series);
        found[0]["exemplars"][0]["labels"]["trace_id"].as_str().map(str::to_owned)
    });
    assert_eq!(exemplar, trace, "the exemplar leads to the trace of the call");

    // The same page, read by the parser of Prometheus' own client library, which is strict.
    let open = get(http, "/metrics", "application/openmetrics-text");
    let (head, body) = open.split_once("\r\n\r\n").expect("a page");
    assert!(head.contains("application/openmetrics-text; version=1.0.0"), "{head}");
    let page = fleet.folder().join("metrics.txt");
    fs::write(&page, body).expect("the folder can be written");
    let script = "import sys\nfrom prometheus_client.openmetrics.parser import text_string_to_metric_families as read\n\
                  names = [family.name for family in read(open(sys.argv[1]).read())]\nprint(len(names))";
    let python = python("prometheus_client", &["prometheus-client"]);
    let output = Command::new(python).args(["-c", script]).arg(&page).output().expect("Python runs");
    assert!(output.status.success(), "{}\n{body}", String::from_utf8_lossy(&output.stderr));
    let families: usize = String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number");
    assert!(families >= 20, "{families} families\n{body}");
    process.terminate();
    process.ended_well(START).await;
}

/// The chart's alerts, sixty times faster: minutes are seconds and hours minutes. Thresholds that are themselves times or
/// sizes of a large suite are brought down, each by its own text, so that a change of the rule is noticed here.
fn hurried() -> String {
    let mut rules = alerts();
    for (rule, here) in [
        ("mentor_outbox_age_seconds) > 60", "mentor_outbox_age_seconds) > 3"),
        ("mentor_outbox_pending) > 50000", "mentor_outbox_pending) > 5"),
        ("mentor_events_waiting) > 100", "mentor_events_waiting) > 0"),
        (
            "(increase(mentor_job_runs_total{outcome=\"failed\"}[1h])) >= 3",
            "(increase(mentor_job_runs_total{outcome=\"failed\"}[3h])) > 0",
        ),
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
        let began = std::time::Instant::now();
        for alert in alerts {
            eventually!(START * 2, self.prometheus.firing().iter().any(|firing| firing == alert));
            println!("{alert} fires after {:.1} s", began.elapsed().as_secs_f64());
            self.seen.push((*alert).to_owned());
        }
    }

    async fn sql(&self, sql: &str) {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
            .execute(self.database.pool())
            .await
            .expect("the superuser may");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes two minutes; `cargo nextest run -p tests --run-ignored all each_alert` runs it"]
async fn each_alert_fires_by_its_fault() {
    let database = TestDatabase::empty().await;
    let mut servers = Servers::shared(&database.url()).await;
    let rabbitmq = servers.rabbitmq.clone();
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

    // A process that never finds its database, and one that dies.
    let mut lost =
        stand.fleet.launch("evaluation", &[HTTP, ("MENTOR__DATABASE__URL", "postgres://127.0.0.1:9/none")]);
    targets.push(lost.listening().await.expect("serves probes"));
    stand.prometheus.scrape(&targets);
    spare.kill();
    stand.fire(&["MentorDown", "MentorNotReady"]).await;
    drop(lost);
    targets.truncate(3);
    stand.prometheus.scrape(&targets);

    // The broker is away.
    stand.broker.set(Fault::Cut);
    stage.import(ImportMode::Delta, people(1)).await;
    stand.fire(&["MentorOutboxOld", "MentorOutboxDeep", "MentorRelayFailing"]).await;
    // It is back, and slow.
    stand.broker.set(Fault::Delay(Duration::from_secs(6)));
    let writing = every(Duration::from_millis(500), {
        let stage = Arc::clone(&stage);
        move |n| {
            let stage = Arc::clone(&stage);
            async move { drop(stage.try_import(stage.request_id(), ImportMode::Delta, people(n + 2)).await) }
        }
    });
    stand.fire(&["MentorEventsLate"]).await;
    stand.broker.set(Fault::None);

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
    stand
        .fire(&[
            "MentorErrors",
            "MentorPoolExhausted",
            "MentorOverloaded",
            "MentorPoolSaturated",
            "MentorSlow",
        ])
        .await;
    lock.rollback().await.expect("ends");

    // A role that lost a right: internal errors, and a job that fails.
    stand.sql("revoke select on enrollment.program, enrollment.person from enrollment").await;
    stand.fire(&["MentorErrorsLogged", "MentorJobFailing"]).await;
    drop(calling);
    stand.sql("grant select on enrollment.program, enrollment.person to enrollment").await;

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

    let rules = alerts();
    let names = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: "));
    let unseen: Vec<&str> = names.filter(|name| !stand.seen.iter().any(|seen| seen == name)).collect();
    println!("{} alerts fired; not by this test: {unseen:?}", stand.seen.len());
    for process in [&mut enrollment, &mut matching, &mut scheduling] {
        process.kill();
    }
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
fn every<F>(pause: Duration, mut act: impl FnMut(u64) -> F + Send + 'static) -> AbortOnDropHandle<()>
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
