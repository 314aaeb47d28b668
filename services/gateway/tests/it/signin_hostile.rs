//! What a hostile or broken identity provider, and whoever stands between, can send: npm's oauth2-mock-server says it.

use crate::signin::{
    Setup, World,
    agent::{Agent, encoded, path_of},
    peers::Mock,
    settings,
};
use contracts::mentor::gateway::v1::IdentityProvider;
use kernel::{Clock, SystemClock};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use testkit::eventually;

/// Long enough for the pause between two fetches of keys.
const RENEWED: Duration = Duration::from_secs(20);

struct Stage {
    world: World,
    mock: Mock,
    provider: IdentityProvider,
}

impl Stage {
    async fn start() -> Stage {
        Stage::with(Setup { plain: true, ..Setup::default() }).await
    }

    async fn with(setup: Setup) -> Stage {
        let (world, mock) = (World::with(setup).await, Mock::start().await);
        let provider = world.provider(settings(&mock.issuer), "").await;
        world.person("7", "ann@x.org").await;
        let stage = Stage { world, mock, provider };
        stage.control(json!({})).await;
        stage
    }

    /// Ann signs in at the provider, in this way.
    async fn control(&self, control: Value) {
        let ann = json!({ "sub": "ann", "email": "Ann@x.org", "email_verified": true, "groups": ["hr"], "sid": "s1" });
        let mut whole = control;
        let mut claims = ann.as_object().expect("an object").clone();
        claims.extend(whole["claims"].as_object().cloned().unwrap_or_default());
        whole["claims"] = claims.into();
        self.mock.control(whole).await;
    }

    async fn sign_in(&self, agent: &mut Agent) -> u16 {
        self.world.now();
        agent.sign_in(&self.provider.login_url).await.status
    }

    /// Sends a logout token; the status.
    async fn logout(&self, token: &str) -> u16 {
        self.world.now();
        let path = path_of(&self.provider.backchannel_logout_uri);
        let reply = self.world.agent().post(&path, &[("logout_token", token)]).await;
        assert_eq!(
            reply.headers.get("cache-control").and_then(|value| value.to_str().ok()),
            Some("no-store")
        );
        reply.status
    }

    fn logout_claims(&self, jti: &str, change: Value) -> Value {
        let now = SystemClock.now().as_second();
        let mut claims = json!({
            "iss": self.mock.issuer, "aud": "mentor", "iat": now, "exp": now + 120, "jti": jti, "sub": "ann", "sid": "s1",
            "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
        });
        for (name, value) in change.as_object().expect("an object") {
            if value.is_null() {
                claims.as_object_mut().expect("an object").remove(name);
            } else {
                claims[name] = value.clone();
            }
        }
        claims
    }
}

