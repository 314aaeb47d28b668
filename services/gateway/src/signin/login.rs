//! Begins a sign-in: sends the browser to the identity provider.
//!
//! What has to be known when it comes back (whose sign-in, nonce, PKCE verifier, where to go) waits in the cache, sealed, under
//! the state, is taken once, and is good for the browser alone that began.

use super::{
    cookie::Cookie,
    edge::{self, Correlation},
    page::{Answer, Link, Page},
    places::{self, Place},
    relying,
};
use crate::{
    Gateway, keys,
    providers::{self, provider::Provider},
};
use axum::{
    Extension,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use kernel::{Error, Page as ListPage, Result, TenantId, Uuid};
use openidconnect::{
    CsrfToken, Nonce, PkceCodeChallenge, PkceCodeVerifier, Scope,
    core::{CoreAuthenticationFlow, CoreResponseType},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A sign-in takes at most this long, from here to coming back.
const PATIENCE: SignedDuration = SignedDuration::from_mins(10);

/// What waits for the browser to come back.
#[derive(Serialize, Deserialize)]
pub(crate) struct Pending {
    pub(crate) tenant: TenantId,
    pub(crate) provider: Uuid,
    pub(crate) nonce: String,
    pub(crate) verifier: String,
    pub(crate) return_to: String,
    /// The cookie of the browser that began.
    pub(crate) browser: String,
    pub(crate) until: Timestamp,
}

/// Where it waits.
pub(crate) fn pending_key(state: &str) -> String {
    format!("sign-in-pending:{state}")
}

pub(crate) async fn handle(
    State(gateway): State<Gateway>,
    Extension(correlation): Extension<Correlation>,
    Path(place): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answer {
    gateway.must_have_address()?;
    let place = Place::read(&place).ok_or_else(nobody_here)?;
    let parameters = edge::parameters(query.as_deref().unwrap_or_default().as_bytes())?;
    let return_to = places::return_path(parameters.get("return_to").map(String::as_str));
    let provider = match find(&gateway, place, correlation).await? {
        Chosen::One(provider) => *provider,
        Chosen::Several(several) => return Ok(choices(&gateway, place.tenant, &several, return_to)),
    };
    edge::limit_logins(&gateway, &provider.id.to_string(), &headers).await?;
    Ok(begin(&gateway, place.tenant, &provider, return_to, &headers).await?)
}

enum Chosen {
    One(Box<Provider>),
    Several(Vec<Provider>),
}

fn nobody_here() -> Box<Error> {
    Error::new(
        kernel::ErrorKind::NotFound,
        "NOT_FOUND",
        "nobody signs in at this address; ask for your organisation's",
    )
}

async fn find(gateway: &Gateway, place: Place, correlation: Correlation) -> Result<Chosen> {
    let ctx = edge::context(gateway, place.tenant, "sign-in begins", correlation);
    let mut tx = gateway.db.read(&ctx).await?;
    let mut found = match place.provider {
        Some(id) => vec![providers::store::find(&mut tx, id).await.map_err(|error| match error.kind {
            kernel::ErrorKind::NotFound => nobody_here(),
            _ => error,
        })?],
        None => providers::store::list(&mut tx, &ListPage::read(100, "", "sign-in")?).await?,
    };
    tx.commit().await?;
    found.retain(|provider| !provider.settings.disabled);
    match (found.pop(), found.is_empty()) {
        (None, _) => Err(nobody_here()),
        (Some(only), true) => Ok(Chosen::One(Box::new(only))),
        (Some(last), false) => {
            found.push(last);
            Ok(Chosen::Several(found))
        }
    }
}

fn choices(gateway: &Gateway, tenant: TenantId, several: &[Provider], return_to: &str) -> Response {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("return_to", return_to).finish();
    let links = several.iter().map(|provider| Link {
        address: format!("{}?{query}", places::login(&gateway.settings.public_url, tenant, provider.id)),
        text: provider.settings.name.clone(),
    });
    let links = links.collect();
    Page { title: "Sign in", text: "Choose where:".to_owned(), links, ..Page::default() }.with(StatusCode::OK)
}

async fn begin(
    gateway: &Gateway,
    tenant: TenantId,
    provider: &Provider,
    return_to: &str,
    headers: &HeaderMap,
) -> Result<Response> {
    let described = gateway.sign_in.providers.get(&provider.settings.issuer).await?;
    let client = relying::client(gateway, provider, &described)?;
    let (state, nonce) = (text()?, text()?);
    let verifier = PkceCodeVerifier::new(text()?);
    let (state_sent, nonce_sent) = (CsrfToken::new(state.clone()), Nonce::new(nonce.clone()));
    let flow = CoreAuthenticationFlow::AuthorizationCode;
    let request =
        client.authorize_url::<_, CoreResponseType, _>(flow, move || state_sent, move || nonce_sent);
    let scopes = provider.settings.scopes.iter().filter(|scope| *scope != "openid").cloned().map(Scope::new);
    let mut request = request.add_scopes(scopes);
    if provider.settings.scopes.iter().any(|scope| scope == "offline_access") {
        // Without it, the standard lets a provider pass offline_access over (OpenID Connect Core, 11).
        request = request.add_prompt(openidconnect::core::CoreAuthPrompt::Consent);
    }
    let challenge = PkceCodeChallenge::from_code_verifier_sha256(&verifier);
    let (address, _, _) = request.set_pkce_challenge(challenge).url();

    let secure = gateway.is_secure();
    // A second tab of the same browser goes on with the first one's cookie.
    let browser = match Cookie::Login.read(headers, secure).filter(|own| own.len() == 43) {
        Some(own) => own.to_owned(),
        None => text()?,
    };
    let cookie = Cookie::Login.set(&browser, PATIENCE.as_secs(), secure);
    let until = gateway.db.clock().now().checked_add(PATIENCE).unwrap_or(Timestamp::MAX);
    let (provider, verifier) = (provider.id, verifier.secret().clone());
    let return_to = return_to.to_owned();
    let pending = Pending { tenant, provider, nonce, verifier, return_to, browser, until };
    let key = pending_key(&state);
    let text = serde_json::to_vec(&pending).map_err(Error::internal)?;
    let sealed = gateway.sign_in.keys().seal(&key, &text)?;
    gateway.cache.set(&key, &sealed, Duration::try_from(PATIENCE).unwrap_or_default()).await;
    let headers = [(header::LOCATION, address.to_string()), (header::SET_COOKIE, cookie)];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}

/// 256 random bits.
fn text() -> Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(keys::random::<32>()?))
}
