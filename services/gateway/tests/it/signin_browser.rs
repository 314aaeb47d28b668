//! People and their browser: headless Chromium at the certified provider oidc-provider, through TLS, as in production.

use crate::signin::{Setup, World, agent::path_of, peers::Peer, settings, tls};
use contracts::mentor::gateway::v1::*;
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::time::Duration;
use tempfile::TempDir;
use testkit::eventually;

const SECRET: &str = "a secret that the provider knows, too";

struct Stage {
    world: World,
    issuer: String,
    login_url: String,
    browser: Peer,
    _provider: Peer,
    _files: TempDir,
}

impl Stage {
    async fn start() -> Stage {
        let world = World::with(Setup::default()).await;
        let public = format!("https://127.0.0.1:{}", world.public);
        let port = testkit::free_port();
        let mut wanted = settings(&format!("http://127.0.0.1:{port}"));
        wanted.scopes = ["email", "groups", "offline_access"].map(str::to_owned).to_vec();
        let added = world.provider(wanted, SECRET).await;
        world.person("7", "ann@x.org").await;
        // Back-channel calls come beside the public address: the test's certificate is nobody's.
        let backchannel = path_of(&added.backchannel_logout_uri);
        let (provider, said) = Peer::start(
            "provider.mjs",
            json!({
                "port": port, "seconds": 120, "accounts": accounts(&["hr"]),
                "client": {
                    "client_id": "mentor", "client_secret": SECRET, "redirect_uris": [added.redirect_uri],
                    "post_logout_redirect_uris": [added.post_logout_redirect_uri],
                    "backchannel_logout_uri": format!("http://127.0.0.1:{}{backchannel}", world.http),
                    "backchannel_logout_session_required": true,
                },
            }),
        )
        .await;
        let files = tls();
        let path = |name: &str| files.path().join(name);
        let (browser, _) = Peer::start("browser.mjs", json!({
            "port": world.public, "to": world.http, "key": path("key"), "certificate": path("certificate"),
        }))
        .await;
        let login_url = added.login_url.clone();
        assert!(login_url.starts_with(&public), "{login_url}");
        let issuer = said["issuer"].as_str().expect("an address").to_owned();
        Stage { world, issuer, login_url, browser, _provider: provider, _files: files }
    }

    async fn accounts(&self, groups: &[&str]) {
        let body = accounts(groups).to_string();
        let sent = reqwest::Client::new().put(format!("{}/accounts", self.issuer)).body(body).send().await;
        assert!(sent.expect("an answer").status().is_success());
    }

    async fn goto(&self, url: &str) -> Value {
        self.browser.ask(json!({ "do": "goto", "url": url })).await
    }

    async fn click(&self, selector: &str) -> Value {
        self.browser.ask(json!({ "do": "click", "selector": selector })).await
    }

    fn at(&self, path: &str) -> String {
        format!("https://127.0.0.1:{}{path}", self.world.public)
    }

    /// As a script of our own page.
    async fn fetch(&self, method: &str, path: &str) -> (u64, String) {
        let answer = self.browser.ask(json!({ "do": "fetch", "method": method, "url": path })).await;
        (answer["status"].as_u64().expect("a status"), answer["body"].as_str().expect("a body").to_owned())
    }

    /// Signs in, with password and consent.
    async fn sign_in(&self) -> Value {
        self.world.now();
        self.goto(&self.login_url).await;
        for (selector, value) in [("input[name=login]", "ann"), ("input[name=password]", "any")] {
            self.browser.ask(json!({ "do": "fill", "selector": selector, "value": value })).await;
        }
        self.click("button[type=submit]").await;
        self.world.now();
        self.click("button[type=submit]").await
    }
}

