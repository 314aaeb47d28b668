//! One call with its attempts.

use super::{TokenSource, balance::Balancer};
use crate::{
    Descriptors,
    server::{REQUEST_ID, asked_deadline},
    status::{self, complete},
    trace,
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, header::AUTHORIZATION, request::Parts};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use kernel::{Error, ErrorKind, Result, Uuid};
use std::{
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::Instant;
use tonic::{Code, Status, TimeoutExpired, body::Body};
use tonic_types::StatusExt;
use tower::{Service, ServiceExt};

/// The first pause; each following is twice as long.
const BACKOFF: Duration = Duration::from_millis(50);
/// The longest pause.
const MAX_BACKOFF: Duration = Duration::from_secs(2);
/// A call that no server began is begun again this often, whatever the attempts: the server said goodbye at that moment.
const NEVER_BEGUN: u32 = 5;
/// A request larger than this is sent once.
const MAX_KEPT: usize = 4 * 1024 * 1024 + 5;

/// What all calls of a channel share.
pub(super) struct Shared {
    pub(super) balancer: Balancer,
    pub(super) deadline: Duration,
    pub(super) stream_deadline: Duration,
    pub(super) attempts: u32,
    pub(super) token: Option<Arc<dyn TokenSource>>,
    pub(super) request_ids: Option<Arc<dyn Fn() -> Uuid + Send + Sync>>,
    pub(super) descriptors: Descriptors,
}

/// A channel for generated clients: balanced, retried, with a deadline on every call.
#[derive(Clone)]
pub struct Channel {
    shared: Arc<Shared>,
}

impl Channel {
    pub(super) fn new(shared: Shared) -> Self {
        Channel { shared: Arc::new(shared) }
    }
}

impl Service<Request<Body>> for Channel {
    type Response = Response<Body>;
    /// Of the client's own; its source is the [`Error`] with all its causes.
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Status>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move {
            run(&shared, request).await.map_err(|error| {
                let mut status = complete(&error, "mentor.client", None);
                status.set_source(Arc::new(*error));
                status
            })
        })
    }
}

/// Whether the client and the server stream in a method; one that the descriptors don't have is taken for both.
fn flow(descriptors: &Descriptors, request: &Request<Body>) -> (bool, bool) {
    let path = request.uri().path().strip_prefix('/').and_then(|path| path.split_once('/'));
    let found = path.and_then(|(service, method)| {
        let service = descriptors.pool.get_service_by_name(service)?;
        service.methods().find(|candidate| candidate.name() == method)
    });
    found.map_or((true, true), |method| (method.is_client_streaming(), method.is_server_streaming()))
}

async fn run(shared: &Shared, mut request: Request<Body>) -> Result<Response<Body>> {
    let (client_streams, server_streams) = flow(&shared.descriptors, &request);
    let most = if client_streams || server_streams { shared.stream_deadline } else { shared.deadline };
    let most = asked_deadline(request.headers()).unwrap_or(most);
    let until = Instant::now() + most;
    prepare(shared, request.headers_mut()).await?;
    let attempts = async {
        if client_streams {
            set_timeout(request.headers_mut(), most);
            return once(shared, request, &mut Vec::new()).await;
        }
        let (parts, body) = request.into_parts();
        let body = keep(body).await?;
        repeat(shared, parts, body, until).await
    };
    tokio::time::timeout(most, attempts).await.map_err(|_| {
        Error::new(ErrorKind::DeadlineExceeded, "DEADLINE_EXCEEDED", format!("no answer within {most:?}"))
    })?
}

/// Tries until an answer is one, the attempts are used up, or the deadline would pass before the next.
async fn repeat(shared: &Shared, parts: Parts, body: Bytes, until: Instant) -> Result<Response<Body>> {
    let mut tried = Vec::new();
    let (mut attempt, mut idle) = (0, 0);
    loop {
        attempt += 1;
        let left = until.saturating_duration_since(Instant::now());
        let mut request = Request::from_parts(parts.clone(), Body::new(Full::new(body.clone())));
        set_timeout(request.headers_mut(), left);
        let outcome = once(shared, request, &mut tried).await;
        if idle < NEVER_BEGUN && outcome.as_ref().is_err_and(|error| never_begun(&**error)) {
            (attempt, idle) = (attempt - 1, idle + 1);
            tried.pop();
            continue;
        }
        let Some(pause) = pause(&outcome, attempt, shared.attempts) else { return outcome };
        if Instant::now() + pause >= until {
            return outcome;
        }
        tokio::time::sleep(pause).await;
    }
}

