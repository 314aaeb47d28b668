//! Machines: clients, their secrets and keys, and what their tokens may do.

use crate::signin::{World, agent::Reply, reason};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use contracts::mentor::gateway::v1::*;
use grpc::Signer;
use jiff::SignedDuration;
use kernel::Clock;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use testkit::eventually;

async fn token(world: &World, form: &[(&str, &str)]) -> Reply {
    world.agent().post("/oauth/token", form).await
}

async fn granted(world: &World, client: &Client, secret: &str, scope: &str) -> Result<Value, String> {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", client.client_identifier.as_str()),
        ("client_secret", secret),
        ("scope", scope),
    ];
    let reply = token(world, &form).await;
    let body = reply.json();
    match reply.status {
        200 => Ok(body),
        _ => Err(body["error"].as_str().expect("a word of the standard").to_owned()),
    }
}

fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).expect("a JWT");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
}

#[tokio::test]
async fn a_client_gets_tokens_that_its_scopes_narrow() {
    let world = World::start().await;
    let (client, secret) = world.client("export", &["directory", "connections"]).await;
    assert!(secret.starts_with("mentor_client_") && client.last_used_at.is_none());
    let answer = granted(&world, &client, &secret, "").await.expect("granted");
    assert_eq!((answer["token_type"].as_str(), answer["expires_in"].as_i64()), (Some("Bearer"), Some(300)));
    assert_eq!(answer["scope"], "connections directory");
    let all = answer["access_token"].as_str().expect("a token");
    assert_eq!(
        world.knock(all).await,
        Err("PERMISSION_DENIED".to_owned()),
        "hr_client reads no connections, whatever its scopes"
    );
    let said = claims(all);
    assert_eq!((said["roles"].clone(), said["aud"].as_str()), (json!(["hr_client"]), Some("mentor")));
    assert_eq!(granted(&world, &client, &secret, "directory").await.expect("granted")["scope"], "directory");
    assert_eq!(granted(&world, &client, &secret, "audit").await, Err("invalid_scope".to_owned()));
    let read = GetClientRequest { client_id: client.client_id.clone() };
    let read = world.clients().get_client(read).await.expect("there").into_inner().client.expect("answered");
    assert!(read.last_used_at.is_some());
    // At an identity provider's machine, too: its role allows what its scope does not.
    let issuer = world.suite.host().issuer().expect("the development issuer");
    let now = world.suite.clock.now().as_second();
    let sign = |more: Value| {
        let mut claims = json!({
            "iss": issuer.issuer(), "aud": "mentor", "sub": "m", "iat": now, "exp": now + 60, "tenant": world.suite.tenant,
            "roles": ["hr_admin"],
        });
        for (name, value) in more.as_object().expect("an object") {
            claims[name] = value.clone();
        }
        issuer.sign(&claims).expect("signed")
    };
    for (more, expected) in [
        (json!({}), Ok(())),
        (json!({ "scope": "openid profile" }), Ok(())),
        (json!({ "scope": "audit connections" }), Ok(())),
        (json!({ "scp": ["connections"] }), Ok(())),
        (json!({ "scope": "audit" }), Err("SCOPE_MISSING".to_owned())),
        (json!({ "scp": "audit" }), Err("SCOPE_MISSING".to_owned())),
        (json!({ "scope": "invoices", "roles": ["hr_admin", "hr_client"] }), Err("SCOPE_MISSING".to_owned())),
        (json!({ "scope": "openid", "roles": ["hr_admin", "hr_client"] }), Ok(())),
        (json!({ "cnf": { "x5t#S256": "abc" } }), Err("TOKEN_INVALID".to_owned())),
        (json!({ "cnf": { "jkt": "abc" } }), Err("TOKEN_INVALID".to_owned())),
    ] {
        assert_eq!(world.knock(&sign(more.clone())).await, expected, "{more}");
    }
}

