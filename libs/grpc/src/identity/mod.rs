//! Who is calling: bearer tokens of trusted issuers, verified by every service itself.

mod claims;
mod deactivated;
mod dev;
mod keys;
mod settings;
mod signer;
mod verified;

pub use deactivated::{Deactivated, Loader};
pub use dev::{DevIssuer, NewToken};
pub use keys::{KeySet, Signed};
pub use settings::{IdentitySettings, IssuerSettings};
pub use signer::Signer;

use crate::scopes::Scopes;
use claims::{Claims, IssuerClaim};
use jsonwebtoken::{Algorithm, dangerous::insecure_decode_claims, decode, decode_header};
use kernel::{Actor, Error, ErrorKind, Result, SharedClock, TenantId, Uuid};
use keys::{Keys, Origin};
use std::{borrow::Cow, collections::HashMap, str::FromStr, sync::Arc, time::Duration};
use verified::Verified;

/// Longest token taken.
pub(crate) const MAX_TOKEN: usize = 8 * 1024;
/// Connecting to an issuer takes at most this.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// The refusal of a token.
pub(crate) fn invalid(message: impl Into<Cow<'static, str>>) -> Box<Error> {
    Error::new(ErrorKind::Unauthenticated, "TOKEN_INVALID", message)
}

/// Verifies tokens. Clones share everything.
#[derive(Clone)]
pub struct Identity {
    inner: Arc<Inner>,
}

struct Inner {
    clock: SharedClock,
    issuers: HashMap<String, Arc<Issuer>>,
    verified: Verified,
}

/// A trusted issuer.
struct Issuer {
    audience: String,
    tenants: Tenants,
    keys: Arc<Keys>,
}

/// For whom an issuer may speak.
enum Tenants {
    /// One; the token need not name it.
    One(TenantId),
    /// Those listed.
    Listed(Vec<TenantId>),
    /// Any: the suite's own gateway, and the development issuer inside its own process.
    Any,
}

impl Tenants {
    fn bind(&self, claimed: Option<TenantId>) -> Result<TenantId> {
        match (self, claimed) {
            (Tenants::One(tenant), None) => Ok(*tenant),
            (Tenants::One(tenant), Some(claimed)) if *tenant == claimed => Ok(claimed),
            (Tenants::Listed(tenants), Some(claimed)) if tenants.contains(&claimed) => Ok(claimed),
            (Tenants::Any, Some(claimed)) => Ok(claimed),
            (_, None) => Err(invalid("the token names no tenant")),
            (_, Some(_)) => Err(invalid("the token's issuer does not speak for this tenant")),
        }
    }
}

/// A verified caller.
pub struct Caller {
    /// Who it is.
    pub actor: Actor,
    /// The session that the token belongs to, when it can be ended.
    pub session: Option<Uuid>,
    /// The families of RPCs that the token is held to; `None`: only roles count.
    pub scopes: Option<Scopes>,
    /// SHA-256 of the client's certificate without which the token is worth nothing (RFC 8705).
    pub certificate: Option<String>,
    expires: i64,
    issuer: Arc<Issuer>,
    generation: u64,
}

impl Caller {
    fn expired(&self, now: i64) -> bool {
        claims::expired(self.expires, now)
    }

    /// Whether the token still holds: not expired, its issuer's keys unchanged.
    fn holds(&self, now: i64) -> bool {
        !self.expired(now) && self.generation == self.issuer.keys.generation()
    }
}

impl Identity {
    /// Trusts the issuers of the settings, and the development issuer of this process if there is one.
    ///
    /// # Errors
    /// Internal, naming what is wrong with the settings: no keys, an algorithm that is symmetric or unknown, a key URL
    /// without TLS.
    pub fn new(settings: &IdentitySettings, clock: SharedClock, dev: Option<&DevIssuer>) -> Result<Self> {
        let mut issuers = HashMap::new();
        for settings in &settings.issuers {
            let issuer = Arc::new(issuer(settings)?);
            if issuers.insert(settings.issuer.clone(), issuer).is_some() {
                return Err(Error::internal(format!("issuer {} is configured twice", settings.issuer)));
            }
        }
        if let Some(dev) = dev {
            let keys = Keys::new(Origin::Fixed, vec![Algorithm::EdDSA], Some(dev.keys()?));
            let issuer = Issuer { audience: "mentor".to_owned(), tenants: Tenants::Any, keys };
            issuers.insert(dev.issuer().to_owned(), Arc::new(issuer));
        }
        Ok(Identity { inner: Arc::new(Inner { clock, issuers, verified: Verified::new() }) })
    }

