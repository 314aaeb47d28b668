//! The end, in order, and against a client that never goes.

use crate::notes::Notes;
use runtime::{Host, Shutdown};
use std::time::Duration;
use testkit::Suite;
use tokio::{net::TcpStream, time::Instant};
use tonic::transport::Channel;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

async fn host(suite: &Suite, delay: Duration, drain: Duration, deadline: Duration) -> Host {
    let mut config = suite.config().clone();
    config.shutdown.readiness_delay = delay;
    config.shutdown.drain = drain;
    config.shutdown.deadline = deadline;
    Host::builder(config).service::<Notes>().start().await.expect("starts")
}

async fn health(host: &Host) -> HealthClient<Channel> {
    let endpoint = Channel::from_shared(host.url()).expect("a URL");
    HealthClient::new(endpoint.connect().await.expect("connects"))
}

async fn suite() -> Suite {
    Suite::builder().service::<Notes>().in_process().start().await
}

#[tokio::test]
async fn it_says_not_ready_first_and_goes_on_serving_until_the_delay_is_over() {
    let suite = suite().await;
    let (delay, rest) = (Duration::from_secs(3), Duration::from_secs(10));
    let host = host(&suite, delay, rest, rest * 2).await;
    let address = host.address();
    let mut client = health(&host).await;
    let mut status = async || {
        let answer = client.check(HealthCheckRequest::default()).await.expect("is still served");
        answer.into_inner().status()
    };
    assert_eq!(status().await, ServingStatus::Serving);
    let began = Instant::now();
    let ending = tokio::spawn(host.shutdown());
    testkit::eventually!(delay, status().await == ServingStatus::NotServing);
    assert!(began.elapsed() < delay);
    drop(client);
    assert_eq!(ending.await.expect("ends"), Shutdown::Complete);
    assert!(began.elapsed() >= delay);
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn a_stream_that_never_ends_is_cut_after_the_drain() {
    let suite = suite().await;
    let drain = Duration::from_millis(400);
    let host = host(&suite, Duration::ZERO, drain, Duration::from_secs(20)).await;
    let mut client = health(&host).await;
    let mut watching = client.watch(HealthCheckRequest::default()).await.expect("watches").into_inner();
    watching.message().await.expect("an answer");
    let began = Instant::now();
    assert_eq!(host.shutdown().await, Shutdown::Complete);
    assert!(began.elapsed() >= drain, "the stream had its time");
    assert!(began.elapsed() < Duration::from_secs(10), "and not more");
}

#[tokio::test]
async fn the_deadline_ends_what_the_drain_does_not() {
    let suite = suite().await;
    let deadline = Duration::from_millis(400);
    let host = host(&suite, Duration::ZERO, Duration::from_secs(60), deadline).await;
    let mut client = health(&host).await;
    let _watching = client.watch(HealthCheckRequest::default()).await.expect("watches");
    let began = Instant::now();
    assert_eq!(host.shutdown().await, Shutdown::Cut("drain"));
    assert!(began.elapsed() < Duration::from_secs(10));
}
