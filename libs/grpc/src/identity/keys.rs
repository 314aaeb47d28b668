//! An issuer's public keys (RFC 7517), and how they are kept current.
//!
//! A key is bound to the algorithms that fit its type, its own `alg` and the issuer's allow-list, so a token
//! can't choose how it is verified. A set is fetched when a token names an unknown key and when it has grown old:
//! one fetch at a time, not more often than every ten seconds, bounded in time and size, following no redirect. The
//! last good set stays in use while the issuer is away.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse},
};
use kernel::{Error, ErrorKind, Result};
use serde::{Deserialize, de::DeserializeOwned};
use std::{
    path::PathBuf,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;

/// A key set answers within this time.
const FETCH_TIMEOUT: Duration = Duration::from_secs(3);
/// The least time between two fetches.
const FETCH_INTERVAL: Duration = Duration::from_secs(10);
/// A set older than this is fetched again, so that a withdrawn key stops working.
const MAX_AGE: Duration = Duration::from_secs(600);
/// Key sets are a few kilobytes.
const MAX_BYTES: usize = 256 * 1024;
/// More keys than any provider publishes.
const MAX_KEYS: usize = 100;
/// The shortest RSA modulus, in bytes: 2048 bits.
const MIN_RSA_BYTES: usize = 256;

/// One key with what it may verify.
pub(crate) struct Key {
    id: Option<String>,
    pub(crate) decoding: DecodingKey,
    algorithms: Vec<Algorithm>,
}

impl Key {
    /// Checks the signature only: times, issuer and audience are checked against our own clock and settings.
    pub(crate) fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        validation
    }
}

/// The usable keys of an issuer.
#[derive(Default)]
pub struct KeySet {
    keys: Vec<Arc<Key>>,
    fingerprint: u64,
}

impl KeySet {
    /// Reads a JWKS document. Keys that are not for signatures, or of an unknown or weak kind, are left out.
    ///
    /// # Errors
    /// Internal, when it can't be read, holds too many keys, or none that is usable.
    pub fn parse(document: &[u8], allowed: &[Algorithm]) -> Result<Self> {
        #[derive(Deserialize)]
        struct Document {
            keys: Vec<serde_json::Value>,
        }
        let document: Document = serde_json::from_slice(document).map_err(Error::internal)?;
        if document.keys.len() > MAX_KEYS {
            return Err(Error::internal(format!("a key set of {} keys", document.keys.len())));
        }
        let fingerprint = fingerprint(&document.keys);
        let keys: Vec<_> =
            document.keys.into_iter().filter_map(|key| read_key(key, allowed)).map(Arc::new).collect();
        if keys.is_empty() {
            return Err(Error::internal("the key set holds no usable key"));
        }
        Ok(KeySet { keys, fingerprint })
    }

    /// Whether a key of a JWKS document is one that signatures are checked with here.
    pub fn is_usable(key: serde_json::Value, allowed: &[Algorithm]) -> bool {
        read_key(key, allowed).is_some()
    }

    /// The claims of a token with a good signature; what they say is for the caller to check.
    ///
    /// # Errors
    /// `TOKEN_INVALID` for what is no JWT, has critical extensions, an unknown key, a forbidden algorithm or a bad
    /// signature.
    pub fn verify<T: DeserializeOwned>(&self, token: &str) -> Result<Signed<T>> {
        let malformed =
            |error: jsonwebtoken::errors::Error| super::invalid("the token is not a JWT").caused_by(error);
        if token.len() > super::MAX_TOKEN {
            return Err(super::invalid("the token is too long"));
        }
        let header = jsonwebtoken::decode_header(token).map_err(malformed)?;
        if header.crit.is_some() {
            return Err(super::invalid("the token has critical extensions, none of which is known"));
        }
        let key = self.find(header.kid.as_deref(), header.alg).ok_or_else(unknown_key)?;
        let verified = jsonwebtoken::decode::<T>(token, &key.decoding, &key.validation(header.alg)).map_err(
            |error| super::invalid("the token's signature or claims are invalid").caused_by(error),
        )?;
        Ok(Signed { claims: verified.claims, typ: header.typ })
    }

    /// The key a token names. Without `kid` there must be no choice.
    fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<Arc<Key>> {
        let mut fitting = self.keys.iter().filter(|key| key.algorithms.contains(&algorithm));
        match id {
            Some(id) => fitting.find(|key| key.id.as_deref() == Some(id)).cloned(),
            None => {
                let key = fitting.next()?;
                fitting.next().is_none().then(|| Arc::clone(key))
            }
        }
    }
}

/// What a token with a good signature says.
pub struct Signed<T> {
    /// Its claims.
    pub claims: T,
    /// `typ` of its header.
    pub typ: Option<String>,
}

fn unknown_key() -> Box<Error> {
    super::invalid("the token is signed with an unknown key or a forbidden algorithm")
}

fn fingerprint(keys: &[serde_json::Value]) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    for key in keys {
        key.to_string().hash(&mut hasher);
    }
    hasher.finish()
}

fn read_key(key: serde_json::Value, allowed: &[Algorithm]) -> Option<Key> {
    let jwk: Jwk = serde_json::from_value(key).ok()?;
    if !matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature)) {
        return None;
    }
    let fitting: &[Algorithm] = match &jwk.algorithm {
        AlgorithmParameters::RSA(rsa) => {
            let modulus = URL_SAFE_NO_PAD.decode(&rsa.n).ok()?;
            let significant = modulus.iter().skip_while(|byte| **byte == 0).count();
            if significant < MIN_RSA_BYTES {
                return None;
            }
            use Algorithm::{PS256, PS384, PS512, RS256, RS384, RS512};
            &[RS256, RS384, RS512, PS256, PS384, PS512]
        }
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => &[Algorithm::ES256],
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P384 => &[Algorithm::ES384],
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => &[Algorithm::EdDSA],
        _ => return None,
    };
    let own = match jwk.common.key_algorithm {
        Some(name) => Some(Algorithm::try_from(name).ok()?),
        None => None,
    };
    let algorithms: Vec<_> = fitting
        .iter()
        .copied()
        .filter(|algorithm| allowed.contains(algorithm) && own.is_none_or(|own| own == *algorithm))
        .collect();
    if algorithms.is_empty() {
        return None;
    }
    Some(Key { decoding: DecodingKey::from_jwk(&jwk).ok()?, id: jwk.common.key_id, algorithms })
}

