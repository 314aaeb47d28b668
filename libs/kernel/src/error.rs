//! A small closed set of error kinds. `grpc` turns them into a status in exactly one function.

use std::{borrow::Cow, collections::BTreeMap, time::Duration};

/// What kind of no it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The input is malformed or out of bounds.
    InvalidArgument,
    /// Nobody is signed in.
    Unauthenticated,
    /// Signed in, but not allowed.
    PermissionDenied,
    /// Not there, or another tenant's.
    NotFound,
    /// There already.
    AlreadyExists,
    /// A rule of the domain says no.
    FailedPrecondition,
    /// Another change came first.
    Aborted,
    /// Too much.
    ResourceExhausted,
    /// The deadline passed.
    DeadlineExceeded,
    /// A dependency is away.
    Unavailable,
    /// A fault of the suite.
    Internal,
}

/// One field that is wrong, by its path from the request, such as `policy.meeting_minutes` or `rows[3].zone`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldViolation {
    /// Path from the request.
    pub field: String,
    /// What is wrong and what would be right.
    pub description: String,
}

/// Why something did not happen. The message is for the caller; the source is for the log only.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// The kind, which becomes the status code.
    pub kind: ErrorKind,
    /// `mentor.common.v1.ErrorReason` without its prefix, such as `MENTOR_FULL`.
    pub reason: &'static str,
    /// For the caller: what is wrong and what to do.
    pub message: Cow<'static, str>,
    /// Facts for machines; no personal data.
    pub metadata: BTreeMap<&'static str, String>,
    /// The fields that are wrong.
    pub violations: Vec<FieldViolation>,
    /// When trying again makes sense.
    pub retry_after: Option<Duration>,
    /// The cause, logged once and never sent.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// A result with the suite's error. Boxed: the happy path stays small.
pub type Result<T, E = Box<Error>> = std::result::Result<T, E>;

impl Error {
    /// An error of a kind with a reason of the contract.
    pub fn new(kind: ErrorKind, reason: &'static str, message: impl Into<Cow<'static, str>>) -> Box<Self> {
        Box::new(Error {
            kind,
            reason,
            message: message.into(),
            metadata: BTreeMap::new(),
            violations: Vec::new(),
            retry_after: None,
            source: None,
        })
    }

    /// One field is wrong.
    pub fn field(field: impl Into<String>, description: impl Into<String>) -> Box<Self> {
        Error::fields(vec![FieldViolation { field: field.into(), description: description.into() }])
    }

    /// Some fields are wrong. The first is the message.
    pub fn fields(violations: Vec<FieldViolation>) -> Box<Self> {
        let message = match violations.first() {
            Some(first) => format!("{}: {}", first.field, first.description),
            None => "the request is invalid".to_owned(),
        };
        let mut error = Error::new(ErrorKind::InvalidArgument, "FIELD_INVALID", message);
        error.violations = violations;
        error
    }

    /// No such object for this caller, such as `not_found("program", id)`.
    pub fn not_found(what: &'static str, id: impl std::fmt::Display) -> Box<Self> {
        Error::new(ErrorKind::NotFound, "NOT_FOUND", format!("no {what} with id {id}")).with("type", what)
    }

    /// The caller's role or the object does not allow it.
    pub fn denied(message: impl Into<Cow<'static, str>>) -> Box<Self> {
        Error::new(ErrorKind::PermissionDenied, "PERMISSION_DENIED", message)
    }

    /// A rule of the domain says no.
    pub fn precondition(reason: &'static str, message: impl Into<Cow<'static, str>>) -> Box<Self> {
        Error::new(ErrorKind::FailedPrecondition, reason, message)
    }

    /// The etag is stale.
    pub fn stale(what: &'static str) -> Box<Self> {
        let message = format!("the {what} was changed meanwhile; read it again and repeat the change");
        Error::new(ErrorKind::Aborted, "ETAG_MISMATCH", message)
    }

    /// Something that should not happen; the text goes to the log only.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Box<Self> {
        let mut error = Error::new(ErrorKind::Internal, "INTERNAL", "internal error");
        error.source = Some(source.into());
        error
    }

    /// Adds a fact for machines.
    pub fn with(mut self: Box<Self>, key: &'static str, value: impl Into<String>) -> Box<Self> {
        self.metadata.insert(key, value.into());
        self
    }

    /// Says when to try again.
    pub fn retry_after(mut self: Box<Self>, after: Duration) -> Box<Self> {
        self.retry_after = Some(after);
        self
    }

    /// Keeps the cause for the log.
    pub fn caused_by(
        mut self: Box<Self>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Box<Self> {
        self.source = Some(source.into());
        self
    }
}