    /// The caller behind a token.
    ///
    /// # Errors
    /// `TOKEN_INVALID`, or `DEPENDENCY_UNAVAILABLE` while an issuer's keys can't be had.
    pub async fn verify(&self, token: &str) -> Result<Arc<Caller>> {
        let now = self.inner.clock.now();
        if let Some(caller) = self.inner.verified.get(token) {
            caller.issuer.keys.renew_when_old();
            if caller.holds(now.as_second()) {
                return Ok(caller);
            }
            self.inner.verified.remove(token);
        }
        if token.len() > MAX_TOKEN {
            return Err(invalid("the token is too long"));
        }
        let caller = Arc::new(self.verify_new(token, now).await?);
        self.inner.verified.put(token, Arc::clone(&caller), now.as_second());
        Ok(caller)
    }

    async fn verify_new(&self, token: &str, now: jiff::Timestamp) -> Result<Caller> {
        let malformed =
            |error: jsonwebtoken::errors::Error| invalid("the token is not a JWT").caused_by(error);
        let header = decode_header(token).map_err(malformed)?;
        if header.crit.is_some() {
            return Err(invalid("the token has critical extensions, none of which is known"));
        }
        let claimed: IssuerClaim = insecure_decode_claims(token).map_err(malformed)?;
        let issuer = self
            .inner
            .issuers
            .get(&claimed.iss)
            .ok_or_else(|| invalid("the token's issuer is not trusted"))?;
        let generation = issuer.keys.generation();
        let key = issuer.keys.find(header.kid.as_deref(), header.alg).await?;
        let verified = decode::<Claims>(token, &key.decoding, &key.validation(header.alg))
            .map_err(|error| invalid("the token's signature or claims are invalid").caused_by(error))?;
        let claims = verified.claims;
        if claims.iss != claimed.iss {
            return Err(invalid("the token's issuer is not trusted"));
        }
        claims.check(&issuer.audience, now)?;
        let tenant = issuer.tenants.bind(claims.tenant)?;
        let roles = claims.known_roles();
        let (session, scopes, certificate) = (claims.session(), claims.scopes(&roles), claims.certificate()?);
        let actor = Actor { tenant, subject: claims.sub, person: claims.person, roles };
        // The generation of before the fetch: at worst the next call verifies once more.
        let (expires, issuer) = (claims.exp, Arc::clone(issuer));
        Ok(Caller { actor, session, scopes, certificate, expires, issuer, generation })
    }
}

fn issuer(settings: &IssuerSettings) -> Result<Issuer> {
    let name = &settings.issuer;
    let algorithms =
        settings.algorithms.iter().map(|text| algorithm(name, text)).collect::<Result<Vec<_>>>()?;
    let origin = match (&settings.jwks_url, &settings.jwks_file) {
        (Some(url), None) => url_origin(name, url)?,
        (None, Some(path)) => Origin::File(path.clone()),
        _ => return Err(Error::internal(format!("issuer {name}: set one of jwks_url and jwks_file"))),
    };
    let tenants = match (settings.tenant, settings.tenants.as_slice(), settings.all_tenants) {
        (Some(tenant), [], false) => Tenants::One(tenant),
        (None, [_, ..], false) => Tenants::Listed(settings.tenants.clone()),
        (None, [], true) => Tenants::Any,
        _ => {
            let message = format!("issuer {name}: set one of tenant, tenants and all_tenants");
            return Err(Error::internal(message));
        }
    };
    Ok(Issuer { audience: settings.audience.clone(), tenants, keys: Keys::new(origin, algorithms, None) })
}

/// Symmetric algorithms are refused: a verifier would hold the power to sign, and a public key could be taken for a
/// secret.
fn algorithm(issuer: &str, name: &str) -> Result<Algorithm> {
    match Algorithm::from_str(name) {
        Ok(Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512) | Err(_) => {
            Err(Error::internal(format!("issuer {issuer}: algorithm {name} is not allowed")))
        }
        Ok(algorithm) => Ok(algorithm),
    }
}

fn url_origin(issuer: &str, url: &str) -> Result<Origin> {
    let wrong = |why: String| Error::internal(format!("issuer {issuer}: jwks_url {why}"));
    let url = reqwest::Url::parse(url).map_err(|error| wrong(error.to_string()))?;
    let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if url.scheme() != "https" && !(url.scheme() == "http" && local) {
        return Err(wrong("must use https".to_owned()));
    }
    // The client takes the process's provider; whoever installed one first wins, and all are ring.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .user_agent("mentor")
        .build()
        .map_err(Error::internal)?;
    Ok(Origin::Url(url, client))
}
