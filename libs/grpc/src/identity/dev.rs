//! A development issuer: keys and tokens without an identity provider.

use super::{Signer, keys::KeySet, settings::IssuerSettings};
use kernel::{Error, Result, Role, SharedClock, TenantId, Uuid};
use serde_json::{Value, json};
use std::{path::Path, sync::Arc, time::Duration};

/// `iss` of development tokens. `.invalid` never resolves.
const ISSUER: &str = "https://dev.mentor.invalid";

/// Makes tokens for development, demonstrations and tests. Its key lives as long as the process; nothing trusts it
/// unless it is told to.
#[derive(Clone)]
pub struct DevIssuer {
    inner: Arc<Inner>,
}

struct Inner {
    clock: SharedClock,
    signer: Signer,
}

/// What a token shall say.
#[derive(Clone, Debug)]
pub struct NewToken<'a> {
    /// The tenant.
    pub tenant: TenantId,
    /// `sub`.
    pub subject: &'a str,
    /// What the bearer is.
    pub roles: &'a [Role],
    /// The person of the directory.
    pub person: Option<Uuid>,
    /// How long it is valid, by the injected clock.
    pub ttl: Duration,
}

impl DevIssuer {
    /// An issuer with a fresh Ed25519 key.
    ///
    /// # Errors
    /// Internal, when the system has no randomness.
    pub fn new(clock: SharedClock) -> Result<Self> {
        Ok(DevIssuer { inner: Arc::new(Inner { clock, signer: Signer::random()? }) })
    }

    /// `iss` of its tokens.
    pub fn issuer(&self) -> &'static str {
        ISSUER
    }

    /// A signed token.
    ///
    /// # Errors
    /// Internal, when signing fails.
    pub fn token(&self, token: &NewToken<'_>) -> Result<String> {
        let now = self.inner.clock.now().as_second();
        let ttl = i64::try_from(token.ttl.as_secs()).unwrap_or(i64::MAX);
        let roles: Vec<&str> = token.roles.iter().map(|role| role.name()).collect();
        let mut claims = json!({
            "iss": ISSUER, "aud": "mentor", "sub": token.subject, "iat": now, "exp": now.saturating_add(ttl),
            "tenant": token.tenant, "roles": roles,
        });
        if let Some(person) = token.person {
            claims["person"] = json!(person);
        }
        self.sign(&claims)
    }

    /// Any claims, signed: for tests of what must be refused.
    ///
    /// # Errors
    /// Internal, when signing fails.
    pub fn sign(&self, claims: &Value) -> Result<String> {
        self.inner.signer.sign(claims, None)
    }

    /// The public key as a JWKS document.
    pub fn jwks(&self) -> String {
        json!({ "keys": [self.inner.signer.jwk()] }).to_string()
    }

    /// Writes the JWKS document, for other processes to trust: see [`DevIssuer::settings`].
    ///
    /// # Errors
    /// Internal, when the file can't be written.
    pub fn write_jwks(&self, path: &Path) -> Result<()> {
        std::fs::write(path, self.jwks()).map_err(Error::internal)
    }

    /// The settings by which another process trusts this issuer, for some tenants, from a written file.
    pub fn settings(&self, jwks_file: &Path, tenants: Vec<TenantId>) -> IssuerSettings {
        IssuerSettings {
            issuer: ISSUER.to_owned(),
            audience: "mentor".to_owned(),
            tenant: None,
            tenants,
            all_tenants: false,
            jwks_url: None,
            jwks_file: Some(jwks_file.to_owned()),
            algorithms: vec!["EdDSA".to_owned()],
        }
    }

    /// The key for use in this process.
    pub(crate) fn keys(&self) -> Result<KeySet> {
        self.inner.signer.keys()
    }
}
