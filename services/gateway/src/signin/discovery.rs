//! What identity providers say of themselves, kept: their endpoints and keys.
//!
//! Fetched when it is first needed, when it has grown old, and when a token names a key that is not known: one fetch at a
//! time for each issuer, not more often than every ten seconds. While the provider does not answer, what it said last
//! goes on being used.

use super::{http::Http, telemetry, unusable};
use crate::outgoing::Refused;
use grpc::KeySet;
use jsonwebtoken::Algorithm;
use kernel::{Error, Result};
use openidconnect::{
    AdditionalProviderMetadata, EndSessionUrl, IssuerUrl, JsonWebKeySet, ProviderMetadata,
    core::{
        CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType, CoreJsonWebKey,
        CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
        CoreJwsSigningAlgorithm, CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// Older than this, it is fetched again.
const MAX_AGE: Duration = Duration::from_secs(600);
/// The least time between two fetches.
const INTERVAL: Duration = Duration::from_secs(10);
/// The whole of a fetch takes at most this.
const TIMEOUT: Duration = Duration::from_secs(8);
/// Issuers kept at most.
const MOST: usize = 1_000;

/// Signature algorithms of ID tokens and logout tokens. None is symmetric: a secret that verifies could sign.
pub(crate) const ALGORITHMS: [(Algorithm, CoreJwsSigningAlgorithm); 4] = [
    (Algorithm::RS256, CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256),
    (Algorithm::PS256, CoreJwsSigningAlgorithm::RsaSsaPssSha256),
    (Algorithm::ES256, CoreJwsSigningAlgorithm::EcdsaP256Sha256),
    (Algorithm::EdDSA, CoreJwsSigningAlgorithm::EdDsa),
];

/// What the suite reads beside the standard's own metadata.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Extra {
    /// Where people sign out.
    #[serde(default)]
    pub(crate) end_session_endpoint: Option<EndSessionUrl>,
    /// RFC 9207: every answer names its issuer.
    #[serde(default)]
    pub(crate) authorization_response_iss_parameter_supported: Option<bool>,
}

impl AdditionalProviderMetadata for Extra {}

/// A discovery document.
pub(crate) type Metadata = ProviderMetadata<
    Extra,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// A provider as it described itself.
pub(crate) struct Provider {
    /// With those keys alone that signatures are checked with here.
    pub(crate) metadata: Metadata,
    /// The same keys, for tokens that are no ID tokens.
    pub(crate) keys: KeySet,
}

/// All that were asked.
pub(crate) struct Providers {
    http: Http,
    known: Mutex<HashMap<String, Arc<Entry>>>,
}

#[derive(Default)]
struct Entry {
    state: Mutex<State>,
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    provider: Option<(Arc<Provider>, Instant)>,
    tried: Option<Instant>,
}

impl Providers {
    pub(crate) fn new(http: Http) -> Self {
        Providers { http, known: Mutex::default() }
    }

    /// The client that asks.
    pub(crate) fn http(&self) -> &Http {
        &self.http
    }

    /// What an issuer says of itself.
    ///
    /// # Errors
    /// `PROVIDER_UNUSABLE` when it never said anything usable.
    pub(crate) async fn get(&self, issuer: &str) -> Result<Arc<Provider>> {
        let entry = self.entry(issuer);
        match entry.last() {
            Some((provider, at)) if at.elapsed() < MAX_AGE => Ok(provider),
            last => self.fetch(issuer, &entry, last.map(|(provider, _)| provider)).await,
        }
    }

    /// The same, asked anew: for a token whose key is not known. As before when it was asked a moment ago.
    ///
    /// # Errors
    /// As [`Providers::get`].
    pub(crate) async fn renewed(&self, issuer: &str) -> Result<Arc<Provider>> {
        let entry = self.entry(issuer);
        let last = entry.last().map(|(provider, _)| provider);
        self.fetch(issuer, &entry, last).await
    }

    fn entry(&self, issuer: &str) -> Arc<Entry> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST && !known.contains_key(issuer) {
            // To ask again is cheap enough.
            known.clear();
        }
        Arc::clone(known.entry(issuer.to_owned()).or_default())
    }

    async fn fetch(&self, issuer: &str, entry: &Entry, last: Option<Arc<Provider>>) -> Result<Arc<Provider>> {
        let _one = entry.fetching.lock().await;
        {
            let mut state = entry.state.lock().unwrap_or_else(PoisonError::into_inner);
            if state.tried.is_some_and(|at| at.elapsed() < INTERVAL) {
                let said = state.provider.as_ref().map(|(provider, _)| Arc::clone(provider));
                return said.or(last).ok_or_else(|| away(issuer));
            }
            state.tried = Some(Instant::now());
        }
        let asked = tokio::time::timeout(TIMEOUT, discover(&self.http, issuer)).await;
        match asked.unwrap_or_else(|_| Err(Error::internal(format!("no answer in {} s", TIMEOUT.as_secs()))))
        {
            Ok(provider) => {
                let provider = Arc::new(provider);
                let mut state = entry.state.lock().unwrap_or_else(PoisonError::into_inner);
                state.provider = Some((Arc::clone(&provider), Instant::now()));
                Ok(provider)
            }
            Err(error) => {
                let cause = error.source.as_ref().map(ToString::to_string).unwrap_or_default();
                tracing::warn!(issuer, cause, "an identity provider can't be used; what it said last stays");
                // Why it may not be called says more than that it is away.
                let blocked = error.reason == telemetry::PROVIDER;
                last.ok_or_else(|| if blocked { error } else { away(issuer).caused_by(error) })
            }
        }
    }
}

impl Entry {
    fn last(&self) -> Option<(Arc<Provider>, Instant)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).provider.clone()
    }
}

fn away(issuer: &str) -> Box<Error> {
    unusable(format!("{issuer} can't be used: its discovery document or keys could not be had; try again"))
        .retry_after(INTERVAL)
}

async fn discover(http: &Http, issuer: &str) -> Result<Provider> {
    let url = IssuerUrl::new(issuer.to_owned()).map_err(Error::internal)?;
    let found = Metadata::discover_async(url, http).await.map_err(|error| {
        let cause = explained(&error);
        match Refused::behind(&error) {
            Some(_) => blocked(issuer).caused_by(cause),
            None => Error::internal(cause),
        }
    })?;
    usable(found)
}

/// People who sign in are told, too: the address itself is for the log.
fn blocked(issuer: &str) -> Box<Error> {
    unusable(format!(
        "{issuer} can't be used: it is at an address that is not public; operations can allow it by the setting \
         services.gateway.sign_in.allowed_networks"
    ))
}

/// The error with its causes; those of the crate say little by themselves.
pub(crate) fn explained(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text.chars().take(1_000).collect()
}

/// Leaves the keys out that are too weak, of an unknown kind, or not for signatures.
fn usable(found: Metadata) -> Result<Provider> {
    let allowed = ALGORITHMS.map(|(algorithm, _)| algorithm);
    let mut good: Vec<CoreJsonWebKey> = Vec::new();
    let mut documents = Vec::new();
    for key in found.jwks().keys() {
        let document = serde_json::to_value(key).map_err(Error::internal)?;
        if KeySet::is_usable(document.clone(), &allowed) {
            good.push(key.clone());
            documents.push(document);
        }
    }
    let keys = KeySet::parse(json!({ "keys": documents }).to_string().as_bytes(), &allowed)?;
    let jwks: CoreJsonWebKeySet = JsonWebKeySet::new(good);
    Ok(Provider { metadata: found.set_jwks(jwks), keys })
}
