//! How answers and refusals look.

use super::{error::Refusal, project::Projection, resource::Resource};
use crate::Gateway;
use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::Value;

/// The media type of SCIM.
const MEDIA: HeaderValue = HeaderValue::from_static("application/scim+json;charset=utf-8");

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

/// A resource as answered; `base` is the address of the SCIM root.
pub(crate) fn shown(
    gateway: &Gateway,
    base: &str,
    status: StatusCode,
    resource: &Resource,
    projection: &Projection,
) -> Response {
    let of = gateway.catalogue.of(resource.kind);
    let shown = projection.apply(of, resource.shown(of, base));
    with_header(answer(status, &Value::Object(shown)), header::ETAG, &resource.etag())
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
