//! Bearer tokens. Of people: whatever a token says, it is taken only when it is signed and its claims are those of a token
//! that is good now; changed in any place it is refused. Of connections: a text that names a tenant is that tenant's.

#![no_main]

#[path = "../../../services/gateway/src/connections/token.rs"]
#[expect(dead_code, reason = "only the reader is of interest")]
mod connection;
mod dice;

use dice::Dice;
use grpc::{DevIssuer, Identity, IdentitySettings};
use jiff::{SignedDuration, Timestamp};
use kernel::{Clock, ManualClock, SharedClock};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};
use std::{
    io::Write,
    sync::{Arc, LazyLock},
};
use tokio::runtime::{Builder, Runtime};

struct Bench {
    runtime: Runtime,
    clock: Arc<ManualClock>,
    issuer: DevIssuer,
    identity: Identity,
}

/// The issuer's key, written beside nothing: a target has no folder of its own.
static BENCH: LazyLock<Bench> = LazyLock::new(|| {
    let clock = ManualClock::at(Timestamp::from_second(1_800_000_000).expect("in range"));
    let shared: SharedClock = clock.clone();
    let issuer = DevIssuer::new(shared.clone()).expect("randomness");
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let identity = {
        let _inside = runtime.enter();
        Identity::new(&IdentitySettings::default(), shared, Some(&issuer)).expect("the issuer's own keys")
    };
    Bench { runtime, clock, issuer, identity }
});

fuzz_target!(|data: &[u8]| {
    let mut dice = Dice::new(data);
    match dice.below(3) {
        0 => foreign(&String::from_utf8_lossy(data.get(1..).unwrap_or_default())),
        1 => assembled(&mut dice),
        _ => signed(&mut dice),
    }
});

fn taken(token: &str) -> bool {
    let verified = BENCH.runtime.block_on(BENCH.identity.verify(token));
    match verified {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.reason, "TOKEN_INVALID", "{error}");
            false
        }
    }
}

/// Any text is no token.
fn foreign(text: &str) {
    assert!(!taken(text), "{text:?}");
    if let Some(tenant) = connection::tenant(text) {
        let rest = text.strip_prefix("mentor_scim_").expect("the prefix");
        assert!(rest.len() == 64 && !tenant.0.is_nil() || rest.starts_with("AAAAAAAAAAAAAAAAAAAAA"), "{text:?}");
    }
}

/// Three parts that look right, and no signature.
fn assembled(dice: &mut Dice<'_>) {
    let algorithm = ["EdDSA", "none", "HS256", "RS256", "ES256", "eddsa"][dice.below(6)];
    let mut header = json!({ "alg": algorithm, "typ": "JWT" });
    if dice.one_in(2) {
        header["kid"] = random(dice, 0);
    }
    if dice.one_in(4) {
        header["jwk"] = json!({ "kty": "OKP", "crv": "Ed25519", "x": "AAAA" });
    }
    let claims = claims(dice);
    let part = |value: &Value| encoded(value.to_string().as_bytes());
    let signature: Vec<u8> = (0..[0, 32, 64, 65][dice.below(4)]).map(|_| dice.byte()).collect();
    let token = format!("{}.{}.{}", part(&header), part(&claims), encoded(&signature));
    assert!(!taken(&token), "{header} {claims}");
}

/// Signed by the issuer: taken exactly when the claims are good.
fn signed(dice: &mut Dice<'_>) {
    let claims = claims(dice);
    let token = BENCH.issuer.sign(&claims).expect("the issuer signs");
    let good = is_good(&claims);
    assert_eq!(taken(&token), good, "{claims}");
    // Once more: the second time it comes from memory.
    assert_eq!(taken(&token), good, "again {claims}");
    let mut changed = token.clone().into_bytes();
    let at = dice.below(changed.len().min(65_536));
    changed[at] = if dice.one_in(2) { dice.byte() } else { changed[at] ^ 1 };
    if changed != token.as_bytes() {
        assert!(!taken(&String::from_utf8_lossy(&changed)), "changed at {at}: {claims}");
    }
    if good {
        let exp = claims["exp"].as_f64().expect("a good one has an end");
        let before = BENCH.clock.now();
        if exp < 1e10 {
            BENCH.clock.set(Timestamp::from_second(exp.floor() as i64 + 60).expect("in range"));
            assert!(!taken(&token), "after its end: {claims}");
            BENCH.clock.set(before);
        }
    }
}