#[tokio::test]
async fn a_secret_is_shown_once_rotates_with_an_overlap_and_ends() {
    let world = World::start().await;
    let request = CreateClientRequest {
        request_id: world.request_id(),
        name: "export".into(),
        scopes: vec!["directory".into()],
        ..CreateClientRequest::default()
    };
    let first = world.clients().create_client(request.clone()).await.expect("sound").into_inner();
    let again = world.clients().create_client(request).await.expect("repeated").into_inner();
    assert_eq!((again.client.as_ref(), again.client_secret.as_str()), (first.client.as_ref(), ""));
    let (client, secret) = (first.client.expect("answered"), first.client_secret);
    let rows: Vec<String> = sqlx::query_scalar(
        "select to_jsonb(s)::text from gateway.client_secret s union all select to_jsonb(c)::text from gateway.client c \
         union all select encode(response, 'escape') from gateway.idempotency where response is not null",
    )
    .fetch_all(world.suite.sql())
    .await
    .expect("rows");
    assert!(
        rows.len() >= 3 && rows.iter().all(|row| !row.contains(&secret["mentor_client_".len()..])),
        "{rows:?}"
    );

    let rotate = async |overlap: i64| {
        let overlap = Some(prost_types::Duration { seconds: overlap, nanos: 0 });
        let request = RotateClientSecretRequest {
            request_id: world.request_id(),
            client_id: client.client_id.clone(),
            overlap,
        };
        world.clients().rotate_client_secret(request).await
    };
    let second = rotate(3_600).await.expect("alive").into_inner().client_secret;
    assert!(
        granted(&world, &client, &secret, "").await.is_ok()
            && granted(&world, &client, &second, "").await.is_ok()
    );
    world.advance(SignedDuration::from_hours(1));
    assert_eq!(granted(&world, &client, &secret, "").await, Err("invalid_client".to_owned()));
    assert_eq!(reason(rotate(31 * 86_400).await), "FIELD_INVALID");

    let live = granted(&world, &client, &second, "").await.expect("granted");
    let live = live["access_token"].as_str().expect("a token").to_owned();
    assert_eq!(world.knock(&live).await, Err("PERMISSION_DENIED".to_owned()), "known");
    let revoke = async || {
        let request =
            RevokeClientRequest { request_id: world.request_id(), client_id: client.client_id.clone() };
        world.clients().revoke_client(request).await
    };
    revoke().await.expect("alive");
    assert_eq!(granted(&world, &client, &second, "").await, Err("invalid_client".to_owned()));
    eventually!(Duration::from_secs(5), world.knock(&live).await == Err("SESSION_ENDED".to_owned()));
    assert_eq!(reason(revoke().await), "CLIENT_STATE");
    assert_eq!(reason(rotate(1).await), "CLIENT_STATE");
    world.client("export", &["audit"]).await;
    let listed =
        world.clients().list_clients(ListClientsRequest::default()).await.expect("allowed").into_inner();
    assert_eq!(listed.clients.len(), 1);
}

#[tokio::test]
async fn what_proves_nothing_is_refused_by_the_standards_words() {
    let world = World::start().await;
    let (client, secret) = world.client("export", &["directory"]).await;
    let (other, _) = world.client("other", &["directory"]).await;
    let id = client.client_identifier.as_str();
    let basic = |id: &str, secret: &str| format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
    let by_basic = async |value: &str| {
        let form = "grant_type=client_credentials".to_owned();
        world.agent().send(Method::POST, "/oauth/token", &[("authorization", value)], Some(form)).await
    };
    assert_eq!(by_basic(&basic(id, &secret)).await.status, 200);
    let refused = by_basic(&basic(id, "mentor_client_x")).await;
    assert_eq!((refused.status, refused.json()["error"].as_str()), (401, Some("invalid_client")));
    assert!(refused.headers.contains_key("www-authenticate"));
    assert_eq!(
        by_basic(&basic(&other.client_identifier, &secret)).await.status,
        401,
        "another client's secret"
    );
    // Another tenant's name in front of the same client.
    let swapped = format!("{}.{}", "1".repeat(32), id.split_once('.').expect("two parts").1);
    assert_eq!(by_basic(&basic(&swapped, &secret)).await.status, 401);
    assert_eq!(by_basic("Bearer x").await.status, 401);
    assert_eq!(by_basic("Basic %%%").await.status, 401);
    for (form, status, word) in [
        (vec![("client_id", id), ("client_secret", &secret)], 400, "invalid_request"),
        (
            vec![("grant_type", "password"), ("client_id", id), ("client_secret", &secret)],
            400,
            "unsupported_grant_type",
        ),
        (
            vec![("grant_type", "client_credentials"), ("grant_type", "client_credentials")],
            400,
            "invalid_request",
        ),
        (vec![("grant_type", "client_credentials")], 401, "invalid_client"),
        (
            vec![("grant_type", "client_credentials"), ("client_id", "\0"), ("client_secret", "x")],
            401,
            "invalid_client",
        ),
    ] {
        let reply = token(&world, &form).await;
        assert_eq!((reply.status, reply.json()["error"].as_str()), (status, Some(word)), "{form:?}");
    }
    let huge = "x".repeat(1_000_000);
    assert_eq!(token(&world, &[("grant_type", &huge)]).await.status, 400);
    let json =
        world.agent().send(Method::POST, "/oauth/token", &[("content-type", "application/json")], None).await;
    assert_eq!(json.status, 400);
    let mut limited = false;
    for _ in 0..60 {
        limited = by_basic(&basic(id, "mentor_client_x")).await.status == 429;
        if limited {
            break;
        }
    }
    assert!(limited, "guessing gets nowhere");
}