fn accounts(groups: &[&str]) -> Value {
    json!({ "ann": { "email": "ann@x.org", "email_verified": true, "groups": groups } })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_signs_in_consents_is_renewed_revokes_and_signs_out() {
    let stage = Stage::start().await;
    let page = stage.sign_in().await;
    assert_eq!(page["url"], stage.at("/auth/signed-in"), "{page}");
    assert!(page["text"].as_str().expect("text").contains("You are signed in"), "{page}");

    // The cookie: bound to the host, and no script sees it.
    let cookies = stage.browser.ask(json!({ "do": "cookies" })).await;
    let cookies = cookies["cookies"].as_array().expect("a list");
    let session =
        cookies.iter().find(|cookie| cookie["name"] == "__Host-mentor_session").expect("a session's cookie");
    assert_eq!(
        (&session["httpOnly"], &session["secure"], &session["sameSite"], &session["path"]),
        (&json!(true), &json!(true), &json!("Lax"), &json!("/"))
    );
    assert!(!cookies.iter().any(|cookie| cookie["name"] == "__Host-mentor_login"), "{cookies:?}");
    let seen = stage.browser.ask(json!({ "do": "script_cookies" })).await;
    assert_eq!(seen["text"], "");

    let (status, bearer) = stage.fetch("POST", "/edge").await;
    assert_eq!(status, 200, "{bearer}");
    assert_eq!(stage.world.knock(&bearer).await, Ok(()), "the group hr is hr_admin");

    // The provider is asked again: the refresh token is used once and replaced, and what it says of groups counts.
    stage.accounts(&[]).await;
    for _ in 0..2 {
        stage.world.advance(SignedDuration::from_secs(90));
        let (status, bearer) = stage.fetch("POST", "/edge").await;
        assert_eq!(status, 200, "{bearer}");
        assert_eq!(stage.world.knock(&bearer).await, Err("PERMISSION_DENIED".to_owned()), "no longer hr");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_out_here_signs_out_there_and_the_other_way_round() {
    let stage = Stage::start().await;
    stage.sign_in().await;
    let (_, bearer) = stage.fetch("POST", "/edge").await;
    assert_eq!(stage.world.knock(&bearer).await, Ok(()));
    stage.goto(&stage.at("/auth/logout")).await;
    stage.click("button[type=submit]").await;
    let there = stage.browser.ask(json!({ "do": "has", "selector": "button[name=logout]" })).await;
    assert_eq!(there["has"], true, "the provider asks, too");
    let done = stage.click("button[name=logout]").await;
    assert!(done["url"].as_str().expect("a URL").starts_with(&stage.at("/auth/signed-out")), "{done}");
    assert_eq!(stage.fetch("POST", "/edge").await.0, 204, "the cookie is gone");
    eventually!(Duration::from_secs(5), stage.world.knock(&bearer).await == Err("SESSION_ENDED".to_owned()));

    // At the provider alone: it tells the suite by the back channel.
    let page = stage.sign_in().await;
    assert_eq!(page["url"], stage.at("/auth/signed-in"), "{page}");
    let (_, bearer) = stage.fetch("POST", "/edge").await;
    stage.world.now();
    stage.goto(&format!("{}/session/end", stage.issuer)).await;
    stage.click("button[name=logout]").await;
    eventually!(Duration::from_secs(10), stage.world.live_sessions().await.is_empty());
    stage.goto(&stage.at("/auth/signed-out")).await;
    assert_eq!(stage.fetch("POST", "/edge").await, (403, "SESSION_ENDED".to_owned()));
    eventually!(Duration::from_secs(5), stage.world.knock(&bearer).await == Err("SESSION_ENDED".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_session_is_out_of_the_browser_at_once() {
    let stage = Stage::start().await;
    stage.sign_in().await;
    let (status, own) = stage.fetch("GET", "/auth/sessions").await;
    assert_eq!(status, 200, "{own}");
    assert!(own.contains("Chrome"), "the browser's name is shown: {own}");
    let session = stage.world.live_sessions().await.remove(0);
    let revoke =
        RevokeSessionRequest { request_id: stage.world.request_id(), session_id: session.session_id };
    stage.world.sessions().revoke_session(revoke).await.expect("there");
    assert_eq!(stage.fetch("POST", "/edge").await, (403, "SESSION_ENDED".to_owned()));
    assert_eq!(stage.goto(&stage.at("/auth/signed-in")).await["status"], 401);
}
