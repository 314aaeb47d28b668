//! The client: balance, retries, deadlines.

use crate::{
    assert_refused,
    echo::{EchoServiceClient, Options, TestServer, bare, descriptors, with_token},
};
use futures::future::BoxFuture;
use grpc::{Channel, Client, DevIssuer, IdentitySettings, IssuerSettings, StaticToken, TokenSource};
use kernel::{Clock, ManualClock, Result, SystemClock, TenantId};
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use testkit::eventually;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::Instant,
};
use tonic::{Code, Status};
use tonic_types::StatusExt;

const SOON: Duration = Duration::from_secs(10);

fn client(server: &TestServer, addresses: Vec<SocketAddr>) -> Client {
    let client = Client::of(addresses).expect("an address");
    client.descriptors(descriptors("echo.proto")).token(StaticToken(server.token()))
}

fn channel(server: &TestServer) -> Channel {
    client(server, vec![server.address]).build().expect("no TLS")
}

/// Two servers that trust one issuer, beside their own.
async fn pair() -> (TestServer, TestServer, String) {
    let clock = ManualClock::at("2025-01-06T09:00:00Z".parse().expect("a time"));
    let issuer = DevIssuer::new(clock.clone()).expect("randomness");
    let tenant = TenantId(clock.new_id());
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("jwks.json");
    issuer.write_jwks(&file).expect("written");
    let settings =
        IssuerSettings { issuer: "https://idp.example".to_owned(), ..issuer.settings(&file, vec![tenant]) };
    let now = clock.now().as_second();
    let claims = serde_json::json!({ "iss": "https://idp.example", "aud": "mentor", "sub": "ada",
        "exp": now + 3600, "tenant": tenant, "roles": ["employee"] });
    let token = issuer.sign(&claims).expect("signed");
    let start = async |name| {
        let identity = IdentitySettings { issuers: vec![settings.clone()] };
        let server = TestServer::with(Options { name, identity, ..Options::default() }).await;
        // The key file is read now, before its folder goes.
        server.client().await.get_echo(with_token("", &token)).await.expect("a trusted issuer");
        server
    };
    (start("one").await, start("two").await, token)
}

#[tokio::test]
async fn a_collision_is_tried_again_and_then_succeeds() {
    for mood in ["collide once", "away once"] {
        let server = TestServer::start().await;
        let mut client = EchoServiceClient::new(channel(&server));
        client.get_echo(bare(mood)).await.expect("the second attempt succeeds");
        assert_eq!(server.echo.seen.load(Ordering::SeqCst), 2, "{mood}");
    }
}

