//! Between HTTP and a handler: who calls, how much and how fast they may, and how answers and refusals look.

use super::{
    ROOT,
    error::{Refusal, Result},
    project::Projection,
    read,
    resource::Resource,
    schema::Kind,
    value::Object,
    write::{self, Change},
};
use crate::{
    Gateway, connections,
    http::{self, NoBody},
};
use axum::{
    body::Body,
    extract::{FromRequestParts, Path, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use kernel::{Actor, Context, Role, TenantId, Uuid};
use serde_json::Value;
use std::time::{Duration, Instant};
use storage::{Limit, Taken};

/// The media type of SCIM.
const MEDIA: HeaderValue = HeaderValue::from_static("application/scim+json;charset=utf-8");
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

/// The kind that an endpoint serves.
pub(crate) fn kind(endpoint: &str) -> Result<Kind> {
    Kind::of_endpoint(endpoint).ok_or_else(|| Refusal::not_found("there is no such endpoint"))
}

/// A request for one resource: who calls, which it is, and what else its address and headers say.
pub(crate) struct Target {
    pub(crate) gateway: Gateway,
    pub(crate) caller: Caller,
    pub(crate) kind: Kind,
    pub(crate) id: Uuid,
    query: String,
    headers: HeaderMap,
}

impl FromRequestParts<Gateway> for Target {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> std::result::Result<Self, Refused> {
        let Path((endpoint, text)) = Path::<(String, String)>::from_request_parts(parts, gateway)
            .await
            .map_err(|_| Refusal::not_found("there is no such endpoint"))?;
        let caller = parts.extensions.get::<Caller>().cloned();
        let caller = caller.ok_or_else(|| kernel::Error::internal("a request that nobody admitted"))?;
        let kind = kind(&endpoint)?;
        let query = parts.uri.query().unwrap_or_default().to_owned();
        let (gateway, headers) = (gateway.clone(), std::mem::take(&mut parts.headers));
        Ok(Target { gateway, caller, kind, id: id(kind, &text)?, query, headers })
    }
}

impl Target {
    /// What of the resource the answer shall show.
    pub(crate) fn projection(&self) -> Result<Projection> {
        read::projection(Some(&self.query))
    }

    /// A condition, such as `if-match`.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Changes the resource.
    pub(crate) async fn change(&self, change: Change<'_>) -> Result<Resource> {
        let if_match = self.header("if-match");
        write::change(&self.gateway, &self.caller, self.kind, self.id, if_match, change).await
    }

    /// The resource in the body.
    pub(crate) async fn sent(&self, body: Body) -> Result<Object> {
        object(&self.gateway, &self.headers, body, self.gateway.settings.max_resource_bytes).await
    }

    /// The resource as the answer.
    pub(crate) fn shown(&self, resource: &Resource, projection: &Projection) -> Response {
        read::shown(&self.gateway, &self.caller, StatusCode::OK, resource, projection)
    }
}

/// The id in a path.
pub(crate) fn id(kind: Kind, text: &str) -> Result<Uuid> {
    text.parse().map_err(|_| absent(kind, text))
}

/// No such resource for this caller.
pub(crate) fn absent(kind: Kind, id: impl std::fmt::Display) -> Box<Refusal> {
    let id: String = id.to_string().chars().take(100).collect();
    Refusal::not_found(format!("there is no {} with id {id}", kind.word()))
}

/// Reads a JSON object, within bounds of size and time.
pub(crate) async fn object(
    gateway: &Gateway,
    headers: &HeaderMap,
    body: Body,
    most: usize,
) -> Result<Object> {
    media_type(headers)?;
    let patience = Duration::from_secs(gateway.settings.body_seconds.max(1));
    let body = http::read(body, most, patience, None).await.map_err(|none| match none {
        NoBody::Late => Refusal::new(408, None, "the body did not arrive in time"),
        NoBody::TooLarge => Refusal::new(413, None, format!("the body is larger than {most} bytes")),
        NoBody::Busy => Refusal::new(429, None, "too many bodies at once; try again later"),
        NoBody::Broken => Refusal::syntax("the body could not be read"),
    })?;
    match serde_json::from_slice(&body.bytes) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Refusal::syntax("the body must be a JSON object")),
        Err(error) => Err(Refusal::syntax(format!("the body is not JSON: {error}"))),
    }
}

fn media_type(headers: &HeaderMap) -> Result<()> {
    let Some(sent) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let sent = sent.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if ["application/scim+json", "application/json"].iter().any(|known| sent.eq_ignore_ascii_case(known)) {
        Ok(())
    } else {
        Err(Refusal::new(415, None, "send application/scim+json"))
    }
}

/// An answer in JSON.
pub(crate) fn answer(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, MEDIA)], body.to_string()).into_response()
}

/// Adds a header whose value was made here.
pub(crate) fn with_header(mut response: Response, name: HeaderName, value: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

/// No such endpoint.
pub(crate) async fn nothing_here() -> Response {
    Refusal::not_found("there is no such endpoint").into_response()
}

/// The endpoint is there, and can't do this.
pub(crate) async fn not_allowed(method: Method) -> Response {
    Refusal::new(405, None, format!("{method} is not possible here")).into_response()
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        if let Some(cause) = &self.cause
            && self.status >= 500
        {
            let source = std::error::Error::source(cause.as_ref()).map(ToString::to_string);
            tracing::error!(reason = cause.reason, error = %cause, source, "a SCIM request failed");
        }
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = answer(status, &self.body());
        if self.status == 401 {
            response = with_header(response, header::WWW_AUTHENTICATE, "Bearer realm=\"scim\"");
        }
        if let Some(after) = self.retry_after {
            let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
            response = with_header(response, header::RETRY_AFTER, &seconds.max(1).to_string());
        }
        response
    }
}

/// So that handlers may answer with a boxed refusal.
pub(crate) struct Refused(Box<Refusal>);

impl From<Box<Refusal>> for Refused {
    fn from(refusal: Box<Refusal>) -> Self {
        Refused(refusal)
    }
}

impl From<Box<kernel::Error>> for Refused {
    fn from(error: Box<kernel::Error>) -> Self {
        Refused(error.into())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (*self.0).into_response()
    }
}

/// What a handler answers.
pub(crate) type Answer = std::result::Result<Response, Refused>;
