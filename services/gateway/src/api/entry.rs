//! Where requests come in: each gets its name, is led to its RPC, and is counted when it goes out.

use super::{
    ROOT, call,
    edge::{self, Size},
    json,
    refusal::{Refusal, Result},
    request,
    route::Found,
    web,
};
use crate::{Gateway, http};
use axum::{
    body::{Body, HttpBody},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use kernel::{Error, Uuid};
use std::time::Instant;

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
            let sent = edge::whole(gateway, body, Size::Upload, id).await?;
            let messages = json::read_all(&rpc.descriptor.input(), &sent.bytes, lines).map_err(refuse)?;
            return call::run(gateway, rpc, parts, messages, id).await;
        }
        media(&parts.headers, &["application/json"], id)?;
        let sent = edge::whole(gateway, body, Size::Message, id).await?;
        let message = json::read(&rpc.descriptor.input(), &sent.bytes).map_err(refuse)?;
        return call::run(gateway, rpc, parts, vec![json::encoded(&message)], id).await;
    }
    match gateway.api.routes.find(&parts.method, path) {
        Found::Route(route, texts) => {
            if !body.is_end_stream() {
                media(&parts.headers, &["application/json"], id)?;
            }
            let sent = edge::whole(gateway, body, Size::Message, id).await?;
            let query = parts.uri.query().unwrap_or_default();
            let message = request::message(route, &texts, query, &sent.bytes).map_err(refuse)?;
            call::run(gateway, &route.rpc, parts, vec![json::encoded(&message)], id).await
        }
        Found::OtherMethods(methods) => Err(not_allowed(parts, &methods, id)),
        Found::Nothing => Err(edge::nothing_here(id)),
    }
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
