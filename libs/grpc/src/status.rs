//! The one place where an error becomes a status, and back.

use kernel::{Error, ErrorKind, FieldViolation, Uuid};
use std::{collections::HashMap, error::Error as _, fmt::Write as _, sync::Arc};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// An error as a status that carries it. The server's boundary completes it with the service's name and the
/// request id; see [`complete`].
pub fn status(error: Box<Error>) -> Status {
    let mut status = complete(&error, "mentor", None);
    status.set_source(Arc::new(*error));
    status
}

/// The error inside a status that [`status`] made in this process.
pub(crate) fn error_of(status: &Status) -> Option<&Error> {
    status.source()?.downcast_ref::<Error>()
}

/// The whole mapping from an error to what a caller sees. An internal error shows nothing but the request id.
/// For edges that are no [`crate::Server`]; a server does it by itself.
pub fn complete(error: &Error, domain: &str, request_id: Option<Uuid>) -> Status {
    let mut details = ErrorDetails::new();
    let metadata: HashMap<_, _> =
        error.metadata.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    details.set_error_info(error.reason, domain, metadata);
    for FieldViolation { field, description } in &error.violations {
        details.add_bad_request_violation(field, description);
    }
    if let Some(after) = error.retry_after {
        details.set_retry_info(Some(after));
    }
    let message = match (error.kind, request_id) {
        (ErrorKind::Internal, Some(id)) => format!("internal error; quote request id {id}"),
        (ErrorKind::Internal, None) => "internal error".to_owned(),
        _ => error.message.clone().into_owned(),
    };
    Status::with_error_details(code(error.kind), message, details)
}

/// The status code of a kind.
fn code(kind: ErrorKind) -> Code {
    match kind {
        ErrorKind::InvalidArgument => Code::InvalidArgument,
        ErrorKind::Unauthenticated => Code::Unauthenticated,
        ErrorKind::PermissionDenied => Code::PermissionDenied,
        ErrorKind::NotFound => Code::NotFound,
        ErrorKind::AlreadyExists => Code::AlreadyExists,
        ErrorKind::FailedPrecondition => Code::FailedPrecondition,
        ErrorKind::Aborted => Code::Aborted,
        ErrorKind::ResourceExhausted => Code::ResourceExhausted,
        ErrorKind::DeadlineExceeded => Code::DeadlineExceeded,
        ErrorKind::Unavailable => Code::Unavailable,
        ErrorKind::Internal => Code::Internal,
    }
}

/// A status that another server sent, as an error of our own. Its texts are kept: servers of the suite send
/// nothing but texts for callers.
pub fn from_status(status: Status) -> Box<Error> {
    let (kind, fallback) = kind(status.code());
    let details = status.get_error_details();
    let reason = details.error_info().and_then(|info| known_reason(&info.reason)).unwrap_or(fallback);
    let mut error = Error::new(kind, reason, status.message().to_owned());
    if let Some(bad) = details.bad_request() {
        error.violations.extend(bad.field_violations.iter().map(|violation| FieldViolation {
            field: violation.field.clone(),
            description: violation.description.clone(),
        }));
    }
    error.retry_after = details.retry_info().and_then(|info| info.retry_delay);
    error.caused_by(status)
}

/// The kind of a code, and the reason when the peer sent none.
fn kind(code: Code) -> (ErrorKind, &'static str) {
    match code {
        Code::InvalidArgument | Code::OutOfRange => (ErrorKind::InvalidArgument, "FIELD_INVALID"),
        Code::Unauthenticated => (ErrorKind::Unauthenticated, "TOKEN_INVALID"),
        Code::PermissionDenied => (ErrorKind::PermissionDenied, "PERMISSION_DENIED"),
        Code::NotFound => (ErrorKind::NotFound, "NOT_FOUND"),
        Code::AlreadyExists => (ErrorKind::AlreadyExists, "ALREADY_EXISTS"),
        Code::FailedPrecondition => (ErrorKind::FailedPrecondition, "CONFLICT"),
        Code::Aborted => (ErrorKind::Aborted, "CONFLICT"),
        Code::ResourceExhausted => (ErrorKind::ResourceExhausted, "OVERLOADED"),
        Code::DeadlineExceeded | Code::Cancelled => (ErrorKind::DeadlineExceeded, "DEADLINE_EXCEEDED"),
        Code::Unavailable => (ErrorKind::Unavailable, "DEPENDENCY_UNAVAILABLE"),
        Code::Ok | Code::Unknown | Code::Unimplemented | Code::Internal | Code::DataLoss => {
            (ErrorKind::Internal, "INTERNAL")
        }
    }
}

/// The contract's own copy of a reason's name.
fn known_reason(name: &str) -> Option<&'static str> {
    use contracts::mentor::common::v1::ErrorReason;
    let reason = ErrorReason::from_str_name(&format!("ERROR_REASON_{name}"))?;
    reason.as_str_name().strip_prefix("ERROR_REASON_")
}

/// A status that was not made by [`status`], as an error. One that has a reason, such as the codec's, keeps all it
/// says. One of some library (a malformed message, an unknown method) gets the reason that fits, and texts of
/// internal failures stay in the log.
pub(crate) fn foreign(status: Status) -> Box<Error> {
    if status.get_details_error_info().is_some_and(|info| known_reason(&info.reason).is_some()) {
        return from_status(status);
    }
    let (kind, reason) = kind(status.code());
    match kind {
        ErrorKind::Internal => Error::internal(status),
        _ => Error::new(kind, reason, status.message().to_owned()).caused_by(status),
    }
}

/// The causes of an error in one line, for the log.
pub(crate) fn chain(error: &Error) -> String {
    let mut text = error.message.clone().into_owned();
    let mut cause = error.source();
    while let Some(inner) = cause {
        // Writing to a string can't fail.
        let _ = write!(text, ": {inner}");
        cause = inner.source();
    }
    text
}
