//! Traces leave the process, metrics can be scraped. The one test that sets up telemetry, which is for the whole process.

use crate::{notes::Notes, start::page};
use runtime::{
    Config, Host,
    telemetry::{METRICS, Program, Telemetry},
};
use std::time::Duration;
use testkit::Suite;
use tokio::{io::AsyncReadExt, net::TcpListener};

#[tokio::test(flavor = "multi_thread")]
async fn traces_are_sent_to_the_collector_and_metrics_are_rendered() {
    let collector = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let mut config = Config::defaults().expect("valid");
    config.telemetry.otlp_endpoint = format!("http://{}", collector.local_addr().expect("bound"));
    let telemetry = Telemetry::install(&config.telemetry, Program::named("evaluation"))
        .expect("the first of this process");
    assert!(Telemetry::install(&config.telemetry, Program::named("evaluation")).is_err(), "once per process");

    tracing::info_span!("a call").in_scope(|| tracing::info!("inside"));
    let flushing = telemetry.clone();
    let flushed = tokio::task::spawn_blocking(move || flushing.flush());
    let (mut stream, _) = tokio::time::timeout(Duration::from_secs(10), collector.accept())
        .await
        .expect("the exporter connects")
        .expect("a connection");
    let mut preface = [0; 24];
    stream.read_exact(&mut preface).await.expect("it speaks first");
    assert_eq!(&preface, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "gRPC is HTTP/2");
    drop(stream);
    drop(collector);
    flushed.await.expect("a collector that goes away holds nothing up");

    let suite = Suite::builder().service::<Notes>().in_process().start().await;
    let mut config = suite.config().clone();
    config.telemetry.listen = Some(([127, 0, 0, 1], 0).into());
    let host = Host::builder(config).service::<Notes>().telemetry(telemetry).start().await.expect("starts");
    let metrics = page(&host, "/metrics").await;
    for line in [
        "process_resident_memory_bytes ",
        "process_cpu_seconds_total ",
        "mentor_database_connections{service=\"evaluation\",state=\"open\"}",
        "mentor_database_connections_limit{service=\"evaluation\"}",
        "mentor_rpc_under_way_limit{kind=\"calls\"}",
        "mentor_ready 1",
        "mentor_build_info{version=",
        "# HELP mentor_ready 1 while the process is ready for calls.",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
    for family in metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let name = family.split(' ').next().unwrap_or_default();
        assert!(METRICS.iter().any(|(known, _)| *known == name), "{name} is not in METRICS");
    }
}

#[test]
fn the_readme_tells_of_every_metric() {
    let readme = include_str!("../../README.md");
    for (name, _) in runtime::telemetry::METRICS {
        assert!(readme.contains(&format!("`{name}`")), "{name} is missing in libs/runtime/README.md");
    }
}
