//! What every request passes: its name, how much and how fast it may send, where it goes, what goes with it.

use super::{
    ROOT, call, caller, json,
    refusal::{Refusal, Result},
    request,
    route::Found,
    rpc::Rpc,
    upstream::SERVICE,
    web,
};
use crate::{
    Gateway,
    http::{self, NoBody, Whole},
};
use axum::{
    body::{Body, HttpBody},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use jiff::SignedDuration;
use kernel::{Error, ErrorKind, Uuid};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// How long the caller will wait: `2.5` or `500ms`.
const TIMEOUT: &str = "x-timeout";
/// gRPC's own way to say so.
const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// JSON, by the RPC's name or by a route.
pub(super) async fn json(State(gateway): State<Gateway>, request: Request) -> Response {
    let began = Instant::now();
    let (parts, body) = request.into_parts();
    let id = name(&gateway, &parts.headers);
    let answer = answer(&gateway, &parts, body, id).await;
    let response = answer.unwrap_or_else(IntoResponse::into_response);
    finish(response, "api", &parts.method, id, began)
}

/// gRPC-Web.
pub(super) async fn grpc_web(State(gateway): State<Gateway>, request: Request) -> Response {
    let began = Instant::now();
    let (parts, body) = request.into_parts();
    let id = name(&gateway, &parts.headers);
    let answer = web::pass(&gateway, &parts, body, id).await;
    let response = answer.unwrap_or_else(IntoResponse::into_response);
    finish(response, "grpc-web", &parts.method, id, began)
}

fn name(gateway: &Gateway, headers: &HeaderMap) -> Uuid {
    http::request_id(headers).unwrap_or_else(|| gateway.db.clock().new_id())
}

fn finish(mut response: Response, api: &'static str, method: &Method, id: Uuid, began: Instant) -> Response {
    if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(http::REQUEST_ID, id);
    }
    http::record(api, method, response.status(), began.elapsed());
    response
}

async fn answer(gateway: &Gateway, parts: &Parts, body: Body, id: Uuid) -> Result<Response> {
    let refuse = |error: Box<Error>| Refusal::of(&error, id);
    let path = parts.uri.path().strip_prefix(ROOT).unwrap_or_default();
    if let Some(rpc) = gateway.api.rpc(path.trim_start_matches('/')) {
        if parts.method != Method::POST {
            return Err(not_allowed(parts, &[Method::POST], id));
        }
        // What was read is held, and counted, until the call is over.
        if rpc.descriptor.is_client_streaming() {
            let lines = media(&parts.headers, &["application/json", "application/x-ndjson"], id)? == 1;
            let sent = whole(gateway, body, Size::Upload, id).await?;
            let messages = json::read_all(&rpc.descriptor.input(), &sent.bytes, lines).map_err(refuse)?;
            return call::run(gateway, rpc, parts, messages, id).await;
        }
        media(&parts.headers, &["application/json"], id)?;
        let sent = whole(gateway, body, Size::Message, id).await?;
        let message = json::read(&rpc.descriptor.input(), &sent.bytes).map_err(refuse)?;
        return call::run(gateway, rpc, parts, vec![json::encoded(&message)], id).await;
    }
    match gateway.api.routes.find(&parts.method, path) {
        Found::Route(route, texts) => {
            if !body.is_end_stream() {
                media(&parts.headers, &["application/json"], id)?;
            }
            let sent = whole(gateway, body, Size::Message, id).await?;
            let query = parts.uri.query().unwrap_or_default();
            let message = request::message(route, &texts, query, &sent.bytes).map_err(refuse)?;
            call::run(gateway, &route.rpc, parts, vec![json::encoded(&message)], id).await
        }
        Found::OtherMethods(methods) => Err(not_allowed(parts, &methods, id)),
        Found::Nothing => Err(nothing_here(id)),
    }
}

/// No such address.
pub(super) fn nothing_here(id: Uuid) -> Refusal {
    let message = "there is no such address; /api/docs shows those that are";
    Refusal::of(&Error::new(ErrorKind::NotFound, "NOT_FOUND", message), id)
}

fn not_allowed(parts: &Parts, methods: &[Method], id: Uuid) -> Refusal {
    let methods = methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
    let error = json::refused(format!("{} is not possible here, but {methods}", parts.method));
    Refusal::of(&error, id).http(StatusCode::METHOD_NOT_ALLOWED).header(header::ALLOW, methods)
}

/// Which of the media types the body has; the first when it does not say.
fn media(headers: &HeaderMap, known: &[&str], id: Uuid) -> Result<usize> {
    let Some(sent) = headers.get(header::CONTENT_TYPE) else { return Ok(0) };
    let sent = sent.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    known.iter().position(|known| sent.eq_ignore_ascii_case(known)).ok_or_else(|| {
        let error = json::refused(format!("send {}", known.join(" or ")));
        Refusal::of(&error, id).http(StatusCode::UNSUPPORTED_MEDIA_TYPE)
    })
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
