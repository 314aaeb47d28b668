//! The call itself. One answer is JSON; a stream of answers is server-sent events: each message as `data`, at the end
//! an event `end`, or `error` with a `google.rpc.Status`. A client that goes away ends the call.

use super::{
    codec::Dynamic,
    edge, json,
    refusal::{Refusal, Result},
    rpc::Rpc,
};
use crate::Gateway;
use axum::{
    body::Bytes,
    http::{Extensions, HeaderMap, HeaderName, HeaderValue, header, request::Parts, uri::PathAndQuery},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures::stream::{self, Stream};
use kernel::{Error, Uuid};
use prost_reflect::DynamicMessage;
use std::{convert::Infallible, sync::Arc, time::Duration};
use tonic::{Streaming, client::Grpc, metadata::MetadataMap};

/// Calls the RPC with these messages; one unless it takes a stream of them.
pub(super) async fn run(
    gateway: &Gateway,
    rpc: &Arc<Rpc>,
    parts: &Parts,
    messages: Vec<Bytes>,
    id: Uuid,
) -> Result<Response> {
    let refuse = |error: Box<Error>| Refusal::of(&error, id);
    let headers = edge::upstream(gateway, parts, id).await.map_err(refuse)?;
    let channel = edge::channel(gateway, rpc, &parts.headers).map_err(refuse)?;
    let path = PathAndQuery::try_from(format!("/{}", rpc.name));
    let path = path.map_err(|error| refuse(Error::internal(error)))?;
    let mut client = Grpc::new(channel.clone());
    client.ready().await.map_err(|status| Refusal::from_service(status, id))?;
    let codec = Dynamic(rpc.descriptor.output());
    if rpc.is_unary() {
        let message = messages.into_iter().next().unwrap_or_default();
        let answer = client.unary(request(headers, message), path, codec).await;
        let answer = answer.map_err(|status| Refusal::from_service(status, id))?;
        let text = json::write(answer.get_ref()).map_err(refuse)?;
        return Ok((HEADERS, text).into_response());
    }
    let answers = client.streaming(request(headers, stream::iter(messages)), path, codec).await;
    let answers = answers.map_err(|status| Refusal::from_service(status, id))?.into_inner();
    let heartbeat = Duration::from_secs(gateway.api.settings.heartbeat_seconds.max(1));
    let alive = KeepAlive::new().interval(heartbeat).text("alive");
    Ok((UNBUFFERED, Sse::new(events(answers, id)).keep_alive(alive)).into_response())
}

/// Answers are about people: nobody between keeps them.
const HEADERS: [(HeaderName, HeaderValue); 2] = [
    (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

/// Tells proxies such as nginx to pass events on as they come.
const UNBUFFERED: [(HeaderName, HeaderValue); 1] =
    [(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"))];

fn request<T>(headers: HeaderMap, message: T) -> tonic::Request<T> {
    tonic::Request::from_parts(MetadataMap::from_headers(headers), Extensions::new(), message)
}

/// The answers as events; the last one says how it ended.
fn events(
    answers: Streaming<DynamicMessage>,
    id: Uuid,
) -> impl Stream<Item = std::result::Result<Event, Infallible>> + Send {
    let failed = |refusal: Refusal| Event::default().event("error").data(refusal.json());
    stream::unfold(Some(answers), move |open| async move {
        let mut answers = open?;
        let (event, open) = match answers.message().await {
            Ok(Some(message)) => match json::write(&message) {
                Ok(text) => (Event::default().data(text), Some(answers)),
                Err(error) => (failed(Refusal::of(&error, id)), None),
            },
            Ok(None) => (Event::default().event("end").data("{}"), None),
            Err(status) => (failed(Refusal::from_service(status, id)), None),
        };
        Some((Ok(event), open))
    })
}