#[tokio::test]
async fn a_client_may_sign_with_a_key_of_its_own() {
    let world = World::start().await;
    let key = Signer::random().expect("randomness");
    let thumbprint = URL_SAFE_NO_PAD.encode([7; 32]);
    let request = |jwks: Value| CreateClientRequest {
        request_id: world.request_id(),
        name: "signer".into(),
        scopes: vec!["directory".into()],
        certificate_thumbprint: thumbprint.clone(),
        jwks: jwks.to_string(),
    };
    for jwks in [
        json!({ "keys": [] }),
        json!({ "keys": [{ "kty": "oct", "k": "x" }] }),
        json!("x"),
        json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "x": "x", "d": "y" }] }),
    ] {
        assert_eq!(reason(world.clients().create_client(request(jwks)).await), "FIELD_INVALID");
    }
    let answer = world
        .clients()
        .create_client(request(json!({ "keys": [key.jwk()] })))
        .await
        .expect("sound")
        .into_inner();
    let client = answer.client.expect("answered");
    assert_eq!((answer.client_secret.as_str(), client.has_public_key), ("", true));
    let id = client.client_identifier.clone();
    let endpoint = format!("http://127.0.0.1:{}/oauth/token", world.http);
    let now = world.suite.clock.now().as_second();
    let assertion = |key: &Signer, change: Value| {
        let mut claims = json!({ "iss": id, "sub": id, "aud": endpoint, "iat": now, "exp": now + 60, "jti": world.request_id() });
        for (name, value) in change.as_object().expect("an object") {
            claims[name] = value.clone();
        }
        key.sign(&claims, None).expect("signed")
    };
    let ask = async |assertion: &str| {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", assertion),
        ];
        token(&world, &form).await
    };
    let good = assertion(&key, json!({}));
    let answer = ask(&good).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let issued = answer.json()["access_token"].as_str().expect("a token").to_owned();
    assert_eq!(claims(&issued)["cnf"]["x5t#S256"], thumbprint.as_str());
    assert_eq!(world.knock(&issued).await, Err("TOKEN_INVALID".to_owned()), "good with its certificate only");
    assert_eq!(ask(&good).await.status, 401, "once");
    let stranger = Signer::random().expect("randomness");
    for (key, change) in [
        (&stranger, json!({})),
        (&key, json!({ "aud": "https://elsewhere.example" })),
        (&key, json!({ "iss": "somebody" })),
        (&key, json!({ "exp": now - 120 })),
        (&key, json!({ "exp": now + 86_400 })),
        (&key, json!({ "nbf": now + 3_600 })),
        (&key, json!({ "jti": "" })),
    ] {
        assert_eq!(ask(&assertion(key, change.clone())).await.status, 401, "{change}");
    }
    assert_eq!(ask("a.b.c").await.status, 401);
    let rotate = RotateClientSecretRequest {
        request_id: world.request_id(),
        client_id: client.client_id,
        overlap: None,
    };
    assert_eq!(reason(world.clients().rotate_client_secret(rotate).await), "CLIENT_STATE");
}

#[tokio::test]
async fn the_suite_says_what_it_is_as_an_issuer() {
    let world = World::start().await;
    let jwks = world.agent().get("/.well-known/jwks.json").await;
    let keys = jwks.json()["keys"].as_array().cloned().expect("a list");
    assert_eq!(keys.len(), 1);
    assert!(keys.iter().all(|key| key.get("d").is_none()), "public alone");
    let metadata = world.agent().get("/.well-known/oauth-authorization-server").await.json();
    assert_eq!(metadata["issuer"], format!("http://127.0.0.1:{}", world.http));
    assert_eq!(metadata["token_endpoint"], format!("http://127.0.0.1:{}/oauth/token", world.http));
}
