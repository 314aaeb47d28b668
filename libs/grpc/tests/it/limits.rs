//! Overload, rates, deadlines, callers who go, and the end of a server.

use crate::{
    assert_refused,
    echo::{EchoServiceClient, Options, TestServer, bare, with_token},
};
use grpc::ServerSettings;
use kernel::Role;
use std::{sync::atomic::Ordering, time::Duration};
use storage::{Cache, CacheSettings};
use testkit::eventually;
use tokio::time::Instant;
use tonic::Code;
use tonic_types::StatusExt;

const SOON: Duration = Duration::from_secs(5);

#[tokio::test]
async fn beyond_the_limit_calls_are_refused_fast_and_health_answers() {
    let settings = ServerSettings { max_calls: 2, ..ServerSettings::default() };
    let server = TestServer::with(Options { settings, ..Options::default() }).await;
    let client = server.client().await;
    let held: Vec<_> = (0..2)
        .map(|_| {
            let (mut client, request) = (client.clone(), server.request("hold"));
            tokio::spawn(async move { client.get_echo(request).await })
        })
        .collect();
    eventually!(SOON, server.echo.inside.load(Ordering::SeqCst) == 2);
    let begun = Instant::now();
    for _ in 0..20 {
        let outcome = client.clone().get_echo(server.request("")).await;
        let status = assert_refused(outcome, Code::ResourceExhausted, "OVERLOADED");
        assert!(status.get_details_retry_info().is_some_and(|info| info.retry_delay.is_some()));
    }
    assert!(begun.elapsed() < SOON, "refusals are fast: {:?}", begun.elapsed());
    let mut health = tonic_health::pb::health_client::HealthClient::new(server.channel().await);
    health.check(tonic_health::pb::HealthCheckRequest { service: String::new() }).await.expect("probes pass");
    server.echo.gate.add_permits(2);
    for call in held {
        call.await.expect("no panic").expect("those inside are served");
    }
    client.clone().get_echo(server.request("")).await.expect("there is room again");
}

#[tokio::test]
async fn streams_have_a_limit_of_their_own_and_give_their_place_back() {
    let settings = ServerSettings { max_streams: 1, ..ServerSettings::default() };
    let server = TestServer::with(Options { settings, ..Options::default() }).await;
    let mut client = server.client().await;
    let stream = client.watch_echo(server.request("hold")).await.expect("the first");
    assert_refused(client.watch_echo(server.request("hold")).await, Code::ResourceExhausted, "OVERLOADED");
    client.get_echo(server.request("")).await.expect("other calls pass");
    drop(stream);
    eventually!(SOON, server.echo.inside.load(Ordering::SeqCst) == 0);
    eventually!(SOON, client.watch_echo(server.request("")).await.is_ok());
}

async fn one_client_is_limited(cache: Cache) {
    let settings = ServerSettings { calls_per_second: 1, burst: 3, ..ServerSettings::default() };
    let server = TestServer::with(Options { settings, cache: Some(cache), ..Options::default() }).await;
    let mut client = server.client().await;
    let greedy = server.token_of(&format!("greedy {}", server.tenant), &[Role::Employee], None);
    let mut refused = None;
    for _ in 0..5 {
        if let Err(status) = client.get_echo(with_token("", &greedy)).await {
            refused = Some(status);
        }
    }
    let status = refused.expect("five at once are more than three");
    let status = assert_refused(Err::<(), _>(status), Code::ResourceExhausted, "RATE_LIMITED");
    let wait = status.get_details_retry_info().and_then(|info| info.retry_delay).expect("says when");
    assert!(wait <= Duration::from_secs(1), "{wait:?}");
    client.get_echo(server.request("")).await.expect("another client has a bucket of its own");
    tokio::time::timeout(SOON, async {
        eventually!(SOON, client.get_echo(with_token("", &greedy)).await.is_ok());
    })
    .await
    .expect("the bucket fills again");
}

#[tokio::test]
async fn a_client_is_limited_in_process() {
    one_client_is_limited(Cache::in_process()).await;
}

#[tokio::test]
async fn a_client_is_limited_by_redis() {
    one_client_is_limited(redis().await).await;
}

/// A cache on the test's Redis, with keys of its own.
pub(crate) async fn redis() -> Cache {
    let settings = CacheSettings {
        url: Some(testkit::servers::redis().await.into()),
        prefix: format!("grpc-{}", testkit::unique()),
        response_timeout_ms: 2000,
    };
    let cache = Cache::connect(&settings).expect("a URL");
    eventually!(SOON, cache.ping().await);
    cache
}

#[tokio::test]
async fn two_replicas_share_a_bucket() {
    let cache = redis().await;
    let settings = ServerSettings { calls_per_second: 1, burst: 100, ..ServerSettings::default() };
    let options = || Options { settings: settings.clone(), cache: Some(cache.clone()), ..Options::default() };
    let (one, mut two) = (TestServer::with(options()).await, TestServer::with(options()).await);
    two.tenant = one.tenant;
    let (mut first, mut second) = (one.client().await, two.client().await);
    let mut allowed = 0;
    for _ in 0..100 {
        allowed += u32::from(first.get_echo(one.request("")).await.is_ok());
        allowed += u32::from(second.get_echo(two.request("")).await.is_ok());
    }
    assert!((90..=115).contains(&allowed), "a burst of 100 for both together, not each: {allowed}");
}