#[tokio::test]
async fn attempts_end() {
    let server = TestServer::start().await;
    let built = client(&server, vec![server.address]).attempts(3).build().expect("no TLS");
    let outcome = EchoServiceClient::new(built).get_echo(bare("collide")).await;
    assert_refused(outcome, Code::Aborted, "CONFLICT");
    assert_eq!(server.echo.seen.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_refusal_is_not_tried_again() {
    for (mood, code, reason) in
        [("full", Code::FailedPrecondition, "MENTOR_FULL"), ("internal", Code::Internal, "INTERNAL")]
    {
        let server = TestServer::start().await;
        let outcome = EchoServiceClient::new(channel(&server)).get_echo(bare(mood)).await;
        assert_refused(outcome, code, reason);
        assert_eq!(server.echo.seen.load(Ordering::SeqCst), 1, "{mood}");
    }
}

#[tokio::test]
async fn every_call_has_a_deadline_that_covers_its_attempts() {
    let server = TestServer::start().await;
    let built =
        client(&server, vec![server.address]).deadline(Duration::from_millis(150)).build().expect("no TLS");
    let mut client = EchoServiceClient::new(built);
    for mood in ["hold", "collide"] {
        let begun = Instant::now();
        let status = client.get_echo(bare(mood)).await.expect_err("over");
        assert!(matches!(status.code(), Code::DeadlineExceeded | Code::Aborted), "{status:?}");
        assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    }
    eventually!(SOON, server.echo.inside.load(Ordering::SeqCst) == 0);
}

#[tokio::test]
async fn a_call_that_no_server_began_is_sent_again() {
    let server = TestServer::start().await;
    let farewell = farewell(server.address, vec![refused(1, REFUSED_STREAM), goaway(1, NO_ERROR)]).await;
    let built = client(&server, vec![farewell]).attempts(1).build().expect("no TLS");
    EchoServiceClient::new(built).get_echo(bare("")).await.expect("neither answer is one");
    assert_eq!(server.echo.seen.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_call_that_a_server_may_have_begun_is_an_attempt() {
    let server = TestServer::start().await;
    for (what, answers) in [
        ("cut", vec![]),
        ("goodbye after it came", vec![goaway(1, NO_ERROR)]),
        ("reset", vec![refused(1, PROTOCOL_ERROR)]),
        ("sent away for what it did", vec![goaway(0, PROTOCOL_ERROR)]),
    ] {
        let farewell = farewell(server.address, answers).await;
        let built = client(&server, vec![farewell]).attempts(1).build().expect("no TLS");
        let status = EchoServiceClient::new(built).get_echo(bare("")).await.expect_err(what);
        assert_eq!(status.code(), Code::Unavailable, "{what}: {status:?}");
        let cause = std::error::Error::source(&status).and_then(std::error::Error::source);
        assert!(cause.is_some(), "{what}: what the connection said is kept");
    }
    assert_eq!(server.echo.seen.load(Ordering::SeqCst), 0);
}

const NO_ERROR: u32 = 0;
const PROTOCOL_ERROR: u32 = 1;
const REFUSED_STREAM: u32 = 7;

/// GOAWAY: the last stream that was begun, and why (RFC 9113, 6.8).
fn goaway(last: u32, reason: u32) -> Vec<u8> {
    [&[0, 0, 8, 7, 0, 0, 0, 0, 0], last.to_be_bytes().as_slice(), &reason.to_be_bytes()].concat()
}

/// RST_STREAM: which, and why (RFC 9113, 6.4).
fn refused(stream: u32, reason: u32) -> Vec<u8> {
    [&[0, 0, 4, 3, 0], stream.to_be_bytes().as_slice(), &reason.to_be_bytes()].concat()
}

/// Answers calls of the first connection with these frames, and ends it; later connections are the server's.
async fn farewell(server: SocketAddr, answers: Vec<Vec<u8>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        let (first, _) = listener.accept().await.expect("a client");
        say(first, answers).await.expect("speaks HTTP/2");
        loop {
            let (mut client, _) = listener.accept().await.expect("a client");
            let mut server = TcpStream::connect(server).await.expect("listens");
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut client, &mut server).await });
        }
    });
    address
}

/// One answer for each HEADERS, by hand.
async fn say(mut client: TcpStream, answers: Vec<Vec<u8>>) -> std::io::Result<()> {
    let mut preface = [0; 24];
    client.read_exact(&mut preface).await?;
    client.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await?;
    let mut answers = answers.into_iter();
    loop {
        let mut head = [0; 9];
        client.read_exact(&mut head).await?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        client.read_exact(&mut vec![0; length as usize]).await?;
        if head[3] != 1 {
            continue;
        }
        let answer = answers.next().unwrap_or_default();
        client.write_all(&answer).await?;
        if answers.len() == 0 {
            return client.shutdown().await;
        }
    }
}

#[tokio::test]
async fn calls_are_spread_over_two_servers() {
    let (one, two, token) = pair().await;
    let built = Client::of(vec![one.address, two.address]).expect("addresses");
    let built = built.descriptors(descriptors("echo.proto")).token(StaticToken(token));
    let client = EchoServiceClient::new(built.build().expect("no TLS"));
    let mut seen: HashMap<String, u32> = HashMap::new();
    for _ in 0..60 {
        let answer = client.clone().get_echo(bare("")).await.expect("both answer");
        *seen.entry(answer.into_inner().server).or_default() += 1;
    }
    assert!(seen["one"] >= 10 && seen["two"] >= 10, "{seen:?}");
}

