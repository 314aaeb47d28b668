//! A development issuer: keys and tokens without an identity provider.

use super::{keys::KeySet, settings::IssuerSettings};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use kernel::{Error, Result, Role, SharedClock, TenantId, Uuid};
use ring::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair},
};
use serde_json::{Value, json};
use std::{path::Path, sync::Arc, time::Duration};

/// `iss` of development tokens. `.invalid` never resolves.
const ISSUER: &str = "https://dev.mentor.invalid";
/// Characters of the public key that make its `kid`.
const KEY_ID_LENGTH: usize = 12;

/// Makes tokens for development, demonstrations and tests. Its key lives as long as the process; nothing trusts it
/// unless it is told to.
#[derive(Clone)]
pub struct DevIssuer {
    inner: Arc<Inner>,
}

struct Inner {
    clock: SharedClock,
    signing: EncodingKey,
    key_id: String,
    jwk: Value,
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
        let failed = |_| Error::internal("the development key could not be made");
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(failed)?;
        let pair =
            Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).map_err(|error| Error::internal(error.to_string()))?;
        let public = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        let key_id: String = public.chars().take(KEY_ID_LENGTH).collect();
        let jwk = json!({
            "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": key_id, "x": public,
        });
        let signing = EncodingKey::from_ed_der(pkcs8.as_ref());
        Ok(DevIssuer { inner: Arc::new(Inner { clock, signing, key_id, jwk }) })
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
        let header = Header { kid: Some(self.inner.key_id.clone()), ..Header::new(Algorithm::EdDSA) };
        encode(&header, claims, &self.inner.signing).map_err(Error::internal)
    }

    /// The public key as a JWKS document.
    pub fn jwks(&self) -> String {
        json!({ "keys": [self.inner.jwk] }).to_string()
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
            jwks_url: None,
            jwks_file: Some(jwks_file.to_owned()),
            algorithms: vec!["EdDSA".to_owned()],
        }
    }

    /// The key for use in this process.
    pub(crate) fn keys(&self) -> Result<KeySet> {
        KeySet::parse(self.jwks().as_bytes(), &[Algorithm::EdDSA])
    }
}
