//! Key sets over HTTP: rotation, outages, hostile answers.

use grpc::{DevIssuer, Identity, IdentitySettings, IssuerSettings, NewToken};
use kernel::{Clock, Error, ErrorKind, ManualClock, Role, TenantId};
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_util::task::AbortOnDropHandle;

/// What the issuer answers.
#[derive(Clone)]
enum Mood {
    Keys(String),
    Status(u16),
    Redirect(String),
    Silence,
    Endless,
}

/// An issuer's web server.
struct Issuer {
    address: SocketAddr,
    mood: Arc<Mutex<Mood>>,
    hits: Arc<AtomicU32>,
    _task: AbortOnDropHandle<()>,
}

impl Issuer {
    async fn start(mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let (mood, hits) = (Arc::new(Mutex::new(mood)), Arc::new(AtomicU32::new(0)));
        let task = {
            let (mood, hits) = (Arc::clone(&mood), Arc::clone(&hits));
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    hits.fetch_add(1, Ordering::SeqCst);
                    let mood = mood.lock().expect("not poisoned").clone();
                    tokio::spawn(serve(stream, mood));
                }
            })
        };
        Issuer { address, mood, hits, _task: AbortOnDropHandle::new(task) }
    }

    fn answer(&self, mood: Mood) {
        *self.mood.lock().expect("not poisoned") = mood;
    }

    fn hits(&self) -> u32 {
        self.hits.load(Ordering::SeqCst)
    }
}

async fn serve(mut stream: TcpStream, mood: Mood) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let answer = match mood {
        Mood::Keys(keys) => {
            format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{keys}", keys.len())
        }
        Mood::Status(code) => format!("HTTP/1.1 {code} No\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"),
        Mood::Redirect(to) => {
            format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        }
        Mood::Silence => std::future::pending().await,
        Mood::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"keys\":[").await?;
            loop {
                stream.write_all(&[b' '; 4096]).await?;
            }
        }
    };
    stream.write_all(answer.as_bytes()).await
}

struct Fixture {
    clock: Arc<ManualClock>,
    tenant: TenantId,
    issuer: Issuer,
    identity: Identity,
}

async fn fixture(mood: Mood) -> Fixture {
    let clock = ManualClock::at("2025-01-06T09:00:00Z".parse().expect("a time"));
    let tenant = TenantId(clock.new_id());
    let issuer = Issuer::start(mood).await;
    let settings = IssuerSettings {
        issuer: "https://dev.mentor.invalid".to_owned(),
        audience: "mentor".to_owned(),
        tenant: Some(tenant),
        tenants: Vec::new(),
        all_tenants: false,
        jwks_url: Some(format!("http://{}/jwks", issuer.address)),
        jwks_file: None,
        algorithms: vec!["EdDSA".to_owned()],
    };
    let identity =
        Identity::new(&IdentitySettings { issuers: vec![settings] }, clock.clone(), None).expect("right");
    Fixture { clock, tenant, issuer, identity }
}

impl Fixture {
    fn dev(&self) -> DevIssuer {
        DevIssuer::new(self.clock.clone()).expect("randomness")
    }

    fn token(&self, dev: &DevIssuer, subject: &str) -> String {
        let ttl = Duration::from_secs(3600);
        dev.token(&NewToken { tenant: self.tenant, subject, roles: &[Role::Employee], person: None, ttl })
            .expect("signed")
    }

    async fn verify(&self, dev: &DevIssuer, subject: &str) -> Result<(), Box<Error>> {
        self.identity.verify(&self.token(dev, subject)).await.map(drop)
    }
}

/// Lets time pass for the pauses between fetches, without waiting.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

const INTERVAL: Duration = Duration::from_secs(11);

#[tokio::test]
async fn one_fetch_serves_all_who_wait() {
    let f = fixture(Mood::Status(500)).await;
    let dev = f.dev();
    f.issuer.answer(Mood::Keys(dev.jwks()));
    let subjects: Vec<String> = (0..50).map(|n| format!("person {n}")).collect();
    let outcomes = futures::future::join_all(subjects.iter().map(|subject| f.verify(&dev, subject))).await;
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!(f.issuer.hits(), 1);
}

