//! The usable part of sessions, in the cache.
//!
//! The cookie holds 256 random bits; the cache has the state under their SHA-256, sealed: neither the database nor the cache
//! holds what would let somebody in. When it was last used stands beside it, so that noting a use never writes over what a
//! refresh has written.

use super::{
    session::{Limits, Live},
    store,
};
use crate::{Gateway, keys};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use kernel::{Context, Error, Result, Uuid};
use ring::digest;
use std::time::Duration;

/// Uses are noted this often at most.
const NOTED: SignedDuration = SignedDuration::from_secs(60);
/// Random bytes of a cookie.
const SECRET: usize = 32;

pub(crate) use super::session::{Live as State, refresh_at};

/// A new cookie value.
///
/// # Errors
/// Internal, when the system has no randomness.
pub(crate) fn new_cookie() -> Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(keys::random::<SECRET>()?))
}

/// Where the cache has the session of a cookie; `None` for what can't be one.
pub(crate) fn cache_key(cookie: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(cookie).ok().filter(|bytes| bytes.len() == SECRET)?;
    Some(format!("session:{}", URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, &bytes))))
}

/// Keeps the state of a session.
///
/// # Errors
/// Internal, when sealing fails.
pub(crate) async fn keep(gateway: &Gateway, key: &str, live: &Live) -> Result<()> {
    let text = serde_json::to_vec(live).map_err(Error::internal)?;
    let sealed = gateway.sign_in.keys().seal(key, &text)?;
    let left = live.expires_at.duration_since(gateway.db.clock().now());
    gateway.cache.set(key, &sealed, Duration::try_from(left).unwrap_or_default()).await;
    Ok(())
}

/// Notes that a session is used now.
pub(crate) async fn touch(gateway: &Gateway, key: &str, now: Timestamp, limits: &Limits) {
    let idle = Duration::try_from(limits.idle).unwrap_or_default();
    gateway.cache.set(&used_key(key), now.as_second().to_string().as_bytes(), idle).await;
}

/// Forgets a session.
pub(crate) async fn forget(gateway: &Gateway, key: &str) {
    gateway.cache.delete(key).await;
    gateway.cache.delete(&used_key(key)).await;
}

/// The session of a cookie, when it may be used now. Notes the use.
///
/// # Errors
/// Those of asking whether it was ended.
pub(crate) async fn load(gateway: &Gateway, key: &str) -> Result<Option<Live>> {
    let Some(live) = read(gateway, key).await else { return Ok(None) };
    let (now, limits) = (gateway.db.clock().now(), gateway.limits());
    let Some(used_at) = used_at(gateway, key).await else { return Ok(None) };
    let ended = gateway.ended_sessions.contains(live.tenant, live.session).await?
        || gateway.deactivated.contains(live.tenant, live.person).await?;
    if ended || live.is_over(&limits, used_at, now) {
        forget(gateway, key).await;
        return Ok(None);
    }
    if now.duration_since(used_at) >= NOTED {
        touch(gateway, key, now, &limits).await;
        note(gateway, &live, now).await?;
    }
    Ok(Some(live))
}

/// The state under a key.
pub(crate) async fn read(gateway: &Gateway, key: &str) -> Option<Live> {
    let sealed = gateway.cache.get(key).await?;
    serde_json::from_slice(&gateway.sign_in.keys().open(key, &sealed)?).ok()
}

async fn used_at(gateway: &Gateway, key: &str) -> Option<Timestamp> {
    let text = String::from_utf8(gateway.cache.get(&used_key(key)).await?).ok()?;
    Timestamp::from_second(text.parse().ok()?).ok()
}

async fn note(gateway: &Gateway, live: &Live, now: Timestamp) -> Result<()> {
    let ctx = Context::system(live.tenant, "gateway", "session used", now, gateway.db.clock().new_id());
    let mut tx = gateway.db.write(&ctx).await?;
    store::used(&mut tx, live.session).await?;
    tx.commit().await
}

fn used_key(key: &str) -> String {
    format!("{key}:used")
}

/// The ids under which tokens of a session may go: ours, and the provider's where it can be one.
pub(crate) fn names(session: Uuid, provider_session: &str) -> impl Iterator<Item = Uuid> {
    [Some(session), provider_session.parse().ok()].into_iter().flatten()
}
