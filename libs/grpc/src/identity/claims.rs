//! What a token claims (RFC 7519), checked by the injected clock.

use super::invalid;
use crate::scopes::Scopes;
use jiff::Timestamp;
use kernel::{Result, Role, TenantId, Uuid};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Clocks differ by at most this many seconds.
pub(crate) const LEEWAY: i64 = 60;
/// Longest subject.
const MAX_SUBJECT: usize = 255;

/// The claims the suite reads.
#[derive(Debug, Deserialize)]
pub(crate) struct Claims {
    pub(crate) iss: String,
    pub(crate) aud: Audience,
    pub(crate) sub: String,
    #[serde(deserialize_with = "seconds")]
    pub(crate) exp: i64,
    #[serde(default, deserialize_with = "optional_seconds")]
    pub(crate) nbf: Option<i64>,
    #[serde(default, deserialize_with = "optional_seconds")]
    pub(crate) iat: Option<i64>,
    #[serde(default)]
    pub(crate) tenant: Option<TenantId>,
    #[serde(default)]
    pub(crate) roles: Vec<String>,
    #[serde(default)]
    pub(crate) person: Option<Uuid>,
    /// The session it belongs to. Identity providers may put another kind of text here.
    #[serde(default)]
    sid: Option<Value>,
    /// RFC 9068: a text of names.
    #[serde(default)]
    scope: Option<Value>,
    /// As Entra (a text) and Okta (a list) call it.
    #[serde(default)]
    scp: Option<Value>,
    #[serde(default)]
    cnf: Option<Confirmation>,
}

/// What the bearer has to prove (RFC 7800, 8705).
#[derive(Debug, Deserialize)]
struct Confirmation {
    #[serde(rename = "x5t#S256", default)]
    certificate: Option<String>,
}

/// Only the issuer: read before the signature is checked, to know whose keys to check it with.
#[derive(Deserialize)]
pub(crate) struct IssuerClaim {
    pub(crate) iss: String,
}

/// One audience or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    fn contains(&self, wanted: &str) -> bool {
        match self {
            Audience::One(one) => one == wanted,
            Audience::Several(several) => several.iter().any(|one| one == wanted),
        }
    }
}

impl Claims {
    /// Checks audience, subject and times.
    pub(crate) fn check(&self, audience: &str, now: Timestamp) -> Result<()> {
        let now = now.as_second();
        if !self.aud.contains(audience) {
            return Err(invalid("the token is for another audience"));
        }
        if self.sub.is_empty() || self.sub.len() > MAX_SUBJECT {
            return Err(invalid("the token's sub is empty or too long"));
        }
        if expired(self.exp, now) {
            let at = Timestamp::from_second(self.exp)
                .map_or_else(|_| "an invalid time".to_owned(), |at| at.to_string());
            return Err(invalid(format!("the token expired at {at}")));
        }
        if self.nbf.is_some_and(|nbf| now < nbf.saturating_sub(LEEWAY)) {
            return Err(invalid("the token is not valid yet"));
        }
        if self.iat.is_some_and(|iat| now < iat.saturating_sub(LEEWAY)) {
            return Err(invalid("the token was issued in the future"));
        }
        Ok(())
    }

    /// The session, when its id is one that can be ended here.
    pub(crate) fn session(&self) -> Option<Uuid> {
        self.sid.as_ref()?.as_str()?.parse().ok()
    }

    /// What the token is held to.
    pub(crate) fn scopes(&self, roles: &[Role]) -> Option<Scopes> {
        let texts = [&self.scope, &self.scp].into_iter().flatten();
        let texts = texts.flat_map(|value| match value {
            Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
            Value::String(one) => vec![one.as_str()],
            _ => Vec::new(),
        });
        Scopes::of_claim(texts.flat_map(str::split_whitespace), roles.contains(&Role::HrClient))
    }

    /// The thumbprint of the certificate without which the token is worth nothing.
    ///
    /// # Errors
    /// `TOKEN_INVALID` for a proof of possession that is not known here: to pass it over would make a bound token a
    /// bearer's.
    pub(crate) fn certificate(&self) -> Result<Option<String>> {
        match &self.cnf {
            None => Ok(None),
            Some(Confirmation { certificate: Some(thumbprint) }) => Ok(Some(thumbprint.clone())),
            Some(_) => Err(invalid("the token is bound to a key in a way that is not known here")),
        }
    }

    /// The roles the suite knows; an identity provider may send others, too.
    pub(crate) fn known_roles(&self) -> Vec<Role> {
        self.roles.iter().filter_map(|name| name.parse().ok()).collect()
    }
}

/// Whether a token has expired.
pub(crate) fn expired(exp: i64, now: i64) -> bool {
    now >= exp.saturating_add(LEEWAY)
}

/// A NumericDate: seconds, which may have a fraction.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<i64, D::Error> {
    let number = serde_json::Number::deserialize(deserializer)?;
    if let Some(whole) = number.as_i64() {
        return Ok(whole);
    }
    match number.as_f64() {
        // Casting saturates; bounds keep it meaningful.
        Some(fraction) if fraction.is_finite() && fraction.abs() < 1e15 => Ok(fraction.floor() as i64),
        _ => Err(serde::de::Error::custom("not a time")),
    }
}

fn optional_seconds<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<i64>, D::Error> {
    seconds(deserializer).map(Some)
}