/// As the contract says it.
fn is_good(claims: &Value) -> bool {
    let now = BENCH.clock.now().as_second() as f64;
    let time = |name: &str| match &claims[name] {
        Value::Null if claims.get(name).is_none() && name != "exp" => Some(None),
        Value::Number(number) => number.as_f64().filter(|time| number.is_i64() || time.abs() < 1e15).map(|time| Some(time.floor())),
        _ => None,
    };
    let (Some(Some(exp)), Some(nbf), Some(iat)) = (time("exp"), time("nbf"), time("iat")) else { return false };
    let audience = match &claims["aud"] {
        Value::String(one) => one == "mentor",
        Value::Array(several) => several.iter().all(Value::is_string) && several.contains(&json!("mentor")),
        _ => false,
    };
    let id = |name: &str| match &claims[name] {
        Value::Null => true,
        Value::String(text) => kernel::Uuid::try_parse(text).is_ok(),
        _ => false,
    };
    let subject = claims["sub"].as_str().is_some_and(|sub| !sub.is_empty() && sub.len() <= 255);
    let roles = match claims.get("roles") {
        None => true,
        Some(roles) => roles.as_array().is_some_and(|roles| roles.iter().all(Value::is_string)),
    };
    let early = |time: Option<f64>| time.is_some_and(|time| now < time - 60.0);
    let tenant = claims["tenant"].is_string() && id("tenant");
    claims["iss"] == BENCH.issuer.issuer()
        && audience
        && subject
        && roles
        && tenant
        && id("person")
        && now < exp + 60.0
        && !early(nbf)
        && !early(iat)
}

/// Mostly good ones.
fn claims(dice: &mut Dice<'_>) -> Value {
    let now = BENCH.clock.now() + SignedDuration::from_secs(dice.between(-70, 70));
    let mut claims = json!({
        "iss": BENCH.issuer.issuer(), "aud": "mentor", "sub": "somebody", "iat": now.as_second(),
        "exp": now.as_second() + dice.between(-10, 3_600), "tenant": kernel::Uuid::from_u128(7), "roles": ["employee"],
    });
    let names = ["iss", "aud", "sub", "iat", "nbf", "exp", "tenant", "roles", "person", "crit", "other"];
    while dice.one_in(2) {
        let name = names[dice.below(names.len())];
        match dice.below(4) {
            0 => drop(claims.as_object_mut().expect("an object").remove(name)),
            1 => claims[name] = json!(now.as_second() + dice.between(-100, 100)),
            2 if name == "aud" => claims[name] = json!(["other", "mentor", random(dice, 2)]),
            _ => claims[name] = random(dice, 0),
        }
    }
    claims
}

fn random(dice: &mut Dice<'_>, depth: usize) -> Value {
    match dice.below(if depth > 1 { 5 } else { 7 }) {
        0 => Value::Null,
        1 => json!(dice.wild()),
        2 => json!(f64::from_bits(dice.wild() as u64)),
        3 => json!(["mentor", "", "0194", "hr_admin", "01941f29-7c00-7aaa-9b5e-5a3f0d0f3c11"][dice.below(5)]),
        4 => json!("x".repeat(dice.below(300))),
        5 => Value::Array((0..dice.below(3)).map(|_| random(dice, depth + 1)).collect()),
        _ => Value::Object(Map::from_iter([("a".to_owned(), random(dice, depth + 1))])),
    }
}

/// Base64 for URLs without padding, by hand: what reads it shall not have written it.
fn encoded(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = Vec::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, &byte| word << 8 | u32::from(byte)) << (8 * (3 - chunk.len()));
        for digit in 0..=chunk.len() {
            let index = (word >> (18 - 6 * digit)) & 63;
            out.write_all(&DIGITS[index as usize..=index as usize]).expect("memory");
        }
    }
    String::from_utf8(out).expect("ASCII")
}
