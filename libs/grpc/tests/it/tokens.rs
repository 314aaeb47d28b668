//! Tokens that must be refused, and those that must not.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use grpc::{DevIssuer, Identity, IdentitySettings, IssuerSettings, NewToken};
use jiff::{SignedDuration, Timestamp};
use kernel::{Clock, Error, ErrorKind, ManualClock, Role, TenantId, Uuid};
use serde_json::{Value, json};
use std::{path::Path, sync::Arc, time::Duration};

fn clock() -> Arc<ManualClock> {
    ManualClock::at("2025-01-06T09:00:00Z".parse().expect("a time"))
}

struct Fixture {
    clock: Arc<ManualClock>,
    dev: DevIssuer,
    identity: Identity,
    tenant: TenantId,
}

fn fixture() -> Fixture {
    let clock = clock();
    let dev = DevIssuer::new(clock.clone()).expect("randomness");
    let identity = Identity::new(&IdentitySettings::default(), clock.clone(), Some(&dev)).expect("right");
    let tenant = TenantId(clock.new_id());
    Fixture { clock, dev, identity, tenant }
}

impl Fixture {
    fn claims(&self) -> Value {
        let now = self.clock.now().as_second();
        json!({ "iss": self.dev.issuer(), "aud": "mentor", "sub": "ada", "tenant": self.tenant,
                "iat": now, "exp": now + 600, "roles": ["employee", "system", "wizard"] })
    }

    async fn outcome(&self, change: impl FnOnce(&mut Value)) -> Result<(), String> {
        let mut claims = self.claims();
        change(&mut claims);
        let token = self.dev.sign(&claims).expect("signed");
        verdict(&self.identity, &token).await
    }
}

async fn verdict(identity: &Identity, token: &str) -> Result<(), String> {
    match identity.verify(token).await {
        Ok(_) => Ok(()),
        Err(error) => {
            assert_eq!(
                (error.kind, error.reason),
                (ErrorKind::Unauthenticated, "TOKEN_INVALID"),
                "{error:?}"
            );
            Err(error.message.clone().into_owned())
        }
    }
}

#[tokio::test]
async fn claims_become_the_actor() {
    let fixture = fixture();
    let person = fixture.clock.new_id();
    let new = NewToken {
        tenant: fixture.tenant,
        subject: "ada",
        roles: &[Role::Employee, Role::Auditor],
        person: Some(person),
        ttl: Duration::from_secs(60),
    };
    let caller = fixture.identity.verify(&fixture.dev.token(&new).expect("signed")).await.expect("valid");
    let actor = &caller.actor;
    assert_eq!((actor.tenant, actor.subject.as_str(), actor.person), (fixture.tenant, "ada", Some(person)));
    assert_eq!(actor.roles, [Role::Employee, Role::Auditor]);
}

#[tokio::test]
async fn nobody_gets_the_systems_role_from_a_token() {
    let fixture = fixture();
    let token = fixture.dev.sign(&fixture.claims()).expect("signed");
    let caller = fixture.identity.verify(&token).await.expect("valid");
    assert_eq!(caller.actor.roles, [Role::Employee]);
}

#[tokio::test]
async fn wrong_claims_are_refused() {
    let f = fixture();
    let now = f.clock.now().as_second();
    assert_eq!(f.outcome(|_| ()).await, Ok(()));
    assert_eq!(f.outcome(|c| c["aud"] = json!(["x", "mentor"])).await, Ok(()));
    for (field, wrong, words) in [
        ("iss", json!("https://evil.example"), "issuer is not trusted"),
        ("iss", json!("https://dev.mentor.invalid/"), "issuer is not trusted"),
        ("aud", json!("mentors"), "another audience"),
        ("aud", json!(["x", "y"]), "another audience"),
        ("aud", json!([]), "another audience"),
        ("sub", json!(""), "sub is empty"),
        ("sub", json!("x".repeat(256)), "too long"),
        ("exp", json!(now - 61), "expired at 2025-01-06T08:58:59Z"),
        ("exp", json!(now as f64 - 60.5), "expired"),
        ("nbf", json!(now + 62), "not valid yet"),
        ("iat", json!(now + 62), "issued in the future"),
        ("tenant", json!(null), "names no tenant"),
        ("tenant", json!("acme"), "invalid"),
        ("exp", json!("tomorrow"), "invalid"),
        ("exp", json!(null), "invalid"),
    ] {
        let refusal = f.outcome(|claims| claims[field] = wrong.clone()).await.expect_err("refused");
        assert!(refusal.contains(words), "{field} = {wrong}: {refusal}");
    }
    for field in ["iss", "aud", "sub", "exp", "tenant"] {
        let outcome =
            f.outcome(|claims| drop(claims.as_object_mut().expect("an object").remove(field))).await;
        assert!(outcome.is_err(), "without {field}");
    }
}

