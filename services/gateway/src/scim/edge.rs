//! What every request passes before its handler: who calls, and how fast they may.

use super::{
    ROOT,
    error::{Refusal, Result},
};
use crate::{Gateway, connections, http};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use kernel::{Actor, Context, Role, TenantId, Uuid};
use std::time::Instant;
use storage::{Limit, Taken};

/// A tenant's unknown tokens share one bucket of this many a second: guessing gets nowhere.
const FAILURES: Limit = Limit { per_second: 10.0, burst: 50.0 };

/// Who calls, and what every handler needs to know of the call.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) ctx: Context,
    /// The address of the SCIM root, for locations.
    pub(crate) base: String,
}

/// What stands around every request: identity, rate, metrics, errors.
pub(crate) async fn enter(State(gateway): State<Gateway>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let (mut parts, body) = request.into_parts();
    let method = parts.method.clone();
    let correlation = http::request_id(&parts.headers).unwrap_or_else(|| gateway.db.clock().new_id());
    let mut response = match admit(&gateway, &parts, correlation).await {
        Ok(caller) => {
            parts.extensions.insert(caller);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(refusal) => refusal.into_response(),
    };
    if let Ok(id) = HeaderValue::from_str(&correlation.to_string()) {
        response.headers_mut().insert(http::REQUEST_ID, id);
    }
    http::record("scim", &method, response.status(), began.elapsed());
    response
}

async fn admit(gateway: &Gateway, request: &Parts, correlation: Uuid) -> Result<Caller> {
    let token = bearer(&request.headers)?;
    let found = connections::authenticate(gateway, token, correlation).await?;
    let Some(connection) = found else {
        let tenant = connections::tenant_of(token).map(|tenant| tenant.to_string()).unwrap_or_default();
        take(gateway, &format!("scim-refused:{tenant}"), FAILURES).await?;
        return Err(Refusal::new(401, None, "the token is not known here, has expired or was revoked"));
    };
    let settings = &gateway.settings;
    if settings.requests_per_second > 0 {
        let limit = Limit {
            per_second: f64::from(settings.requests_per_second),
            burst: f64::from(settings.burst.max(settings.requests_per_second)),
        };
        take(gateway, &format!("scim:{}", connection.tenant), limit).await?;
    }
    let operation = format!("scim {} {}", request.method, endpoint(request.uri.path()));
    let ctx = context(gateway, connection.tenant, connection.id, operation, correlation, &request.headers);
    Ok(Caller { ctx, base: base(&settings.public_url, &request.headers) })
}

fn bearer(headers: &HeaderMap) -> Result<&str> {
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match header.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        _ => Err(Refusal::new(401, None, "send the connection's token as Authorization: Bearer …")),
    }
}

async fn take(gateway: &Gateway, bucket: &str, limit: Limit) -> Result<()> {
    match gateway.cache.take(bucket, limit, 1.0).await {
        Taken::Refused(after) => {
            let mut refusal = Refusal::new(429, None, "too many requests; try again later");
            refusal.retry_after = Some(after);
            Err(refusal)
        }
        _ => Ok(()),
    }
}

fn context(
    gateway: &Gateway,
    tenant: TenantId,
    connection: Uuid,
    operation: String,
    correlation: Uuid,
    headers: &HeaderMap,
) -> Context {
    let actor =
        Actor { tenant, subject: format!("scim:{connection}"), person: None, roles: vec![Role::HrClient] };
    Context {
        actor,
        operation,
        correlation,
        causation: None,
        traceparent: http::traceparent(headers).map(str::to_owned),
        now: gateway.db.clock().now(),
    }
}

/// The first segment, for the audit trail: without ids.
fn endpoint(path: &str) -> &str {
    let path = path.strip_prefix(ROOT).unwrap_or(path);
    match path.trim_start_matches('/').split('/').next() {
        Some(
            known @ ("Users"
            | "Groups"
            | "Bulk"
            | "Schemas"
            | "ResourceTypes"
            | "ServiceProviderConfig"
            | ".search"),
        ) => known,
        _ => "other",
    }
}

/// The address of the SCIM root: as configured, else as the client wrote it.
fn base(public_url: &str, headers: &HeaderMap) -> String {
    if !public_url.is_empty() {
        return format!("{}{ROOT}", public_url.trim_end_matches('/'));
    }
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or("localhost");
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    let host = if host.chars().all(plain) { host } else { "localhost" };
    format!("http://{host}{ROOT}")
}

/// No such endpoint.
pub(crate) async fn nothing_here() -> Response {
    Refusal::not_found("there is no such endpoint").into_response()
}

/// The endpoint is there, and can't do this.
pub(crate) async fn not_allowed(method: Method) -> Response {
    Refusal::new(405, None, format!("{method} is not possible here")).into_response()
}