#[tokio::test]
async fn a_server_that_is_down_costs_no_call() {
    let server = TestServer::start().await;
    let nobody = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.local_addr().expect("bound")
    };
    let built = client(&server, vec![nobody, server.address]).build().expect("no TLS");
    let client = EchoServiceClient::new(built);
    for _ in 0..30 {
        client.clone().get_echo(bare("")).await.expect("the other server answers");
    }
}

#[tokio::test]
async fn when_all_are_down_the_answer_is_unavailable() {
    let server = TestServer::start().await;
    let built = client(&server, vec![server.address]).attempts(2).build().expect("no TLS");
    let mut client = EchoServiceClient::new(built);
    client.get_echo(bare("")).await.expect("up");
    server.stop.cancel();
    eventually!(SOON, TcpStream::connect(server.address).await.is_err());
    let status = client.get_echo(bare("")).await.expect_err("down");
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    let info = status.get_details_error_info().expect("has a reason");
    assert_eq!((info.reason.as_str(), info.domain.as_str()), ("DEPENDENCY_UNAVAILABLE", "mentor.client"));
}

#[tokio::test]
async fn a_name_is_resolved_and_its_servers_found() {
    let server = TestServer::start().await;
    let built = Client::builder(&format!("http://localhost:{}", server.address.port())).expect("a URL");
    let built = built.descriptors(descriptors("echo.proto")).token(StaticToken(server.token()));
    let client = EchoServiceClient::new(built.build().expect("no TLS"));
    for _ in 0..10 {
        client.clone().get_echo(bare("")).await.expect("found, also when ::1 comes first");
    }
}

#[tokio::test]
async fn a_name_nobody_knows_is_unavailable() {
    let built =
        Client::builder("http://nobody.invalid:1").expect("a URL").deadline(Duration::from_millis(200));
    let mut client = EchoServiceClient::new(built.build().expect("no TLS"));
    let status = client.get_echo(bare("")).await.expect_err("nobody");
    assert!(matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded), "{status:?}");
}

/// Counts how often it was asked.
struct Counting(String, Arc<AtomicU32>);

impl TokenSource for Counting {
    fn token(&self) -> BoxFuture<'_, Result<String>> {
        self.1.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { Ok(self.0.clone()) })
    }
}

#[tokio::test]
async fn token_and_request_id_are_attached() {
    let server = TestServer::start().await;
    let asked = Arc::new(AtomicU32::new(0));
    let built = Client::of(vec![server.address])
        .expect("an address")
        .descriptors(descriptors("echo.proto"))
        .token(Counting(server.token(), Arc::clone(&asked)))
        .request_ids(|| SystemClock.new_id());
    let mut client = EchoServiceClient::new(built.build().expect("no TLS"));
    let answer = client.get_echo(bare("")).await.expect("signed in").into_inner();
    assert!(kernel::Uuid::try_parse(&answer.request_id).is_ok());
    let mut named = bare("");
    named
        .metadata_mut()
        .insert("x-request-id", "01941f29-7c00-7aaa-9b5e-5a3f0d0f3c11".parse().expect("ASCII"));
    let answer = client.get_echo(named).await.expect("signed in").into_inner();
    assert_eq!(answer.request_id, "01941f29-7c00-7aaa-9b5e-5a3f0d0f3c11");
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn streams_flow_both_ways() {
    let server = TestServer::start().await;
    let mut client = EchoServiceClient::new(channel(&server));
    let messages = futures::stream::iter((0..3).map(|_| bare("").into_inner()));
    let mut answers =
        client.import_echoes(tonic::Request::new(Box::pin(messages))).await.expect("begins").into_inner();
    let mut count = 0;
    while let Some(answer) = answers.message().await.expect("no error") {
        assert_eq!(answer.subject, "ada");
        count += 1;
    }
    assert_eq!(count, 3);
    let mut answers = client.watch_echo(bare("")).await.expect("begins").into_inner();
    let outcome: Result<Option<_>, Status> = answers.message().await;
    assert!(outcome.expect("no error").is_some());
}
