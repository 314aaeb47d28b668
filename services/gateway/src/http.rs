//! What every HTTP area shares: the request's name, bodies within bounds, metrics.

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderName, Method, StatusCode},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use kernel::Uuid;
use std::time::Duration;

/// Ties log lines, audit rows and events together.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The request's name, if the client gave a good one.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<Uuid> {
    headers.get(REQUEST_ID)?.to_str().ok()?.parse().ok()
}

/// The caller's place in a trace, if it has the length of one.
pub(crate) fn traceparent(headers: &HeaderMap) -> Option<&str> {
    headers.get("traceparent")?.to_str().ok().filter(|value| value.len() <= 100)
}

/// Why there is no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoBody {
    /// It did not arrive in time.
    Late,
    /// It has more bytes than allowed.
    TooLarge,
    /// The client went away, or framed it wrongly.
    Broken,
}

/// Reads a whole body, within bounds of size and time.
pub(crate) async fn read(body: Body, most: usize, patience: Duration) -> Result<Bytes, NoBody> {
    match tokio::time::timeout(patience, Limited::new(body, most).collect()).await {
        Err(_) => Err(NoBody::Late),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(NoBody::TooLarge),
        Ok(Err(_)) => Err(NoBody::Broken),
        Ok(Ok(body)) => Ok(body.to_bytes()),
    }
}

/// Counts a request that was answered.
pub(crate) fn record(api: &'static str, method: &Method, status: StatusCode, took: Duration) {
    let method = match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "other",
    };
    let labels = [("service", "gateway".to_owned()), ("api", api.to_owned()), ("method", method.to_owned())];
    metrics::histogram!("mentor_http_request_seconds", &labels).record(took.as_secs_f64());
    let [service, api, method] = labels;
    let labels = [service, api, method, ("status", status.as_u16().to_string())];
    metrics::counter!("mentor_http_requests_total", &labels).increment(1);
}
