//! From a session's cookie to a token that services take.

use super::{cookie::Cookie, cross_site, refresh, token};
use crate::{Gateway, sessions::live};
use axum::http::{HeaderMap, HeaderValue, Method};
use kernel::{Error, ErrorKind, Result};

/// `Bearer …` for calling services as the person whose session the request carries; `None` when it carries none.
///
/// # Errors
/// `CROSS_SITE` for a request that another site's page may have sent, `SESSION_ENDED` when the session is over,
/// `SIGN_IN_OFF` where signing in is not set up.
pub(crate) async fn bearer(
    gateway: &Gateway,
    headers: &HeaderMap,
    method: &Method,
) -> Result<Option<HeaderValue>> {
    if Cookie::Session.read(headers, gateway.is_secure()).is_none() {
        return Ok(None);
    }
    let (_, live) = session(gateway, headers, method).await?;
    let now = gateway.db.clock().now();
    let (tenant, person, session) = (live.tenant, live.person, live.session);
    let of = token::OfPerson { tenant, person, session, roles: &live.roles };
    let claims = token::person(&gateway.terms()?, &of, now);
    let signed = gateway.sign_in.keys().sign(&claims, token::TYPE)?;
    HeaderValue::from_str(&format!("Bearer {signed}")).map(Some).map_err(Error::internal)
}

/// The session that a request carries, with its place in the cache.
///
/// # Errors
/// As [`bearer`]; `SESSION_ENDED` also without a cookie.
pub(crate) async fn session(
    gateway: &Gateway,
    headers: &HeaderMap,
    method: &Method,
) -> Result<(String, live::State)> {
    let cookie = Cookie::Session.read(headers, gateway.is_secure()).ok_or_else(over)?;
    cross_site::check(headers, method, &gateway.settings.public_url)?;
    let key = live::cache_key(cookie).ok_or_else(over)?;
    let live = live::load(gateway, &key).await?.ok_or_else(over)?;
    let live = refresh::due(gateway, &key, live).await?.ok_or_else(over)?;
    Ok((key, live))
}

fn over() -> Box<Error> {
    Error::new(
        ErrorKind::Unauthenticated,
        "SESSION_ENDED",
        "you are not signed in, or your session is over; sign in again",
    )
}