#[tokio::test]
async fn clocks_may_differ_by_a_minute() {
    let f = fixture();
    let now = f.clock.now().as_second();
    assert_eq!(f.outcome(|c| c["exp"] = json!(now - 59)).await, Ok(()));
    assert_eq!(f.outcome(|c| c["nbf"] = json!(now + 60)).await, Ok(()));
    assert_eq!(f.outcome(|c| c["iat"] = json!(now as f64 + 59.9)).await, Ok(()));
}

#[tokio::test]
async fn a_token_that_was_verified_still_expires_by_the_injected_clock() {
    let f = fixture();
    let token = f.dev.sign(&f.claims()).expect("signed");
    assert_eq!(verdict(&f.identity, &token).await, Ok(()));
    f.clock.advance(SignedDuration::from_secs(659));
    assert_eq!(verdict(&f.identity, &token).await, Ok(()));
    f.clock.advance(SignedDuration::from_secs(1));
    assert!(verdict(&f.identity, &token).await.expect_err("refused").contains("expired"));
}

fn forge(header: &Value, claims: &Value, signature: &[u8]) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{}", part(header), part(claims), URL_SAFE_NO_PAD.encode(signature))
}

#[tokio::test]
async fn forged_signatures_are_refused() {
    let f = fixture();
    let kid = serde_json::from_str::<Value>(&f.dev.jwks()).expect("JSON")["keys"][0]["kid"].clone();
    let claims = f.claims();
    for header in [
        json!({ "alg": "none" }),
        json!({ "alg": "None", "kid": kid }),
        json!({ "alg": "none", "kid": kid }),
        json!({ "alg": "EdDSA", "kid": kid }),
        json!({ "alg": "ES256", "kid": kid }),
        json!({ "alg": "HS256", "kid": kid }),
        json!({ "alg": "EdDSA", "kid": "other" }),
        json!({ "alg": "EdDSA", "kid": "../../etc/passwd" }),
    ] {
        for signature in [&b""[..], &[0; 64], b"x"] {
            assert!(verdict(&f.identity, &forge(&header, &claims, signature)).await.is_err(), "{header}");
        }
    }
    // The public key as a secret: a verifier that lets the token choose would take it.
    let public = serde_json::from_str::<Value>(&f.dev.jwks()).expect("JSON")["keys"][0]["x"].clone();
    let secret = URL_SAFE_NO_PAD.decode(public.as_str().expect("text")).expect("base64");
    let confused = {
        let header = json!({ "alg": "HS256", "kid": kid });
        let signed = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header.to_string()),
            URL_SAFE_NO_PAD.encode(claims.to_string())
        );
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &secret);
        let tag = ring::hmac::sign(&key, signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref()))
    };
    assert!(verdict(&f.identity, &confused).await.is_err());
}

#[tokio::test]
async fn changed_tokens_are_refused() {
    let f = fixture();
    let token = f.dev.sign(&f.claims()).expect("signed");
    let mut parts: Vec<&str> = token.split('.').collect();
    let mut claims = f.claims();
    claims["roles"] = json!(["hr_admin"]);
    let better = URL_SAFE_NO_PAD.encode(claims.to_string());
    parts[1] = &better;
    assert!(verdict(&f.identity, &parts.join(".")).await.is_err());
    for broken in
        ["", ".", "..", "a.b.c", &token[..token.len() - 4], &format!("{token}.x"), &"x".repeat(9000)]
    {
        assert!(verdict(&f.identity, broken).await.is_err(), "{broken}");
    }
    let stranger = DevIssuer::new(f.clock.clone()).expect("randomness");
    assert!(verdict(&f.identity, &stranger.sign(&f.claims()).expect("signed")).await.is_err());
}

#[tokio::test]
async fn critical_extensions_are_refused() {
    let f = fixture();
    let header = json!({ "alg": "EdDSA", "crit": ["exp"] });
    let refusal = verdict(&f.identity, &forge(&header, &f.claims(), &[0; 64])).await.expect_err("refused");
    assert!(refusal.contains("critical"), "{refusal}");
}

