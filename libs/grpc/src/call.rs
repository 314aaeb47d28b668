//! One call under way: what its log line, its errors and its figures need.

use crate::{
    methods::{self, Method},
    status::{self, chain, complete, error_of},
};
use kernel::{Error, ErrorKind, Uuid};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;
use tonic::{Code, Status};
use tracing::Span;

/// A call under way.
pub struct Call {
    /// The method, unless the path is unknown.
    pub(crate) method: Option<Arc<Method>>,
    /// `x-request-id`.
    pub(crate) request_id: Uuid,
    /// The span of the call.
    pub(crate) span: Span,
    started: Instant,
}

impl Call {
    pub(crate) fn new(method: Option<Arc<Method>>, request_id: Uuid, span: Span) -> Arc<Self> {
        Arc::new(Call { method, request_id, span, started: Instant::now() })
    }

    /// The refusal of an error, complete, and logged: this is the boundary.
    pub(crate) fn refuse(&self, error: &Error) -> Status {
        self.log(error);
        methods::refused(self.method.as_deref(), error.reason);
        complete(error, self.domain(), Some(self.request_id))
    }

    /// A status from inside, completed and logged. What a library made gets a reason, and loses its text where
    /// that text could tell of our insides.
    pub(crate) fn seal(&self, status: Status) -> Status {
        match error_of(&status) {
            Some(error) => self.refuse(error),
            None => self.refuse(&status::foreign(status)),
        }
    }

    /// Counts the call, inside its span: that is where exemplars learn the trace.
    pub(crate) fn finish(&self, code: Code) {
        if let Some(method) = &self.method {
            self.span.in_scope(|| method.count(code, self.started.elapsed()));
        }
    }

    /// Time since the call came in.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    fn domain(&self) -> &str {
        self.method.as_ref().map_or("mentor", |method| &method.domain)
    }

    /// One line per failed call. Faults of ours are errors, faults of a dependency warnings, refusals are news.
    fn log(&self, error: &Error) {
        let _entered = self.span.enter();
        let (id, reason, ms) = (self.request_id, error.reason, self.elapsed().as_millis());
        let path = self.method.as_ref().map_or("unknown", |method| method.path.as_str());
        match error.kind {
            ErrorKind::Internal => {
                let cause = chain(error);
                tracing::error!(request.id = %id, rpc.path = path, error.reason = reason, error.cause = cause, call.ms = ms, "call failed");
            }
            ErrorKind::Unavailable | ErrorKind::DeadlineExceeded | ErrorKind::ResourceExhausted => {
                let cause = chain(error);
                tracing::warn!(request.id = %id, rpc.path = path, error.reason = reason, error.cause = cause, call.ms = ms, "call failed");
            }
            // Messages of refusals may quote what the caller sent, so the reason has to do.
            _ => {
                tracing::info!(request.id = %id, rpc.path = path, error.reason = reason, call.ms = ms, "call refused");
            }
        }
    }
}
