//! gRPC-Web passes through: translated to gRPC by tonic's own layer, and called like everything else.

use super::{
    edge::{self, Size},
    json,
    refusal::{Refusal, Result},
};
use crate::Gateway;
use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderName, Method, Request, Response as HttpResponse, StatusCode, Version, header,
        request::Parts,
    },
    response::Response,
};
use http_body_util::Full;
use kernel::{Error, Uuid};
use std::convert::Infallible;
use tonic::{Status, body::Body as GrpcBody};
use tonic_web::GrpcWebLayer;
use tower::{Layer, ServiceExt, service_fn};

/// What of the caller's headers is the protocol's.
const PROTOCOL: [HeaderName; 7] = [
    header::CONTENT_TYPE,
    header::ACCEPT,
    header::TE,
    HeaderName::from_static("grpc-encoding"),
    HeaderName::from_static("grpc-accept-encoding"),
    HeaderName::from_static("x-grpc-web"),
    HeaderName::from_static("x-user-agent"),
];

/// Passes a call on.
pub(super) async fn pass(gateway: &Gateway, parts: &Parts, body: Body, id: Uuid) -> Result<Response> {
    let rpc =
        gateway.api.rpc(parts.uri.path().trim_start_matches('/')).ok_or_else(|| edge::nothing_here(id))?;
    let sent = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if parts.method != Method::POST || !sent.unwrap_or_default().starts_with("application/grpc-web") {
        let message =
            format!("POST gRPC-Web here (application/grpc-web+proto), or JSON to /api/{}", rpc.name);
        return Err(Refusal::of(&json::refused(message), id).http(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let sent = edge::whole(gateway, body, Size::Message, id).await?;
    let (mut head, ()) = Request::new(()).into_parts();
    (head.method, head.uri, head.version) = (Method::POST, rpc_uri(parts, id)?, Version::HTTP_2);
    head.headers = protocol(&parts.headers);
    // Refusals of the gateway's own go back as gRPC says them, so they are made within.
    let forward = service_fn(|mut request: Request<GrpcBody>| async move {
        let called = async {
            request.headers_mut().extend(edge::upstream(gateway, parts, id).await?);
            let channel = edge::channel(gateway, rpc, &parts.headers)?.clone();
            let answer: HttpResponse<GrpcBody> =
                channel.oneshot(request).await.unwrap_or_else(Status::into_http);
            Ok::<_, Box<Error>>(answer)
        };
        let answer = called.await.unwrap_or_else(|error| Refusal::of(&error, id).into_status().into_http());
        Ok::<_, Infallible>(answer)
    });
    let request = Request::from_parts(head, Full::new(sent.bytes.clone()));
    match GrpcWebLayer::new().layer(forward).oneshot(request).await {
        Ok(response) => Ok(response.map(Body::new)),
        Err(never) => match never {},
    }
}

/// The path alone.
fn rpc_uri(parts: &Parts, id: Uuid) -> Result<axum::http::Uri> {
    parts.uri.path().parse().map_err(|error| Refusal::of(&Error::internal(error), id))
}

fn protocol(sent: &HeaderMap) -> HeaderMap {
    let known = PROTOCOL.into_iter().filter_map(|name| Some((name.clone(), sent.get(name)?.clone())));
    known.collect()
}
