//! The boundary every call crosses, in this order: a caught panic, request id and trace, whether the server is open
//! yet, the limit of calls under way, the caller and their permission, the caller's rate, the deadline, the handler.
//!
//! One service and one future instead of a layer for each step: a call pays for one allocation, and the order can be
//! read from top to bottom.

use super::{Access, Places, access::Thumbprint, body::Watched, deadline, panicked};
use crate::{
    call::Call,
    methods::{Method, Methods},
    trace,
};
use futures::FutureExt;
use http::{HeaderMap, HeaderValue, Request, Response};
use kernel::{Context, Error, ErrorKind, Result, SharedClock, Uuid};
use std::{
    convert::Infallible,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{self, Poll},
    time::Duration,
};
use tokio::sync::OwnedSemaphorePermit;
use tonic::{
    Code, Status,
    body::Body,
    service::Routes,
    transport::server::{TcpConnectInfo, TlsConnectInfo},
};
use tower::Service;
use tracing::Instrument;

/// Header and metadata key of the request id.
pub(crate) const REQUEST_ID: &str = "x-request-id";
/// How long a refused caller had better wait.
const BUSY: Duration = Duration::from_millis(100);

/// What all calls of a server share.
pub(crate) struct Shared {
    pub(crate) clock: SharedClock,
    pub(crate) methods: Methods,
    pub(crate) access: Access,
    pub(crate) open: Arc<AtomicBool>,
    pub(crate) places: Places,
    pub(crate) max_deadline: Duration,
    pub(crate) max_stream: Duration,
}

/// The routes behind the boundary.
#[derive(Clone)]
pub(crate) struct Boundary {
    pub(crate) inner: Routes,
    pub(crate) shared: Arc<Shared>,
}

impl Service<Request<Body>> for Boundary {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<Request<Body>>::poll_ready(&mut self.inner, cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // The clone has not been polled ready; what was is taken.
        let next = self.inner.clone();
        let routes = std::mem::replace(&mut self.inner, next);
        let shared = Arc::clone(&self.shared);
        Box::pin(async move {
            let call = begin(&shared, &request);
            let id = request_id_value(call.request_id);
            let span = call.span.clone();
            let passed = pass(&shared, &call, routes, request).instrument(span);
            let mut response = match AssertUnwindSafe(passed).catch_unwind().await {
                Ok(Ok(response)) => response,
                Ok(Err(error)) => refusal(&call, call.refuse(&error)),
                Err(panic) => refusal(&call, call.refuse(&panicked(panic.as_ref()))),
            };
            response.headers_mut().insert(REQUEST_ID, id);
            Ok(response)
        })
    }
}

/// Names the call: its method, its request id, its place in the caller's trace.
fn begin(shared: &Shared, request: &Request<Body>) -> Arc<Call> {
    let headers = request.headers();
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let request_id =
        given.and_then(|text| Uuid::try_parse(text).ok()).unwrap_or_else(|| shared.clock.new_id());
    let method = shared.methods.get(request.uri().path()).cloned();
    let span = match &method {
        Some(method) => tracing::info_span!(
            "rpc",
            otel.name = method.path,
            otel.kind = "server",
            rpc.service = method.service,
            rpc.method = method.name,
            request.id = %request_id,
        ),
        None => tracing::info_span!("rpc", otel.kind = "server", request.id = %request_id),
    };
    if let Some(parent) = traceparent(headers).and_then(trace::parse) {
        trace::adopt(&span, parent);
    }
    Call::new(method, request_id, span)
}

fn traceparent(headers: &HeaderMap) -> Option<&str> {
    headers.get(trace::TRACEPARENT)?.to_str().ok()
}

/// All steps to the handler and back.
async fn pass(
    shared: &Arc<Shared>,
    call: &Arc<Call>,
    mut routes: Routes,
    mut request: Request<Body>,
) -> Result<Response<Body>> {
    let Some(method) = call.method.clone() else {
        // The router says UNIMPLEMENTED in the protocol's own words.
        return Ok(routed(&mut routes, request).await);
    };
    if method.permission.is_some() && !shared.open.load(Ordering::Acquire) {
        return Err(starting());
    }
    let place = place(shared, &method)?;
    if let Some(permission) = method.permission {
        let certificate = certificate(&request);
        let access = &shared.access;
        let caller = access.admit(request.headers(), certificate.as_ref(), permission, &method).await?;
        let ctx = context(shared, call, &method, caller, request.headers());
        request.extensions_mut().insert(ctx);
        if method.streaming {
            request.extensions_mut().insert(Arc::clone(call));
        }
    }
    if method.streaming {
        let most = deadline::of(request.headers(), shared.max_stream);
        stream(call, routes, request, most, place).await
    } else {
        let most = deadline::of(request.headers(), shared.max_deadline);
        unary(call, routes, request, most, place).await
    }
}

