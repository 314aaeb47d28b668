//! The browser comes back from the identity provider.

use super::{
    cookie::Cookie,
    edge::{self, Correlation},
    enter,
    login::{Pending, pending_key},
    page::Answer,
    relying,
    telemetry::{self, Who},
};
use crate::{
    Gateway,
    providers::{self, provider::Provider},
};
use axum::{
    Extension,
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::{AppendHeaders, IntoResponse, Response},
};
use kernel::{Error, ErrorKind, Result};
use std::collections::HashMap;

pub(crate) async fn handle(
    State(gateway): State<Gateway>,
    Extension(correlation): Extension<Correlation>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answer {
    gateway.must_have_address()?;
    let parameters = edge::parameters(query.as_deref().unwrap_or_default().as_bytes())?;
    match come_back(&gateway, &parameters, &headers, correlation).await {
        Ok(response) => Ok(response),
        Err(error) => {
            // Those who try states or codes share a bucket; whoever was sent here by a provider hardly gets to know it.
            if error.kind == ErrorKind::Unauthenticated {
                edge::failed(&gateway, "callback").await?;
            }
            Err(error.into())
        }
    }
}

async fn come_back(
    gateway: &Gateway,
    parameters: &HashMap<String, String>,
    headers: &HeaderMap,
    correlation: Correlation,
) -> Result<Response> {
    let pending = pending(gateway, parameters, headers).await?;
    let ctx = edge::context(gateway, pending.tenant, "sign-in", correlation);
    let mut tx = gateway.db.read(&ctx).await?;
    let provider = providers::store::find(&mut tx, pending.provider).await.map_err(|_| over())?;
    tx.commit().await?;
    if provider.settings.disabled {
        return Err(over());
    }
    check_issuer(gateway, &provider, parameters).await?;
    if let Some(error) = parameters.get("error") {
        return Err(said_no(error));
    }
    let code = parameters.get("code").filter(|code| !code.is_empty()).ok_or_else(over)?;
    let claimed =
        relying::exchange(gateway, &provider, code.clone(), pending.verifier, &pending.nonce).await?;
    let cookie = enter::session(gateway, &ctx, &provider, claimed, headers).await?;
    telemetry::let_in(Who::Person);
    let secure = gateway.is_secure();
    let cookies = [
        (header::SET_COOKIE, Cookie::Session.set(&cookie, gateway.limits().whole.as_secs(), secure)),
        (header::SET_COOKIE, Cookie::Login.clear(secure)),
    ];
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, pending.return_to)], AppendHeaders(cookies))
        .into_response())
}

/// What was begun under this state by this browser; nobody gets it twice.
async fn pending(
    gateway: &Gateway,
    parameters: &HashMap<String, String>,
    headers: &HeaderMap,
) -> Result<Pending> {
    let state = parameters.get("state").filter(|state| state.len() == 43).ok_or_else(over)?;
    let key = pending_key(state);
    let browser = Cookie::Login.read(headers, gateway.is_secure()).ok_or_else(other_browser)?;
    let sealed = gateway.cache.pull(&key).await.ok_or_else(over)?;
    let opened = gateway.sign_in.keys().open(&key, &sealed).ok_or_else(over)?;
    let pending: Pending = serde_json::from_slice(&opened).map_err(Error::internal)?;
    // The key of a comparison that tells nothing by its time is random, so the values' lengths are all it could tell.
    if ring::digest::digest(&ring::digest::SHA256, pending.browser.as_bytes()).as_ref()
        != ring::digest::digest(&ring::digest::SHA256, browser.as_bytes()).as_ref()
    {
        return Err(other_browser());
    }
    if gateway.db.clock().now() >= pending.until {
        return Err(over());
    }
    Ok(pending)
}

/// RFC 9207: the answer must be that of the provider that was asked.
async fn check_issuer(
    gateway: &Gateway,
    provider: &Provider,
    parameters: &HashMap<String, String>,
) -> Result<()> {
    let issuer = &provider.settings.issuer;
    let described = gateway.sign_in.providers.get(issuer).await?;
    let promised = described.metadata.additional_metadata().authorization_response_iss_parameter_supported;
    match parameters.get("iss") {
        Some(sent) if sent == issuer => Ok(()),
        None if promised != Some(true) => Ok(()),
        _ => Err(Error::new(
            ErrorKind::Unauthenticated,
            "TOKEN_INVALID",
            "this answer does not come from the identity provider that was asked; begin anew",
        )),
    }
}

fn over() -> Box<Error> {
    let message = "this sign-in is over or was used before; begin anew";
    Error::new(ErrorKind::Unauthenticated, "TOKEN_INVALID", message)
}

fn other_browser() -> Box<Error> {
    let message = "this sign-in was begun in another browser, or cookies are off; begin anew";
    Error::new(ErrorKind::Unauthenticated, "TOKEN_INVALID", message)
}

/// The provider's own word for why not (RFC 6749, 4.1.2.1), if it is one; its descriptions are not shown, for anybody can
/// write them into an address.
fn said_no(error: &str) -> Box<Error> {
    let known = [
        "access_denied",
        "login_required",
        "consent_required",
        "interaction_required",
        "temporarily_unavailable",
        "server_error",
        "invalid_request",
        "invalid_scope",
        "unauthorized_client",
        "unsupported_response_type",
    ];
    let word = known.into_iter().find(|word| *word == error).unwrap_or("an error");
    let message = format!("the identity provider said no: {word}");
    Error::new(ErrorKind::PermissionDenied, "PERMISSION_DENIED", message)
}
