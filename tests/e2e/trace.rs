//! One trace from an RPC through outbox, broker and consumer to its effect, as a collector sees it: rotel, which shares no
//! code with us, takes the spans of all services and hands them to a backend in Python, which writes them down.

use contracts::mentor::enrollment::v1::{
    CreateProgramRequest, ImportMode, ProgramSpec, PublishProgramRequest, StartProgramRequest,
    program_service_client::ProgramServiceClient,
};
use kernel::{Clock, Role, SystemClock, Uuid};
use serde_json::Value;
use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};
use testkit::{TestDatabase, eventually, free_port};
use tests::{
    life::{PATIENCE, row},
    process::{Fleet, Servers},
    python::{python, script_of},
};
use tokio::net::TcpStream;
use tonic::Request;

/// The kinds of spans, by OpenTelemetry's numbers.
const PRODUCER: u64 = 4;
const CONSUMER: u64 = 5;

/// Collector and backend; they end with this value.
struct Collector {
    endpoint: String,
    spans: PathBuf,
    children: [Child; 2],
}

impl Collector {
    async fn start(folder: &Path) -> Self {
        let modules = "grpc, opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc, rotel";
        let python = python(modules, &["grpcio", "opentelemetry-proto", "rotel"]);
        let spans = folder.join("spans.jsonl");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("e2e/spans.py");
        let mut backend = Command::new(&python)
            .arg(script)
            .arg(&spans)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python runs");
        let mut port = String::new();
        let out = backend.stdout.take().expect("is piped");
        BufReader::new(out).read_line(&mut port).expect("prints its port");
        let agent = script_of(&python, "import rotel; print(rotel.__path__[0] + '/rotel-agent')");
        let (grpc, http) = (free_port(), free_port());
        let log = File::create(folder.join("rotel.log")).expect("the folder can be written");
        let collector = Command::new(agent)
            .arg("start")
            .args(["--otlp-grpc-endpoint", &format!("127.0.0.1:{grpc}")])
            .args(["--otlp-http-endpoint", &format!("127.0.0.1:{http}")])
            .args(["--exporter", "otlp", "--otlp-exporter-protocol", "grpc"])
            .args(["--otlp-exporter-endpoint", &format!("http://127.0.0.1:{}", port.trim())])
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file"))
            .stderr(log)
            .spawn()
            .expect("rotel runs");
        eventually!(PATIENCE, TcpStream::connect(("127.0.0.1", grpc)).await.is_ok());
        Collector { endpoint: format!("http://127.0.0.1:{grpc}"), spans, children: [collector, backend] }
    }

    /// The spans of a trace that have arrived.
    fn trace(&self, trace: &str) -> Vec<Value> {
        let text = fs::read_to_string(&self.spans).unwrap_or_default();
        let spans = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        spans.filter(|span| span["trace"] == trace).collect()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = (child.kill(), child.wait());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trace_leads_from_a_call_to_its_effect_in_another_service() {
    let database = TestDatabase::empty().await;
    let mut fleet = Fleet::prepare(&Servers::shared(&database.url()).await).await;
    let collector = Collector::start(fleet.folder()).await;
    fleet.set("MENTOR__TELEMETRY__OTLP_ENDPOINT", &collector.endpoint);
    fleet.start("enrollment").await;
    fleet.start("matching").await;
    fleet.stage().import(ImportMode::Snapshot, vec![row("ada", "", "Finance")]).await;

    let trace = SystemClock.new_id().simple().to_string();
    let (caller, program) = ("00f067aa0ba902b7", start_a_program(&fleet, &trace).await);

    // The effect: matching knows that the program has started.
    let started = "select state from matching.program where program_id = $1";
    eventually!(PATIENCE, {
        let state: Option<String> =
            sqlx::query_scalar(started).bind(program).fetch_optional(database.pool()).await.expect("reads");
        state.as_deref() == Some("started")
    });
    let spans = eventually!(PATIENCE, {
        let spans = collector.trace(&trace);
        let has = |name| spans.iter().any(|span| span["name"] == name && is_started(span));
        (has("event.publish") && has("event.handle")).then_some(spans)
    });

    let call = only(&spans, |span| span["name"].as_str().is_some_and(|name| name.ends_with("/StartProgram")));
    assert_eq!(call["service"], "mentor-enrollment");
    assert_eq!(call["parent"], caller, "the caller's span is the parent: {call}");
    let publish = only(&spans, |span| span["name"] == "event.publish" && is_started(span));
    assert_eq!((&publish["service"], &publish["kind"]), (&"mentor-enrollment".into(), &PRODUCER.into()));
    assert_eq!(publish["parent"], call["span"], "the call is the parent of its event's way: {publish}");
    let handle = only(&spans, |span| span["name"] == "event.handle" && is_started(span));
    assert_eq!((&handle["service"], &handle["kind"]), (&"mentor-matching".into(), &CONSUMER.into()));
    assert_eq!(handle["parent"], publish["span"], "and that of what is done about it: {handle}");
    assert_eq!(handle["attributes"]["event.id"], publish["attributes"]["event.id"]);
    // The same event, on its way: the row that was committed with the change, and the one that was handled.
    let event: Uuid = handle["attributes"]["event.id"].as_str().expect("named").parse().expect("an id");
    let sent: String = sqlx::query_scalar("select traceparent from enrollment.outbox where id = $1")
        .bind(event)
        .fetch_one(database.pool())
        .await
        .expect("is in the outbox");
    assert_eq!(sent, format!("00-{trace}-{}-01", call["span"].as_str().expect("an id")));
    let applied: i64 = sqlx::query_scalar("select count(*) from matching.inbox where event_id = $1")
        .bind(event)
        .fetch_one(database.pool())
        .await
        .expect("reads");
    assert_eq!(applied, 1, "and it was applied once");
    fleet.stop().await;
}

fn is_started(span: &Value) -> bool {
    span["attributes"]["event.type"] == "mentor.enrollment.events.v1.ProgramStarted"
}

fn only(spans: &[Value], which: impl Fn(&Value) -> bool) -> &Value {
    let found: Vec<&Value> = spans.iter().filter(|span| which(span)).collect();
    assert_eq!(found.len(), 1, "{spans:#?}");
    found[0]
}

/// Creates, publishes and starts a program; the start is the call whose trace is followed.
async fn start_a_program(fleet: &Fleet, trace: &str) -> Uuid {
    let stage = fleet.stage();
    let mut client = ProgramServiceClient::new(stage.channel("enrollment", Role::ProgramManager, None));
    let spec = ProgramSpec { name: "Leaders".to_owned(), ..ProgramSpec::default() };
    let request = CreateProgramRequest { request_id: stage.request_id(), spec: Some(spec) };
    let created = client.create_program(request).await.expect("creates").into_inner();
    let program_id = created.program.expect("answered").program_id;
    let request = PublishProgramRequest { request_id: stage.request_id(), program_id: program_id.clone() };
    client.publish_program(request).await.expect("publishes");
    let request = StartProgramRequest { request_id: stage.request_id(), program_id: program_id.clone() };
    let mut request = Request::new(request);
    let traceparent = format!("00-{trace}-00f067aa0ba902b7-01");
    request.metadata_mut().insert("traceparent", traceparent.parse().expect("ASCII"));
    client.start_program(request).await.expect("starts");
    program_id.parse().expect("an id")
}