#[tokio::test]
async fn somebody_signs_in_and_out() {
    let stage = Stage::start().await;
    let mut agent = stage.world.agent();
    let sent = agent.begin(&format!("{}?return_to=/programs%3Fx=1", stage.provider.login_url)).await;
    for (name, value) in
        [("response_type", "code"), ("code_challenge_method", "S256"), ("client_id", "mentor")]
    {
        assert_eq!(sent.parameter(name).as_deref(), Some(value), "{}", sent.location);
    }
    for name in ["state", "nonce", "code_challenge"] {
        assert_eq!(sent.parameter(name).map(|value| value.len()), Some(43), "{name}");
    }
    let back = agent.send(Method::GET, &sent.location, &[], None).await;
    let callback = path_of(&back.location);
    let mut thief = agent.copy();
    let done = agent.get(&callback).await;
    assert_eq!((done.status, done.location.as_str()), (303, "/programs?x=1"), "{}", done.text);
    let cookie =
        done.set_cookies.iter().find(|cookie| cookie.starts_with("mentor_session=")).expect("a cookie");
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Path=/"),
        "{cookie}"
    );

    let bearer = agent.bearer().await.expect("signed in");
    assert_eq!(stage.world.knock(&bearer).await, Ok(()), "the group hr is hr_admin");
    assert_eq!(agent.bearer().await.as_deref(), Ok(bearer.as_str()), "one token for the minute");
    assert_eq!(stage.world.live_sessions().await.len(), 1);

    // The answer of the provider once more: same browser, other browser, other state.
    assert_eq!(thief.get(&callback).await.status, 401);
    assert_eq!(stage.world.agent().get(&callback).await.status, 401);
    assert_eq!(agent.get(&callback).await.status, 401);
    assert_eq!(stage.world.live_sessions().await.len(), 1);

    let cross = agent.send(Method::POST, "/auth/logout", &[("sec-fetch-site", "cross-site")], None).await;
    assert_eq!(cross.status, 403);
    let out = agent.post("/auth/logout", &[]).await;
    assert_eq!(out.status, 303);
    assert!(out.location.starts_with(&format!("{}/endsession?", stage.mock.issuer)), "{}", out.location);
    assert!(out.parameter("id_token_hint").is_some() && out.parameter("post_logout_redirect_uri").is_some());
    assert_eq!(agent.cookies.get("mentor_session"), None);
    assert_eq!(stage.world.live_sessions().await, []);
    let mut kept = thief;
    kept.cookies.insert("mentor_session".into(), cookie.split(['=', ';']).nth(1).expect("a value").into());
    assert_eq!(kept.bearer().await, Err("SESSION_ENDED".to_owned()), "a kept cookie leads nowhere");
    eventually!(Duration::from_secs(5), stage.world.knock(&bearer).await == Err("SESSION_ENDED".to_owned()));
}

#[tokio::test]
async fn a_session_is_new_at_every_sign_in_and_ends_by_itself() {
    let mut sign_in = toml::Table::new();
    sign_in.insert("idle_minutes".into(), 30.into());
    sign_in.insert("session_hours".into(), 2.into());
    let stage = Stage::with(Setup { plain: true, sign_in, ..Setup::default() }).await;
    let mut agent = stage.world.agent();
    assert_eq!(stage.sign_in(&mut agent).await, 303);
    let mut before = agent.copy();
    assert_eq!(stage.sign_in(&mut agent).await, 303);
    assert_ne!(agent.cookies, before.cookies);
    assert_eq!(before.bearer().await, Err("SESSION_ENDED".to_owned()), "rotated at sign-in");
    for _ in 0..5 {
        stage.world.advance(jiff::SignedDuration::from_mins(20));
        assert!(agent.bearer().await.is_ok(), "used in time");
    }
    stage.world.advance(jiff::SignedDuration::from_mins(20));
    assert_eq!(agent.bearer().await, Err("SESSION_ENDED".to_owned()), "two hours are over");
    assert_eq!(stage.sign_in(&mut agent).await, 303);
    stage.world.advance(jiff::SignedDuration::from_mins(30));
    assert_eq!(agent.bearer().await, Err("SESSION_ENDED".to_owned()), "not used for half an hour");
}

