//! Which client it is that asks for a token: by a secret, or by an assertion that it signed (private_key_jwt, RFC 7523).

use super::{discovery::ALGORITHMS, places};
use crate::{
    Gateway,
    clients::{client::Client, secret, store},
};
use axum::http::{HeaderMap, header};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use grpc::KeySet;
use jiff::{SignedDuration, Timestamp};
use kernel::{Error, ErrorKind, Result, TenantId, Uuid};
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;
use storage::Tx;

/// How a client is called that signs.
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Clocks differ by at most this.
const LEEWAY: i64 = 60;
/// An assertion is good for so long at most.
const LONGEST: SignedDuration = SignedDuration::from_mins(10);

/// What a client shows.
pub(crate) struct Shown {
    pub(crate) tenant: TenantId,
    pub(crate) client: Uuid,
    proof: Proof,
}

enum Proof {
    Secret(String),
    Assertion(String),
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Value,
    exp: i64,
    #[serde(default)]
    nbf: Option<i64>,
    jti: String,
}

/// What a request shows; in one way alone.
///
/// # Errors
/// `TOKEN_INVALID` when it shows nothing, or in several ways.
pub(crate) fn shown(headers: &HeaderMap, form: &HashMap<String, String>) -> Result<Shown> {
    let given = |name: &str| form.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let basic = headers.get(header::AUTHORIZATION).map(|value| basic(value.to_str().unwrap_or_default()));
    let (identifier, proof) = match (basic, given("client_secret"), given("client_assertion")) {
        (Some(basic), None, None) => {
            let (identifier, secret) = basic.ok_or_else(unknown)?;
            if given("client_id").is_some_and(|own| own != identifier) {
                return Err(unknown());
            }
            (identifier, Proof::Secret(secret))
        }
        (None, Some(secret), None) => {
            (given("client_id").ok_or_else(unknown)?.to_owned(), Proof::Secret(secret.to_owned()))
        }
        (None, None, Some(assertion)) if given("client_assertion_type") == Some(ASSERTION) => {
            let identifier = subject(assertion).ok_or_else(unknown)?;
            if given("client_id").is_some_and(|own| own != identifier) {
                return Err(unknown());
            }
            (identifier, Proof::Assertion(assertion.to_owned()))
        }
        _ => return Err(unknown()),
    };
    let (tenant, client) = secret::of_identifier(&identifier).ok_or_else(unknown)?;
    Ok(Shown { tenant, client, proof })
}

/// The refusal: what of it was wrong is nobody's business.
pub(crate) fn unknown() -> Box<Error> {
    let message = "the client is not known here, was revoked, or did not prove who it is";
    Error::new(ErrorKind::Unauthenticated, "TOKEN_INVALID", message)
}

/// Name and secret of HTTP Basic, each form-encoded (RFC 6749, 2.3.1).
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (name, secret) = text.split_once(':')?;
    let decoded =
        |text: &str| form_urlencoded::parse(text.as_bytes()).next().map(|(text, _)| text.into_owned());
    Some((decoded(name)?, decoded(secret)?))
}

/// Whom an assertion claims to be of; believed once its signature is checked.
fn subject(assertion: &str) -> Option<String> {
    let claims = URL_SAFE_NO_PAD.decode(assertion.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    claims.get("sub")?.as_str().map(str::to_owned)
}

/// The client, when what it shows proves that it is the one.
///
/// # Errors
/// `TOKEN_INVALID`.
pub(crate) async fn proven(gateway: &Gateway, tx: &mut Tx, shown: &Shown) -> Result<Client> {
    let client = store::find(tx, shown.client).await.map_err(|error| match error.kind {
        ErrorKind::NotFound => unknown(),
        _ => error,
    })?;
    if client.revoked_at.is_some() {
        return Err(unknown());
    }
    match &shown.proof {
        Proof::Secret(secret) => {
            let hash = secret::hash(secret).ok_or_else(unknown)?;
            if !store::has_secret(tx, client.id, &hash).await? {
                return Err(unknown());
            }
        }
        Proof::Assertion(assertion) => asserted(gateway, tx, &client, shown, assertion).await?,
    }
    Ok(client)
}

async fn asserted(
    gateway: &Gateway,
    tx: &mut Tx,
    client: &Client,
    shown: &Shown,
    assertion: &str,
) -> Result<()> {
    if client.jwks.is_empty() {
        return Err(unknown());
    }
    let keys = KeySet::parse(client.jwks.as_bytes(), &ALGORITHMS.map(|(algorithm, _)| algorithm))?;
    let claims = keys.verify::<Claims>(assertion).map_err(|error| unknown().caused_by(error))?.claims;
    let identifier = secret::identifier(shown.tenant, client.id);
    let issuer = gateway.token_issuer()?;
    let endpoint = places::joined(&gateway.settings.public_url, places::TOKEN);
    let ours = |audience: &Value| audience.as_str().is_some_and(|own| own == issuer || own == endpoint);
    let for_us = match &claims.aud {
        Value::Array(several) => several.iter().any(ours),
        one => ours(one),
    };
    let now = tx.now().as_second();
    let in_time = now < claims.exp.saturating_add(LEEWAY)
        && claims.exp <= now + LONGEST.as_secs() + LEEWAY
        && claims.nbf.is_none_or(|nbf| nbf <= now + LEEWAY);
    let named = !claims.jti.is_empty() && claims.jti.len() <= 255 && !claims.jti.contains('\0');
    if claims.iss != identifier || claims.sub != identifier || !for_us || !in_time || !named {
        return Err(unknown());
    }
    let expires = Timestamp::from_second(claims.exp + LEEWAY).unwrap_or(Timestamp::MAX);
    if !store::take_assertion(tx, client.id, &claims.jti, expires).await? {
        return Err(unknown());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    const ID: &str = "00000000000000000000000000000001.00000000000000000000000000000002";

    fn read(basic: Option<&str>, form: &[(&str, &str)]) -> bool {
        let mut headers = HeaderMap::new();
        if let Some(basic) = basic {
            let value = format!("Basic {}", STANDARD.encode(basic));
            headers.insert(header::AUTHORIZATION, HeaderValue::from_str(&value).expect("ASCII"));
        }
        let form = form.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        shown(&headers, &form).is_ok()
    }

    #[test]
    fn a_client_shows_who_it_is_in_one_way() {
        let basic = format!("{ID}:x");
        assert!(read(Some(&basic), &[]));
        assert!(read(Some(&basic), &[("client_id", ID)]));
        assert!(!read(Some(&basic), &[("client_id", "other")]));
        assert!(read(None, &[("client_id", ID), ("client_secret", "x")]));
        assert!(!read(Some(&basic), &[("client_id", ID), ("client_secret", "x")]));
        assert!(!read(None, &[("client_id", ID)]));
        assert!(!read(None, &[("client_secret", "x")]));
        assert!(!read(Some("nonsense"), &[]));
        assert!(!read(None, &[("client_assertion", "a.b.c"), ("client_assertion_type", ASSERTION)]));
        assert!(!read(None, &[("client_assertion", "a.b.c"), ("client_assertion_type", "saml")]));
    }
}