/// Where keys come from.
pub(crate) enum Origin {
    /// This process.
    Fixed,
    /// A file.
    File(PathBuf),
    /// The issuer.
    Url(reqwest::Url, reqwest::Client),
}

/// An issuer's keys, kept current.
pub(crate) struct Keys {
    origin: Origin,
    allowed: Vec<Algorithm>,
    state: RwLock<State>,
    /// Grows when the set becomes another one; what was verified before has to be verified again.
    generation: AtomicU64,
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    set: Arc<KeySet>,
    fetched: Option<Instant>,
    tried: Option<Instant>,
}

impl Keys {
    pub(crate) fn new(origin: Origin, allowed: Vec<Algorithm>, set: Option<KeySet>) -> Arc<Self> {
        let state = State { set: Arc::new(set.unwrap_or_default()), ..State::default() };
        Arc::new(Keys {
            origin,
            allowed,
            state: RwLock::new(state),
            generation: AtomicU64::new(0),
            fetching: tokio::sync::Mutex::new(()),
        })
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// The key that a token names.
    ///
    /// # Errors
    /// `TOKEN_INVALID` for an unknown key, `DEPENDENCY_UNAVAILABLE` while no set could be had at all.
    pub(crate) async fn find(self: &Arc<Self>, id: Option<&str>, algorithm: Algorithm) -> Result<Arc<Key>> {
        self.renew_when_old();
        if let Some(key) = self.current().find(id, algorithm) {
            return Ok(key);
        }
        self.fetch(FETCH_INTERVAL).await;
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        match state.set.find(id, algorithm) {
            Some(key) => Ok(key),
            None if state.set.keys.is_empty() => Err(Error::new(
                ErrorKind::Unavailable,
                "DEPENDENCY_UNAVAILABLE",
                "the identity provider's keys can't be read; try again",
            )
            .retry_after(FETCH_INTERVAL)),
            None => Err(unknown_key()),
        }
    }

    /// Starts a fetch in the background when the set is old; also when nothing asks for an unknown key, so that
    /// withdrawn keys go.
    pub(crate) fn renew_when_old(self: &Arc<Self>) {
        if matches!(self.origin, Origin::Fixed) {
            return;
        }
        let due = {
            let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
            let old = state.fetched.is_some_and(|at| at.elapsed() > MAX_AGE);
            old && state.tried.is_none_or(|at| at.elapsed() > FETCH_INTERVAL)
        };
        if due {
            let keys = Arc::clone(self);
            tokio::spawn(async move { keys.fetch(FETCH_INTERVAL).await });
        }
    }

    fn current(&self) -> Arc<KeySet> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner).set)
    }

    /// Fetches the set unless somebody did a moment ago. Who waits here shares the fetch of who came first.
    async fn fetch(&self, interval: Duration) {
        if matches!(self.origin, Origin::Fixed) {
            return;
        }
        let _one = self.fetching.lock().await;
        {
            let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
            if state.tried.is_some_and(|at| at.elapsed() < interval) {
                return;
            }
            state.tried = Some(Instant::now());
        }
        match self.load().await {
            Ok(set) => self.accept(set),
            Err(error) => {
                let cause = crate::status::chain(&error);
                tracing::warn!(error.cause = cause, "key set not refreshed, the last good one stays");
            }
        }
    }

    fn accept(&self, set: KeySet) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.fetched = Some(Instant::now());
        if state.set.fingerprint != set.fingerprint {
            state.set = Arc::new(set);
            self.generation.fetch_add(1, Ordering::Release);
        }
    }

    async fn load(&self) -> Result<KeySet> {
        let document = match &self.origin {
            Origin::Fixed => return Err(Error::internal("fixed keys are never fetched")),
            Origin::File(path) => read_file(path).await?,
            Origin::Url(url, client) => tokio::time::timeout(FETCH_TIMEOUT, download(client, url.clone()))
                .await
                .map_err(|_| Error::internal(format!("no answer within {} s", FETCH_TIMEOUT.as_secs())))??,
        };
        KeySet::parse(&document, &self.allowed)
    }
}

fn too_large() -> Box<Error> {
    Error::internal(format!("the key set is larger than {MAX_BYTES} bytes"))
}

async fn read_file(path: &PathBuf) -> Result<Vec<u8>> {
    let metadata = tokio::fs::metadata(path).await.map_err(Error::internal)?;
    if metadata.len() > MAX_BYTES as u64 {
        return Err(too_large());
    }
    tokio::fs::read(path).await.map_err(Error::internal)
}

async fn download(client: &reqwest::Client, url: reqwest::Url) -> Result<Vec<u8>> {
    let mut response = client.get(url).send().await.map_err(Error::internal)?;
    if response.status() != reqwest::StatusCode::OK {
        return Err(Error::internal(format!("the key set answers with {}", response.status())));
    }
    let mut document = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(Error::internal)? {
        document.extend_from_slice(&chunk);
        if document.len() > MAX_BYTES {
            return Err(too_large());
        }
    }
    Ok(document)
}