#[tokio::test]
async fn a_deadline_of_the_caller_is_honoured_and_the_work_dropped() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let mut request = server.request("hold");
    // In the header only: a timeout on the client's side would hide what the server does.
    request.metadata_mut().insert("grpc-timeout", "80m".parse().expect("ASCII"));
    let begun = Instant::now();
    let status = assert_refused(client.get_echo(request).await, Code::DeadlineExceeded, "DEADLINE_EXCEEDED");
    assert!(status.message().contains("has passed"), "{status:?}");
    assert!(begun.elapsed() < SOON);
    eventually!(SOON, server.echo.inside.load(Ordering::SeqCst) == 0);
}

#[tokio::test]
async fn the_servers_own_deadline_holds_for_all() {
    let settings =
        ServerSettings { max_deadline_seconds: 0, max_stream_seconds: 1, ..ServerSettings::default() };
    let server = TestServer::with(Options { settings, ..Options::default() }).await;
    let mut client = server.client().await;
    assert_refused(
        client.get_echo(server.request("hold")).await,
        Code::DeadlineExceeded,
        "DEADLINE_EXCEEDED",
    );
    let mut stream = client.watch_echo(server.request("hold")).await.expect("begins").into_inner();
    for _ in 0..2 {
        stream.message().await.expect("a message").expect("not the end");
    }
    assert_refused(stream.message().await, Code::DeadlineExceeded, "DEADLINE_EXCEEDED");
    eventually!(SOON, server.echo.inside.load(Ordering::SeqCst) == 0);
}

#[tokio::test]
async fn work_stops_when_the_caller_goes() {
    let server = TestServer::start().await;
    let (mut client, request) = (server.client().await, server.request("hold"));
    let call = tokio::spawn(async move { client.get_echo(request).await });
    eventually!(SOON, server.echo.inside.load(Ordering::SeqCst) == 1);
    call.abort();
    eventually!(SOON, server.echo.inside.load(Ordering::SeqCst) == 0);
}

#[tokio::test]
async fn a_server_that_ends_finishes_what_is_under_way() {
    let server = TestServer::start().await;
    let (mut client, request) = (server.client().await, server.request("hold"));
    let call = tokio::spawn(async move { client.get_echo(request).await });
    eventually!(SOON, server.echo.inside.load(Ordering::SeqCst) == 1);
    server.stop.cancel();
    eventually!(SOON, tokio::net::TcpStream::connect(server.address).await.is_err());
    server.echo.gate.add_permits(1);
    call.await.expect("no panic").expect("finished");
    tokio::time::timeout(SOON, server.task).await.expect("in time").expect("no panic").expect("a clean end");
}

#[tokio::test]
async fn a_client_that_stays_does_not_hold_the_end() {
    let server = TestServer::with(Options { drain: Duration::from_millis(50), ..Options::default() }).await;
    let (mut client, request) = (server.client().await, server.request("hold"));
    let _call = tokio::spawn(async move { client.get_echo(request).await });
    eventually!(SOON, server.echo.inside.load(Ordering::SeqCst) == 1);
    server.stop.cancel();
    tokio::time::timeout(SOON, server.task).await.expect("in time").expect("no panic").expect("a clean end");
}

#[tokio::test]
async fn an_unsigned_flood_is_refused_before_the_handler() {
    let server = TestServer::start().await;
    let client = EchoServiceClient::new(server.channel().await);
    let calls = (0..200).map(|_| {
        let mut client = client.clone();
        async move { client.get_echo(bare("")).await }
    });
    for outcome in futures::future::join_all(calls).await {
        assert_refused(outcome, Code::Unauthenticated, "TOKEN_INVALID");
    }
    assert_eq!(server.echo.seen.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_server_that_starts_closed_answers_probes_and_nothing_else() {
    let server = TestServer::with(Options { closed: true, ..Options::default() }).await;
    let mut client = server.client().await;
    let mut health = tonic_health::pb::health_client::HealthClient::new(server.channel().await);
    let mut status = async |service: &str| {
        let request = tonic_health::pb::HealthCheckRequest { service: service.to_owned() };
        health.check(request).await.expect("answers").into_inner().status().as_str_name()
    };
    assert_eq!((status("live").await, status("").await), ("SERVING", "NOT_SERVING"));
    let refused = client.get_echo(server.request("")).await;
    let refused = assert_refused(refused, Code::Unavailable, "DEPENDENCY_UNAVAILABLE");
    assert!(refused.message().contains("starting") && refused.get_details_retry_info().is_some());
    assert_eq!(server.echo.seen.load(Ordering::SeqCst), 0);

    server.health.serving().await;
    assert_eq!((status("live").await, status("").await), ("SERVING", "SERVING"));
    client.get_echo(server.request("")).await.expect("is let in");
    // In the end it goes on serving what still comes.
    server.health.not_serving().await;
    assert_eq!((status("live").await, status("").await), ("SERVING", "NOT_SERVING"));
    client.get_echo(server.request("")).await.expect("is let in");
}
