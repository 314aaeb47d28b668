//! What every request passes: how much and how fast it may send, where it goes, what goes with it.

use super::{
    caller, json,
    refusal::{Refusal, Result},
    rpc::Rpc,
    upstream::SERVICE,
};
use crate::{
    Gateway,
    http::{self, NoBody, Whole},
};
use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts},
};
use jiff::SignedDuration;
use kernel::{Error, ErrorKind, Uuid};
use std::{sync::Arc, time::Duration};

/// How long the caller will wait: `2.5` or `500ms`.
const TIMEOUT: &str = "x-timeout";
/// gRPC's own way to say so.
const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// No such address.
pub(super) fn nothing_here(id: Uuid) -> Refusal {
    let message = "there is no such address; /api/docs shows those that are";
    Refusal::of(&Error::new(ErrorKind::NotFound, "NOT_FOUND", message), id)
}

/// What is about to be read.
#[derive(Clone, Copy)]
pub(super) enum Size {
    /// One message.
    Message,
    /// Several.
    Upload,
}

/// The whole body, within bounds of size and time.
pub(super) async fn whole(gateway: &Gateway, body: Body, size: Size, id: Uuid) -> Result<Whole> {
    let settings = &gateway.api.settings;
    let (most, seconds) = match size {
        Size::Message => (settings.max_body_bytes, gateway.settings.body_seconds),
        Size::Upload => (settings.max_upload_bytes, settings.upload_seconds),
    };
    let (patience, budget) = (Duration::from_secs(seconds.max(1)), &gateway.api.budget);
    http::read(body, most, patience, Some(budget)).await.map_err(|none| {
        let (error, status) = match none {
            NoBody::Late => {
                let message = format!("the body did not arrive within {seconds} s");
                (
                    Error::new(ErrorKind::DeadlineExceeded, "DEADLINE_EXCEEDED", message),
                    StatusCode::REQUEST_TIMEOUT,
                )
            }
            NoBody::TooLarge => (
                json::refused(format!("the body is larger than {most} bytes")),
                StatusCode::PAYLOAD_TOO_LARGE,
            ),
            NoBody::Busy => {
                let message = "the gateway holds as many requests as it may; try again in 1 s";
                let error = Error::new(ErrorKind::ResourceExhausted, "OVERLOADED", message);
                (error.retry_after(Duration::from_secs(1)), StatusCode::TOO_MANY_REQUESTS)
            }
            NoBody::Broken => {
                (json::refused("the body could not be read".to_owned()), StatusCode::BAD_REQUEST)
            }
        };
        Refusal::of(&error, id).http(status)
    })
}

/// What goes with the call: who calls, its name, its place in a trace, how long the caller will wait.
pub(super) async fn upstream(gateway: &Gateway, parts: &Parts, id: Uuid) -> kernel::Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    if let Some(authorization) = caller::authorization(gateway, parts).await? {
        headers.insert(header::AUTHORIZATION, authorization);
    }
    let text = |text: &str| HeaderValue::from_str(text).map_err(Error::internal);
    headers.insert(http::REQUEST_ID, text(&id.to_string())?);
    if let Some(traceparent) = http::traceparent(&parts.headers) {
        headers.insert("traceparent", text(traceparent)?);
    }
    if let Some(asked) = parts.headers.get(TIMEOUT) {
        headers.insert(GRPC_TIMEOUT, text(&timeout(asked.to_str().unwrap_or_default())?)?);
    } else if let Some(asked) = parts.headers.get(GRPC_TIMEOUT) {
        headers.insert(GRPC_TIMEOUT, asked.clone());
    }
    Ok(headers)
}

/// `x-timeout` as gRPC writes it.
fn timeout(text: &str) -> kernel::Result<String> {
    let seconds = text.parse::<f64>().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let duration = || text.parse::<SignedDuration>().ok().and_then(|parsed| Duration::try_from(parsed).ok());
    let asked = seconds.or_else(duration).filter(|asked| !asked.is_zero());
    let asked = asked.ok_or_else(|| {
        Error::field(
            TIMEOUT,
            "must be seconds such as 2.5, or a duration such as 500ms, and more than nothing",
        )
    })?;
    Ok(format!("{}m", asked.as_millis().clamp(1, 99_999_999)))
}

/// The channel to the service that answers.
pub(super) fn channel<'a>(
    gateway: &'a Gateway,
    rpc: &Arc<Rpc>,
    headers: &HeaderMap,
) -> kernel::Result<&'a grpc::Channel> {
    let asked = headers.get(SERVICE).and_then(|service| service.to_str().ok());
    gateway.api.upstreams.of(&rpc.owner, asked)
}

#[cfg(test)]
mod tests {
    use super::timeout;

    #[test]
    fn timeouts_are_seconds_or_durations() {
        for (text, want) in
            [("2.5", "2500m"), ("1", "1000m"), ("500ms", "500m"), ("1m 30s", "90000m"), ("1e9", "99999999m")]
        {
            assert_eq!(timeout(text).expect("valid"), want, "{text}");
        }
        assert_eq!(timeout("1ns").expect("more than nothing"), "1m");
        for text in ["", "0", "-1", "NaN", "inf", "soon", "0s", "-5s", "1e300"] {
            assert_eq!(timeout(text).expect_err(text).violations[0].field, "x-timeout", "{text}");
        }
    }
}
