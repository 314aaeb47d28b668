//! What a real Prometheus makes of our metrics: it reads them, with exemplars that lead to traces.

use contracts::mentor::enrollment::v1::{GetProgramRequest, program_service_client::ProgramServiceClient};
use grpc::{Client, StaticToken};
use kernel::{Clock, Role, SystemClock};
use std::{fs, process::Command};
use testkit::{TestDatabase, eventually};
use tests::{
    life::PATIENCE,
    process::{Fleet, START, Servers},
    prometheus::{Prometheus, get},
    python::python,
};
use tonic::Request;

pub(crate) const HTTP: (&str, &str) = ("MENTOR__TELEMETRY__LISTEN", "127.0.0.1:0");
/// Someone who takes traces, or not: without an exporter nothing has a trace.
const OTLP: (&str, &str) = ("MENTOR__TELEMETRY__OTLP_ENDPOINT", "http://127.0.0.1:9");

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