/// The certificate that the client showed on this connection. Its chain was verified in the handshake.
fn certificate(request: &Request<Body>) -> Option<Thumbprint> {
    let connection = request.extensions().get::<TlsConnectInfo<TcpConnectInfo>>()?;
    connection.peer_certs()?.first().map(|certificate| Thumbprint::of(certificate))
}

/// The refusal of calls before the process is ready, which no balancer should have sent.
fn starting() -> Box<Error> {
    Error::new(ErrorKind::Unavailable, "DEPENDENCY_UNAVAILABLE", "the service is starting; try again")
        .retry_after(Duration::from_secs(1))
}

/// A place among the calls under way. Nobody waits for one: a queue would only make the refusal slow.
fn place(shared: &Shared, method: &Method) -> Result<Option<OwnedSemaphorePermit>> {
    if method.service == "grpc.health.v1.Health" && !method.streaming {
        return Ok(None);
    }
    let semaphore = if method.streaming { &shared.places.streams } else { &shared.places.calls };
    match Arc::clone(semaphore).try_acquire_owned() {
        Ok(place) => Ok(Some(place)),
        Err(_) => Err(Error::new(
            ErrorKind::ResourceExhausted,
            "OVERLOADED",
            "the server is busy; try again in 100 ms",
        )
        .retry_after(BUSY)),
    }
}

fn context(
    shared: &Shared,
    call: &Call,
    method: &Method,
    actor: kernel::Actor,
    headers: &HeaderMap,
) -> Context {
    let traceparent = trace::of(&call.span)
        .or_else(|| traceparent(headers).filter(|text| trace::parse(text).is_some()).map(str::to_owned));
    Context {
        actor,
        operation: method.path.clone(),
        correlation: call.request_id,
        causation: None,
        traceparent,
        now: shared.clock.now(),
    }
}

async fn routed(routes: &mut Routes, request: Request<Body>) -> Response<Body> {
    match Service::<Request<Body>>::call(routes, request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// One answer: it is whole when its head is there, and so is the call.
async fn unary(
    call: &Arc<Call>,
    mut routes: Routes,
    request: Request<Body>,
    most: Duration,
    _place: Option<OwnedSemaphorePermit>,
) -> Result<Response<Body>> {
    let response =
        tokio::time::timeout(most, routed(&mut routes, request)).await.map_err(|_| deadline::passed(most))?;
    let response = seal(call, response);
    if !failed(&response) {
        call.finish(Code::Ok);
    }
    Ok(response)
}

/// A stream: watched until its end.
async fn stream(
    call: &Arc<Call>,
    mut routes: Routes,
    request: Request<Body>,
    most: Duration,
    place: Option<OwnedSemaphorePermit>,
) -> Result<Response<Body>> {
    let response =
        tokio::time::timeout(most, routed(&mut routes, request)).await.map_err(|_| deadline::passed(most))?;
    let response = seal(call, response);
    match place {
        Some(place) if !failed(&response) => {
            let call = Arc::clone(call);
            Ok(response.map(|body| Body::new(Watched::new(body, call, most, place))))
        }
        _ => Ok(response),
    }
}

fn failed(response: &Response<Body>) -> bool {
    response.headers().contains_key(Status::GRPC_STATUS)
}

/// Completes a status from inside. Answers that succeed have none in their head.
fn seal(call: &Call, mut response: Response<Body>) -> Response<Body> {
    match response.extensions_mut().remove::<Status>() {
        Some(status) if status.code() != Code::Ok => refusal(call, call.seal(status)),
        _ => response,
    }
}

fn refusal(call: &Call, status: Status) -> Response<Body> {
    call.finish(status.code());
    status.into_http()
}

fn request_id_value(id: Uuid) -> HeaderValue {
    let mut buffer = Uuid::encode_buffer();
    HeaderValue::from_str(id.hyphenated().encode_lower(&mut buffer))
        .unwrap_or_else(|_| HeaderValue::from_static(""))
}