#[tokio::test]
async fn what_the_provider_says_is_checked_whole() {
    let stage = Stage::start().await;
    let now = SystemClock.now().as_second();
    let bad = [
        ("expired", json!({ "claims": { "exp": now - 120 } })),
        ("not valid yet", json!({ "claims": { "nbf": now + 3_600 } })),
        ("issued in the future", json!({ "claims": { "iat": now + 3_600 } })),
        ("issued long ago", json!({ "claims": { "iat": now - 3_600 } })),
        ("another issuer", json!({ "claims": { "iss": "https://evil.example" } })),
        ("another audience", json!({ "claims": { "aud": "other" } })),
        ("another audience, too", json!({ "claims": { "aud": ["mentor", "other"] } })),
        ("another party", json!({ "claims": { "azp": "other" } })),
        ("another nonce", json!({ "claims": { "nonce": "n" } })),
        ("no nonce", json!({ "without": ["nonce"] })),
        ("nobody", json!({ "claims": { "sub": "" } })),
        ("no signature", json!({ "forge": "none" })),
        ("a stripped signature", json!({ "forge": "stripped" })),
        ("a public key as a secret", json!({ "forge": "hs256-public-key" })),
        ("the client's secret", json!({ "forge": "hs256-client-secret" })),
        ("an unknown key", json!({ "forge": "unknown-key" })),
        ("another key under its name", json!({ "forge": "stolen-kid" })),
        ("bent claims", json!({ "forge": "bent" })),
        ("no ID token", json!({ "answer": { "body": { "access_token": "x", "token_type": "Bearer" } } })),
        ("an error", json!({ "answer": { "statusCode": 400, "body": { "error": "invalid_grant" } } })),
    ];
    for (what, control) in bad {
        stage.control(control).await;
        let mut agent = stage.world.agent();
        assert_eq!(stage.sign_in(&mut agent).await, 401, "{what}");
        assert_eq!(agent.cookies.get("mentor_session"), None, "{what}");
        // Failed attempts are few a second.
        stage.world.suite.advance(jiff::SignedDuration::from_secs(1));
    }
    for (what, control, status) in [
        ("an address that is not verified", json!({ "claims": { "email_verified": false } }), 403),
        ("an address of nobody", json!({ "claims": { "email": "eve@x.org" } }), 403),
        ("nonsense", json!({ "answer": { "statusCode": 500, "body": "<html>" } }), 503),
    ] {
        stage.control(control).await;
        assert_eq!(stage.sign_in(&mut stage.world.agent()).await, status, "{what}");
    }
    assert_eq!(stage.world.live_sessions().await, []);
    stage.control(json!({})).await;
    assert_eq!(stage.sign_in(&mut stage.world.agent()).await, 303, "and who is good comes in");
}

#[tokio::test]
async fn an_answer_is_taken_from_the_provider_that_was_asked_alone() {
    let stage = Stage::start().await;
    let begin = async |agent: &mut Agent| -> String {
        stage.world.now();
        let sent = agent.begin(&stage.provider.login_url).await;
        path_of(&agent.send(Method::GET, &sent.location, &[], None).await.location)
    };
    let mut agent = stage.world.agent();
    let callback = begin(&mut agent).await;
    assert_eq!(
        agent.get(&format!("{callback}&iss=https%3A%2F%2Fevil.example")).await.status,
        401,
        "RFC 9207"
    );
    let callback = begin(&mut agent).await;
    let issuer = encoded(&[("iss", &stage.mock.issuer)]);
    assert_eq!(agent.get(&format!("{callback}&{issuer}")).await.status, 303);
    let callback = begin(&mut agent).await;
    assert_eq!(agent.get(&format!("{callback}&code=other")).await.status, 400, "twice");
    let callback = begin(&mut agent).await;
    let mut other = stage.world.agent();
    begin(&mut other).await;
    assert_eq!(other.get(&callback).await.status, 401, "another browser's");
    let state = begin(&mut agent).await;
    let state = state.split("state=").nth(1).expect("a state").split('&').next().expect("a state").to_owned();
    let refused = agent
        .get(&format!("/auth/callback?state={state}&error=access_denied&error_description=%3Cscript%3E"))
        .await;
    assert_eq!(refused.status, 403);
    assert!(refused.text.contains("access_denied") && !refused.text.contains("script"), "{}", refused.text);
    for path in [
        "/auth/callback",
        "/auth/callback?state=x&code=y",
        "/auth/x/login",
        "/auth/00000000-0000-0000-0000-000000000000/login",
    ] {
        assert!((400..500).contains(&stage.world.agent().get(path).await.status), "{path}");
    }
    let csp = refused.headers.get("content-security-policy").and_then(|value| value.to_str().ok());
    assert!(csp.is_some_and(|csp| csp.contains("default-src 'none'")), "{csp:?}");
}

#[tokio::test]
async fn nobody_is_sent_to_another_site() {
    let stage = Stage::start().await;
    for target in [
        "//evil.example",
        "https://evil.example",
        "/%5Cevil.example",
        "/%09/evil.example",
        "javascript:alert(1)",
    ] {
        let mut agent = stage.world.agent();
        stage.world.now();
        let reply = agent.sign_in(&format!("{}?return_to={target}", stage.provider.login_url)).await;
        assert_eq!((reply.status, reply.location.as_str()), (303, "/auth/signed-in"), "{target}");
    }
}