/// One attempt. A connection that fails is UNAVAILABLE.
async fn once(
    shared: &Shared,
    request: Request<Body>,
    tried: &mut Vec<SocketAddr>,
) -> Result<Response<Body>> {
    let mut picked = shared.balancer.pick(tried).await?;
    tried.push(picked.address());
    let sent = match picked.channel.ready().await {
        Ok(channel) => channel.call(request).await,
        Err(error) => Err(error),
    };
    sent.map_err(|error| {
        if expired(&error) {
            // The caller's time is over; the server may be as well as ever.
            return Error::new(ErrorKind::DeadlineExceeded, "DEADLINE_EXCEEDED", "no answer in time");
        }
        let begun = !never_begun(&error);
        let message = "the server does not answer; try again";
        let error = Error::new(ErrorKind::Unavailable, "DEPENDENCY_UNAVAILABLE", message).caused_by(error);
        if begun {
            picked.backend.rest(&error);
        }
        error
    })
}

/// Whether no server has begun with the call, so that it may be sent again, whatever it does. A server that ends, or wants
/// its clients spread, closes a connection for new calls, and says so (RFC 9113, 6.8 and 8.7); a call then did not leave this
/// process, or it came too late.
fn never_begun(error: &(dyn std::error::Error + 'static)) -> bool {
    causes(error).any(|cause| {
        let unsent = cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_canceled);
        unsent || cause.downcast_ref::<h2::Error>().is_some_and(turned_away)
    })
}

/// Whether the server's GOAWAY or refusal came instead of an answer. Calls that it did begin end otherwise: with their
/// answer, or with the connection.
fn turned_away(error: &h2::Error) -> bool {
    let goodbye = error.is_go_away() && error.reason() == Some(h2::Reason::NO_ERROR);
    let refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
    error.is_remote() && (goodbye || refused)
}

/// Whether the transport gave up at the call's deadline, a moment before we would have.
fn expired(error: &(dyn std::error::Error + 'static)) -> bool {
    causes(error).any(|cause| cause.is::<TimeoutExpired>())
}

fn causes<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
}

/// How long to wait before the next attempt; nothing when there is none. What the server asks for counts where it
/// is longer; the jitter keeps many clients from coming back together.
fn pause(outcome: &Result<Response<Body>>, attempt: u32, attempts: u32) -> Option<Duration> {
    if attempt >= attempts {
        return None;
    }
    let asked = match outcome {
        Err(error) if error.kind == ErrorKind::Unavailable => None,
        Err(_) => return None,
        Ok(response) => {
            let status = Status::from_header_map(response.headers())?;
            let asked = status.get_details_retry_info().and_then(|info| info.retry_delay);
            match (status.code(), asked) {
                (Code::Unavailable, asked) => asked,
                (Code::Aborted, Some(asked)) => Some(asked),
                _ => return None,
            }
        }
    };
    let backoff = BACKOFF.saturating_mul(1 << (attempt - 1).min(8)).min(MAX_BACKOFF);
    let jitter = backoff.mul_f64(random_share() / 2.0);
    Some((backoff / 2 + jitter).max(asked.unwrap_or_default()))
}

/// A number in 0..1; randomness for pauses only.
fn random_share() -> f64 {
    use std::hash::{BuildHasher, RandomState};
    (RandomState::new().hash_one(0_u8) >> 11) as f64 / (1_u64 << 53) as f64
}

async fn keep(body: Body) -> Result<Bytes> {
    match Limited::new(body, MAX_KEPT).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(Error::new(ErrorKind::InvalidArgument, "FIELD_INVALID", "the request is larger than 4 MiB"))
        }
        Err(error) => Err(match error.downcast::<Status>() {
            Ok(status) => status::from_status(*status),
            Err(error) => Error::internal(error),
        }),
    }
}

/// Token, request id, trace.
async fn prepare(shared: &Shared, headers: &mut HeaderMap) -> Result<()> {
    let text = |value: &str| HeaderValue::from_str(value).map_err(Error::internal);
    if let (Some(source), false) = (&shared.token, headers.contains_key(AUTHORIZATION)) {
        let mut value = text(&format!("Bearer {}", source.token().await?))?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    if let (Some(make), false) = (&shared.request_ids, headers.contains_key(REQUEST_ID)) {
        headers.insert(REQUEST_ID, text(&make().to_string())?);
    }
    if !headers.contains_key(trace::TRACEPARENT)
        && let Some(parent) = trace::of(&tracing::Span::current())
    {
        headers.insert(trace::TRACEPARENT, text(&parent)?);
    }
    Ok(())
}

/// `grpc-timeout` in the finest unit that fits eight digits.
fn set_timeout(headers: &mut HeaderMap, left: Duration) {
    const MOST: u128 = 99_999_999;
    let (number, unit) = match left.as_micros() {
        micros @ 0..=MOST => (micros, 'u'),
        _ if left.as_millis() <= MOST => (left.as_millis(), 'm'),
        _ => (u128::from(left.as_secs()).min(MOST), 'S'),
    };
    if let Ok(value) = HeaderValue::from_str(&format!("{number}{unit}")) {
        headers.insert(HeaderName::from_static("grpc-timeout"), value);
    }
}
