//! What stands around every request: request id, headers, metrics; and how bodies and rates are bounded.

use crate::{Gateway, http};
use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use http_body_util::{BodyExt, Limited};
use kernel::{Context, Error, ErrorKind, Result, TenantId, Uuid};
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};
use storage::{Limit, Taken};

/// Ties log lines and audit rows together.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Forms of signing in are some kilobytes.
const MAX_FORM: usize = 32 * 1024;
/// Failed attempts of one client or provider: guessing gets nowhere.
const FAILURES: Limit = Limit { per_second: 5.0, burst: 30.0 };

/// The request's id.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Correlation(pub(crate) Uuid);

/// Names the request, counts it, and sends headers that keep browsers from doing more than they should.
pub(crate) async fn enter(State(gateway): State<Gateway>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let given = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok()?.parse().ok());
    let id = given.unwrap_or_else(|| gateway.db.clock().new_id());
    request.extensions_mut().insert(Correlation(id));
    let method = request.method().clone();
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
        headers.insert(REQUEST_ID, id);
    }
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    http::record("sign-in", &method, response.status(), began.elapsed());
    response
}

/// The suite acting for somebody who is signing in.
pub(crate) fn context(
    gateway: &Gateway,
    tenant: TenantId,
    operation: &str,
    correlation: Correlation,
) -> Context {
    Context::system(tenant, "gateway", operation, gateway.db.clock().now(), correlation.0)
}

/// Where a request comes from, where a proxy of ours says so: what came before its last entry, clients can write
/// themselves.
fn address(gateway: &Gateway, headers: &HeaderMap) -> String {
    let name = &gateway.settings.sign_in.client_address_header;
    let last = headers.get_all(name.as_str()).iter().next_back().filter(|_| !name.is_empty());
    let entry = last.and_then(|value| value.to_str().ok()?.rsplit(',').next()).unwrap_or_default();
    entry.trim().chars().take(45).collect()
}

/// Takes a place among the sign-ins that may begin.
///
/// # Errors
/// `RATE_LIMITED`.
pub(crate) async fn limit_logins(gateway: &Gateway, provider: &str, headers: &HeaderMap) -> Result<()> {
    let per_minute = f64::from(gateway.settings.sign_in.logins_per_minute);
    let limit = Limit { per_second: per_minute / 60.0, burst: per_minute };
    take(gateway, &format!("sign-in:{provider}:{}", address(gateway, headers)), limit).await
}

/// Counts a failed attempt.
///
/// # Errors
/// `RATE_LIMITED` when there were too many.
pub(crate) async fn failed(gateway: &Gateway, who: &str) -> Result<()> {
    take(gateway, &format!("sign-in-failed:{who}"), FAILURES).await
}

async fn take(gateway: &Gateway, bucket: &str, limit: Limit) -> Result<()> {
    match gateway.cache.take(bucket, limit, 1.0).await {
        Taken::Refused(after) => {
            let message = "too many attempts; try again in a moment";
            Err(Error::new(ErrorKind::ResourceExhausted, "RATE_LIMITED", message).retry_after(after))
        }
        Taken::Allowed => Ok(()),
    }
}

/// Reads a form, within bounds of size and time. A parameter may come once.
///
/// # Errors
/// `FIELD_INVALID` for what is no such form.
pub(crate) async fn form(
    gateway: &Gateway,
    headers: &HeaderMap,
    body: Body,
) -> Result<HashMap<String, String>> {
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim();
    if !media.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(Error::field("content-type", "must be application/x-www-form-urlencoded"));
    }
    let patience = Duration::from_secs(gateway.settings.body_seconds.max(1));
    let read = tokio::time::timeout(patience, Limited::new(body, MAX_FORM).collect()).await;
    let bytes = match read {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(_)) => {
            return Err(Error::field("body", format!("must be whole, and at most {MAX_FORM} bytes")));
        }
        Err(_) => return Err(Error::field("body", "did not arrive in time")),
    };
    parameters(&bytes)
}

/// Reads parameters, each of which may come once.
///
/// # Errors
/// `FIELD_INVALID`, naming one that came twice.
pub(crate) fn parameters(text: &[u8]) -> Result<HashMap<String, String>> {
    let mut found = HashMap::new();
    for (name, value) in form_urlencoded::parse(text) {
        if found.insert(name.clone().into_owned(), value.into_owned()).is_some() {
            let name: String = name.chars().take(50).collect();
            return Err(Error::field(name, "must come once"));
        }
    }
    Ok(found)
}
