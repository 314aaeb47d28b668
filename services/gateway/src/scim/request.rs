//! What a request names and brings: the resource of its address, its conditions, its body within bounds.

use super::{
    answer::{self, Refused},
    edge::Caller,
    error::{Refusal, Result},
    project::Projection,
    resource::{Resource, absent},
    schema::Kind,
    search::Search,
    value::Object,
    write::{self, Change},
};
use crate::{
    Gateway,
    http::{self, NoBody},
};
use axum::{
    body::Body,
    extract::{FromRequestParts, Path},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::Response,
};
use kernel::Uuid;
use serde_json::Value;
use std::time::Duration;

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
        projection(Some(&self.query))
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
        answer::shown(&self.gateway, &self.caller.base, StatusCode::OK, resource, projection)
    }
}

/// The kind that an endpoint serves.
pub(crate) fn kind(endpoint: &str) -> Result<Kind> {
    Kind::of_endpoint(endpoint).ok_or_else(|| Refusal::not_found("there is no such endpoint"))
}

/// The id in a path.
pub(crate) fn id(kind: Kind, text: &str) -> Result<Uuid> {
    text.parse().map_err(|_| absent(kind, text))
}

/// The projection that a query string asks for.
pub(crate) fn projection(query: Option<&str>) -> Result<Projection> {
    Ok(Search::of_query(query.unwrap_or_default(), 0)?.projection)
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