/// A token and a key set made once with OpenSSL; the private key is gone.
fn openssl(tenant: Option<TenantId>, tenants: Vec<TenantId>, algorithm: &str) -> IssuerSettings {
    IssuerSettings {
        issuer: "https://idp.example".to_owned(),
        audience: "mentor".to_owned(),
        tenant,
        tenants,
        all_tenants: false,
        jwks_url: None,
        jwks_file: Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/data/rs256.jwks.json")),
        algorithms: vec![algorithm.to_owned()],
    }
}

const OPENSSL_TOKEN: &str = include_str!("data/rs256.token");

fn identity_of(settings: IssuerSettings) -> Identity {
    Identity::new(&IdentitySettings { issuers: vec![settings] }, clock(), None).expect("right")
}

#[tokio::test]
async fn an_rsa_token_of_another_implementation_is_verified() {
    let tenant = TenantId(Uuid::from_u128(7));
    let caller = identity_of(openssl(Some(tenant), Vec::new(), "RS256"))
        .verify(OPENSSL_TOKEN.trim())
        .await
        .expect("valid");
    assert_eq!((caller.actor.tenant, caller.actor.subject.as_str()), (tenant, "hr-platform"));
    assert_eq!(caller.actor.roles, [Role::HrClient]);
}

#[tokio::test]
async fn an_algorithm_outside_of_the_allow_list_is_refused() {
    let identity = identity_of(openssl(Some(TenantId(Uuid::from_u128(7))), Vec::new(), "PS256"));
    let error: Box<Error> = identity.verify(OPENSSL_TOKEN.trim()).await.err().expect("refused");
    assert!(matches!(error.kind, ErrorKind::Unauthenticated | ErrorKind::Unavailable), "{error:?}");
}

#[tokio::test]
async fn an_issuer_speaks_for_its_tenants_only() {
    let listed = openssl(None, vec![TenantId(Uuid::from_u128(8))], "RS256");
    let refusal = verdict(&identity_of(listed), OPENSSL_TOKEN.trim()).await.expect_err("refused");
    assert!(refusal.contains("names no tenant"), "{refusal}");

    let f = fixture();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("jwks.json");
    f.dev.write_jwks(&file).expect("written");
    let trusting = |tenants| {
        let issuers = vec![f.dev.settings(&file, tenants)];
        Identity::new(&IdentitySettings { issuers }, f.clock.clone(), None).expect("right")
    };
    let token = f.dev.sign(&f.claims()).expect("signed");
    assert_eq!(verdict(&trusting(vec![f.tenant]), &token).await, Ok(()));
    let refusal = verdict(&trusting(vec![TenantId(Uuid::from_u128(9))]), &token).await.expect_err("refused");
    assert!(refusal.contains("does not speak for this tenant"), "{refusal}");
}

#[tokio::test]
async fn an_elliptic_key_is_verified_and_bound_to_its_curve() {
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
    let random = ring::rand::SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("made");
    let pair =
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).expect("read");
    let point = pair.public_key().as_ref();
    let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..]));
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("jwks.json");
    let keys = json!({ "keys": [
        { "kty": "EC", "crv": "P-256", "kid": "ec", "x": x, "y": y },
        { "kty": "oct", "kid": "secret", "k": "c2VjcmV0" },
        { "kty": "EC", "crv": "P-256", "kid": "enc", "use": "enc", "x": x, "y": y },
        { "kty": "future", "kid": "unknown" },
    ] });
    std::fs::write(&file, keys.to_string()).expect("written");
    let now: Timestamp = clock().now();
    let tenant = TenantId(Uuid::from_u128(7));
    let settings = IssuerSettings {
        jwks_file: Some(file),
        algorithms: vec!["ES256".to_owned(), "RS256".to_owned()],
        ..openssl(Some(tenant), Vec::new(), "ES256")
    };
    let identity = identity_of(settings);
    let claims =
        json!({ "iss": "https://idp.example", "aud": "mentor", "sub": "ada", "exp": now.as_second() + 60 });
    for (kid, passes) in [("ec", true), ("enc", false), ("secret", false), ("unknown", false)] {
        let header = json!({ "alg": "ES256", "kid": kid });
        let signed = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header.to_string()),
            URL_SAFE_NO_PAD.encode(claims.to_string())
        );
        let signature = pair.sign(&random, signed.as_bytes()).expect("signed");
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()));
        assert_eq!(verdict(&identity, &token).await.is_ok(), passes, "{kid}");
    }
}