#[tokio::test]
async fn sign_ins_are_limited() {
    let mut sign_in = toml::Table::new();
    sign_in.insert("logins_per_minute".into(), 3.into());
    sign_in.insert("client_address_header".into(), "x-forwarded-for".into());
    let stage = Stage::with(Setup { plain: true, sign_in, ..Setup::default() }).await;
    let path = path_of(&stage.provider.login_url);
    let knock = async |address: &str| {
        stage.world.agent().send(Method::GET, &path, &[("x-forwarded-for", address)], None).await
    };
    for _ in 0..3 {
        assert_eq!(knock("1.1.1.1, 10.0.0.1").await.status, 303);
    }
    let refused = knock("2.2.2.2, 10.0.0.1").await;
    assert_eq!(refused.status, 429, "what a client writes itself does not help it");
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(knock("10.0.0.2").await.status, 303, "others come in");
}

#[tokio::test]
async fn documents_that_are_away_slow_huge_or_elsewhere_let_nobody_in_and_hold_nothing() {
    for how in ["down", "slow", "huge", "redirect", "nonsense"] {
        let stage = Stage::start().await;
        stage.control(json!({ "documents": how })).await;
        let began = Instant::now();
        let reply = stage.world.agent().get(&path_of(&stage.provider.login_url)).await;
        assert_eq!(reply.status, 503, "{how}: {}", reply.text);
        assert!(began.elapsed() < Duration::from_secs(15), "{how} took {:?}", began.elapsed());
        // Asked at once again it is not fetched again.
        let began = Instant::now();
        assert_eq!(stage.world.agent().get(&path_of(&stage.provider.login_url)).await.status, 503, "{how}");
        assert!(began.elapsed() < Duration::from_secs(3), "{how}");
    }
}

#[tokio::test]
async fn keys_that_rotate_in_mid_session_are_followed_and_a_provider_that_is_away_is_survived() {
    let stage = Stage::start().await;
    let mut agent = stage.world.agent();
    assert_eq!(stage.sign_in(&mut agent).await, 303);
    stage.control(json!({ "documents": "down" })).await;
    assert_eq!(stage.sign_in(&mut stage.world.agent()).await, 303, "by what was known");
    assert!(agent.bearer().await.is_ok());
    stage.control(json!({ "rotate": true })).await;
    let mut n = 0;
    let mut logout = async || {
        n += 1;
        let claims = stage.logout_claims(&format!("rotated-{n}"), json!({}));
        stage.logout(&stage.mock.sign(json!({}), claims).await).await
    };
    eventually!(RENEWED, logout().await == 200);
    assert_eq!(agent.bearer().await, Err("SESSION_ENDED".to_owned()));
}

