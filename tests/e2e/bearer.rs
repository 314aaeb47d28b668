//! What a hostile or broken identity provider can send to the services' own check of tokens: oauth2-mock-server says it to
//! each of them.

use grpc::{Channel, Client, StaticToken};
use kernel::{Clock, SystemClock};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use testkit::{TestDatabase, eventually, peers::Mock};
use tests::{
    leaving::{refusal, trusted},
    process::{Fleet, SERVICES, Servers},
};

/// Keys are fetched every ten seconds at most; a fetch takes three at most.
const RENEWED: Duration = Duration::from_secs(30);
/// What waits for a provider waits for three seconds; the rest is for a busy machine.
const BOUNDED: Duration = Duration::from_secs(10);

struct Stage {
    fleet: Fleet,
    mock: Mock,
    // Dropped after the processes, whose connections it ends.
    _database: TestDatabase,
}

impl Stage {
    async fn start() -> Stage {
        let database = TestDatabase::empty().await;
        let mut fleet = Fleet::prepare(&Servers::shared(&database.url()).await).await;
        let mock = Mock::start().await;
        fleet.settings(&[trusted(&mock, fleet.tenant)], "");
        fleet.start_all().await;
        Stage { fleet, mock, _database: database }
    }

    async fn documents(&self, how: &str) {
        self.mock.control(json!({ "documents": how })).await;
    }

    /// Claims that are good, but for these.
    fn claims(&self, change: Value) -> Value {
        let now = SystemClock.now().as_second();
        let mut claims = json!({
            "iss": self.mock.issuer, "aud": "mentor", "sub": "ann", "iat": now, "exp": now + 3_600,
            "tenant": self.fleet.tenant, "roles": ["employee"], "person": SystemClock.new_id(),
        });
        let own = claims.as_object_mut().expect("an object");
        for (name, value) in change.as_object().expect("an object") {
            match value {
                Value::Null => drop(own.remove(name)),
                value => drop(own.insert(name.clone(), value.clone())),
            }
        }
        claims
    }

    /// A token of the newest key.
    async fn token(&self) -> String {
        self.mock.sign(json!({ "typ": "JWT" }), self.claims(json!({}))).await
    }

    fn channel(&self, service: &str, token: &str) -> Channel {
        let client = Client::of(vec![self.fleet.address(service)]).expect("an address").attempts(1);
        client.token(StaticToken(token.to_owned())).build().expect("a channel")
    }

    async fn refusal(&self, service: &str, token: &str) -> Option<&'static str> {
        refusal(service, self.channel(service, token)).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_tokens_are_refused_by_every_service() {
    let mut stage = Stage::start().await;
    let good = stage.token().await;
    for service in SERVICES {
        assert_eq!(stage.refusal(service, &good).await, None, "{service}");
    }
    let now = SystemClock.now().as_second();
    let claims = [
        ("expired", json!({ "exp": now - 120 })),
        ("without an end", json!({ "exp": null })),
        ("an end that is no time", json!({ "exp": "never" })),
        ("not valid yet", json!({ "nbf": now + 3_600 })),
        ("issued in the future", json!({ "iat": now + 3_600 })),
        ("another issuer", json!({ "iss": "https://evil.example" })),
        ("almost the issuer", json!({ "iss": format!("{}/", stage.mock.issuer) })),
        ("no issuer", json!({ "iss": null })),
        ("another audience", json!({ "aud": "other" })),
        ("other audiences", json!({ "aud": ["other", "mentors"] })),
        ("no audience", json!({ "aud": null })),
        ("nobody", json!({ "sub": "" })),
        ("another tenant", json!({ "tenant": SystemClock.new_id() })),
        ("no tenant", json!({ "tenant": null })),
    ];
    let mut bad = Vec::new();
    for (what, change) in claims {
        bad.push((what, stage.mock.sign(json!({ "typ": "JWT" }), stage.claims(change)).await));
    }
    for (what, header) in [
        ("no algorithm", json!({ "alg": "none" })),
        ("a symmetric algorithm", json!({ "alg": "HS256" })),
        ("an algorithm of another key", json!({ "alg": "ES256" })),
        ("an algorithm that is not allowed", json!({ "alg": "RS512" })),
        ("a critical extension", json!({ "crit": ["x"], "x": 1 })),
        ("an unknown key", json!({ "kid": "stranger" })),
    ] {
        bad.push((what, stage.mock.sign(header, stage.claims(json!({}))).await));
    }
    for how in ["none", "stripped", "hs256-public-key", "unknown-key", "stolen-kid", "bent"] {
        bad.push((how, stage.mock.forge(how, json!({}), stage.claims(json!({}))).await));
    }
    bad.push(("cut", good.trim_end_matches(|last: char| last != '.').to_owned()));
    bad.push(("too long", format!("{good}{}", "x".repeat(10_000))));
    for (what, token) in &bad {
        for service in SERVICES {
            assert_eq!(stage.refusal(service, token).await, Some("TOKEN_INVALID"), "{what} at {service}");
        }
    }
    for service in SERVICES {
        assert_eq!(stage.refusal(service, &good).await, None, "who is good is still let in by {service}");
    }
    stage.fleet.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_that_are_away_slow_huge_or_rotated_are_survived() {
    let mut stage = Stage::start().await;
    let good = stage.token().await;

    // Without any keys nobody is let in, and nobody waits for long.
    let troubles = ["down", "slow", "huge", "redirect", "nonsense"];
    for (service, trouble) in SERVICES.into_iter().zip(troubles) {
        stage.documents(trouble).await;
        let began = Instant::now();
        let refused = stage.refusal(service, &good).await;
        assert_eq!(refused, Some("DEPENDENCY_UNAVAILABLE"), "{service} while keys are {trouble}");
        assert!(began.elapsed() < BOUNDED, "{service} while keys are {trouble} took {:?}", began.elapsed());
    }
    stage.mock.control(json!({})).await;
    for service in SERVICES {
        eventually!(RENEWED, stage.refusal(service, &good).await.is_none());
    }

    // With the last good ones all goes on, while others make it look for keys.
    for trouble in troubles {
        stage.documents(trouble).await;
        let stranger = stage.mock.sign(json!({ "kid": "stranger" }), stage.claims(json!({}))).await;
        let another = stage.token().await;
        for service in SERVICES {
            let began = Instant::now();
            let (unknown, known) =
                tokio::join!(stage.refusal(service, &stranger), stage.refusal(service, &another));
            assert_eq!((unknown, known), (Some("TOKEN_INVALID"), None), "{service} while keys are {trouble}");
            assert!(
                began.elapsed() < BOUNDED,
                "{service} while keys are {trouble} took {:?}",
                began.elapsed()
            );
        }
    }

    // A new key in mid-session: its tokens come in as soon as keys may be fetched again, and the others stay.
    stage.mock.control(json!({ "rotate": true })).await;
    let fresh = stage.token().await;
    for service in SERVICES {
        eventually!(RENEWED, stage.refusal(service, &fresh).await.is_none());
        assert_eq!(stage.refusal(service, &good).await, None, "{service}");
    }
    stage.fleet.stop().await;
}
