//! The answer of a stream, watched: its deadline, its place among the open streams, panics, how it ends.

use crate::call::Call;
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use kernel::Error;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{sync::OwnedSemaphorePermit, time::Sleep};
use tonic::{Code, Status, body::Body};

/// A body that ends with a status whatever happens inside.
pub(crate) struct Watched {
    inner: Option<Body>,
    call: Arc<Call>,
    timer: Pin<Box<Sleep>>,
    deadline: Duration,
    _place: OwnedSemaphorePermit,
}

impl Watched {
    pub(crate) fn new(inner: Body, call: Arc<Call>, deadline: Duration, place: OwnedSemaphorePermit) -> Self {
        let left = deadline.saturating_sub(call.elapsed());
        Watched {
            inner: Some(inner),
            call,
            timer: Box::pin(tokio::time::sleep(left)),
            deadline,
            _place: place,
        }
    }

    /// Ends the stream with a status of ours; what is inside is dropped with the work it does.
    fn end(&mut self, error: &Error) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        self.inner = None;
        let status = self.call.refuse(error);
        self.call.finish(status.code());
        let mut trailers = HeaderMap::new();
        match status.add_header(&mut trailers) {
            Ok(()) => Poll::Ready(Some(Ok(Frame::trailers(trailers)))),
            Err(status) => Poll::Ready(Some(Err(status))),
        }
    }
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        let Some(inner) = this.inner.as_mut() else { return Poll::Ready(None) };
        if this.timer.as_mut().poll(cx).is_ready() {
            return this.end(&super::deadline::passed(this.deadline));
        }
        let entered = this.call.span.enter();
        let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(inner).poll_frame(cx)));
        drop(entered);
        match polled {
            Err(panic) => this.end(&super::panicked(panic.as_ref())),
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(Some(Ok(frame)))) => {
                if let Some(trailers) = frame.trailers_ref() {
                    this.call.finish(code(trailers));
                    this.inner = None;
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Ok(Poll::Ready(end)) => {
                this.inner = None;
                Poll::Ready(end)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::new()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if self.inner.is_some() {
            // The caller went before the end.
            self.call.finish(Code::Cancelled);
        }
    }
}

fn code(trailers: &HeaderMap) -> Code {
    trailers.get("grpc-status").map_or(Code::Ok, |value| Code::from_bytes(value.as_bytes()))
}
