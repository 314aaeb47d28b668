//! What every HTTP area shares: the request's name, bodies within bounds, metrics.

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderName, Method, StatusCode},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use kernel::Uuid;
use std::{sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

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
    /// Others hold all that may be held.
    Busy,
}

/// What all bodies that are held at a time may have together, so that many clients can't fill the memory.
#[derive(Clone)]
pub(crate) struct Budget(Arc<Semaphore>);

impl Budget {
    /// So many bytes.
    pub(crate) fn of(bytes: usize) -> Self {
        Budget(Arc::new(Semaphore::new(bytes.min(Semaphore::MAX_PERMITS))))
    }

    fn take(&self, bytes: usize) -> Result<OwnedSemaphorePermit, NoBody> {
        let bytes = u32::try_from(bytes).map_err(|_| NoBody::Busy)?;
        Arc::clone(&self.0).try_acquire_many_owned(bytes).map_err(|_| NoBody::Busy)
    }
}

/// A whole body. What it takes of a budget is given back when it goes.
pub(crate) struct Whole {
    pub(crate) bytes: Bytes,
    _taken: Option<OwnedSemaphorePermit>,
}

/// Reads a whole body, within bounds of size and time; of the budget it takes what has arrived, so that nothing is held
/// by a promise alone.
pub(crate) async fn read(
    body: Body,
    most: usize,
    patience: Duration,
    budget: Option<&Budget>,
) -> Result<Whole, NoBody> {
    let reading = async {
        let mut body = Limited::new(body, most);
        let (mut bytes, mut taken): (Vec<u8>, Option<OwnedSemaphorePermit>) = (Vec::new(), None);
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| match error.is::<LengthLimitError>() {
                true => NoBody::TooLarge,
                false => NoBody::Broken,
            })?;
            let Ok(data) = frame.into_data() else { continue };
            if let Some(budget) = budget {
                let more = budget.take(data.len())?;
                match &mut taken {
                    Some(taken) => taken.merge(more),
                    None => taken = Some(more),
                }
            }
            bytes.extend_from_slice(&data);
        }
        Ok(Whole { bytes: bytes.into(), _taken: taken })
    };
    tokio::time::timeout(patience, reading).await.map_err(|_| NoBody::Late)?
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
    metrics::histogram!("mentor_http_request_seconds", "service" => "gateway", "api" => api, "method" => method)
        .record(took.as_secs_f64());
    let status = status.as_u16().to_string();
    metrics::counter!(
        "mentor_http_requests_total", "service" => "gateway", "api" => api, "method" => method, "status" => status
    )
    .increment(1);
}