#[tokio::test]
async fn unknown_keys_can_not_make_us_hammer_the_issuer() {
    let f = fixture(Mood::Status(500)).await;
    let dev = f.dev();
    f.issuer.answer(Mood::Keys(dev.jwks()));
    f.verify(&dev, "ada").await.expect("valid");
    for _ in 0..20 {
        let error = f.verify(&f.dev(), "mallory").await.expect_err("an unknown key");
        assert_eq!((error.kind, error.reason), (ErrorKind::Unauthenticated, "TOKEN_INVALID"));
    }
    assert_eq!(f.issuer.hits(), 1);
}

#[tokio::test]
async fn a_new_key_is_found_and_a_withdrawn_one_forgotten() {
    let f = fixture(Mood::Status(500)).await;
    let (old, new) = (f.dev(), f.dev());
    f.issuer.answer(Mood::Keys(old.jwks()));
    f.verify(&old, "ada").await.expect("valid");
    f.issuer.answer(Mood::Keys(new.jwks()));
    pass(INTERVAL).await;
    f.verify(&new, "bob").await.expect("the new key is fetched");
    f.verify(&old, "ada").await.expect_err("the old key is gone, also for a token that was verified before");
    assert_eq!(f.issuer.hits(), 2);
}

#[tokio::test]
async fn a_withdrawn_key_goes_also_when_nobody_uses_a_new_one() {
    let f = fixture(Mood::Status(500)).await;
    let (old, new) = (f.dev(), f.dev());
    f.issuer.answer(Mood::Keys(old.jwks()));
    f.verify(&old, "ada").await.expect("valid");
    f.issuer.answer(Mood::Keys(new.jwks()));
    pass(Duration::from_secs(601)).await;
    testkit::eventually!(Duration::from_secs(5), f.verify(&old, "ada").await.is_err());
    assert_eq!(f.issuer.hits(), 2);
}

#[tokio::test]
async fn the_last_good_set_outlives_an_outage() {
    let f = fixture(Mood::Status(500)).await;
    let dev = f.dev();
    f.issuer.answer(Mood::Keys(dev.jwks()));
    f.verify(&dev, "ada").await.expect("valid");
    for mood in [
        Mood::Status(503),
        Mood::Keys("not JSON".to_owned()),
        Mood::Keys("{\"keys\":[]}".to_owned()),
        Mood::Endless,
    ] {
        f.issuer.answer(mood);
        pass(INTERVAL).await;
        f.verify(&f.dev(), "mallory").await.expect_err("unknown");
        f.verify(&dev, "bob").await.expect("the last good set stays");
    }
    assert_eq!(f.issuer.hits(), 5);
}

#[tokio::test]
async fn without_any_set_the_answer_is_unavailable() {
    let f = fixture(Mood::Status(503)).await;
    let dev = f.dev();
    let error = f.verify(&dev, "ada").await.expect_err("no keys yet");
    assert_eq!((error.kind, error.reason), (ErrorKind::Unavailable, "DEPENDENCY_UNAVAILABLE"));
    assert!(error.retry_after.is_some());
    f.issuer.answer(Mood::Keys(dev.jwks()));
    pass(INTERVAL).await;
    f.verify(&dev, "ada").await.expect("it recovers by itself");
}

#[tokio::test]
async fn a_huge_set_is_not_read_to_its_end() {
    let f = fixture(Mood::Endless).await;
    let error = f.verify(&f.dev(), "ada").await.expect_err("refused");
    assert_eq!(error.kind, ErrorKind::Unavailable);
}

#[tokio::test]
async fn a_silent_issuer_is_not_awaited_for_long() {
    let f = fixture(Mood::Silence).await;
    let begun = tokio::time::Instant::now();
    let error = f.verify(&f.dev(), "ada").await.expect_err("refused");
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let f = fixture(Mood::Status(500)).await;
    let dev = f.dev();
    let elsewhere = Issuer::start(Mood::Keys(dev.jwks())).await;
    f.issuer.answer(Mood::Redirect(format!("http://{}/jwks", elsewhere.address)));
    assert_eq!(f.verify(&dev, "ada").await.expect_err("refused").kind, ErrorKind::Unavailable);
    assert_eq!(elsewhere.hits(), 0);
}