#[tokio::test]
async fn a_logout_token_is_checked_whole_and_taken_once() {
    let stage = Stage::start().await;
    let mut agent = stage.world.agent();
    assert_eq!(stage.sign_in(&mut agent).await, 303);
    let bearer = agent.bearer().await.expect("signed in");
    let now = SystemClock.now().as_second();
    let bad = [
        ("another issuer", json!({}), json!({ "iss": "https://evil.example" })),
        ("another audience", json!({}), json!({ "aud": ["other"] })),
        ("no audience", json!({}), json!({ "aud": null })),
        ("old", json!({}), json!({ "iat": now - 3_600 })),
        ("of the future", json!({}), json!({ "iat": now + 3_600 })),
        ("expired", json!({}), json!({ "exp": now - 120 })),
        ("no event", json!({}), json!({ "events": {} })),
        ("another event", json!({}), json!({ "events": { "http://x": {} } })),
        ("no events", json!({}), json!({ "events": null })),
        ("a nonce", json!({}), json!({ "nonce": "x" })),
        ("no id", json!({}), json!({ "jti": null })),
        ("an empty id", json!({}), json!({ "jti": "" })),
        ("nobody", json!({}), json!({ "sub": null, "sid": null })),
        ("an ID token", json!({ "typ": "at+jwt" }), json!({})),
        ("no algorithm", json!({ "alg": "none" }), json!({})),
        ("symmetric", json!({ "alg": "HS256" }), json!({})),
        ("an unknown key", json!({ "kid": "stranger" }), json!({})),
        ("critical extensions", json!({ "crit": ["x"], "x": 1 }), json!({})),
    ];
    for (what, header, change) in bad {
        let claims = stage.logout_claims("bad", change);
        let token = stage.mock.sign(header, claims).await;
        assert_eq!(stage.logout(&token).await, 400, "{what}");
    }
    let good = stage.mock.sign(json!({}), stage.logout_claims("good", json!({}))).await;
    let bent = format!("{}x", good);
    for token in ["", "x", "a.b.c", bent.as_str()] {
        assert_eq!(stage.logout(token).await, 400, "{token}");
    }
    let path = path_of(&stage.provider.backchannel_logout_uri);
    let huge = "x".repeat(1_000_000);
    assert_eq!(stage.world.agent().post(&path, &[("logout_token", &huge)]).await.status, 400);
    assert_eq!(agent.bearer().await.as_deref().map(str::is_empty), Ok(false), "none of it ended anything");
    // The same at another tenant's address.
    let tenant = stage.world.suite.tenant.to_string();
    let elsewhere = path.replace(&tenant, "00000000-0000-0000-0000-000000000001");
    assert_eq!(stage.world.agent().post(&elsewhere, &[("logout_token", &good)]).await.status, 404);
    assert_eq!(stage.world.live_sessions().await.len(), 1);

    assert_eq!(stage.logout(&good).await, 200);
    assert_eq!(agent.bearer().await, Err("SESSION_ENDED".to_owned()));
    eventually!(Duration::from_secs(5), stage.world.knock(&bearer).await == Err("SESSION_ENDED".to_owned()));
    assert_eq!(stage.sign_in(&mut agent).await, 303);
    assert_eq!(stage.logout(&good).await, 400, "taken once");
    assert!(agent.bearer().await.is_ok());
    // By subject it ends every session of theirs.
    let mut second = stage.world.agent();
    stage.control(json!({ "claims": { "sid": "s2" } })).await;
    assert_eq!(stage.sign_in(&mut second).await, 303);
    let claims = stage.logout_claims("all", json!({ "sid": null }));
    assert_eq!(stage.logout(&stage.mock.sign(json!({}), claims).await).await, 200);
    for agent in [&mut agent, &mut second] {
        assert_eq!(agent.bearer().await, Err("SESSION_ENDED".to_owned()));
    }
}

#[tokio::test]
async fn a_cookie_counts_for_requests_of_our_own_pages() {
    let stage = Stage::start().await;
    let mut agent = stage.world.agent();
    assert_eq!(agent.get("/edge").await.status, 204, "no cookie is nobody");
    assert_eq!(stage.sign_in(&mut agent).await, 303);
    let origin = format!("http://127.0.0.1:{}", stage.world.http);
    let mut send = async |method: Method, headers: &[(&str, &str)]| {
        let reply = agent.send(method, "/edge", headers, None).await;
        (reply.status, reply.text)
    };
    let refused = (403, "CROSS_SITE".to_owned());
    assert_eq!(send(Method::POST, &[("sec-fetch-site", "cross-site")]).await, refused);
    assert_eq!(send(Method::POST, &[("sec-fetch-site", "same-site"), ("origin", &origin)]).await, refused);
    assert_eq!(send(Method::POST, &[("origin", "https://evil.example")]).await, refused);
    assert_eq!(send(Method::POST, &[]).await, refused);
    assert_eq!(send(Method::POST, &[("sec-fetch-site", "same-origin")]).await.0, 200);
    assert_eq!(send(Method::POST, &[("origin", &origin)]).await.0, 200);
    let mut forged = stage.world.agent();
    for value in ["x", &"A".repeat(43), &"x".repeat(5_000)] {
        forged.cookies.insert("mentor_session".into(), value.into());
        assert_eq!(forged.bearer().await, Err("SESSION_ENDED".to_owned()));
    }
}
