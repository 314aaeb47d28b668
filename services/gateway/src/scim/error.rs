//! Domain: refusals as SCIM says them (RFC 7644, 3.12). Pure.

use kernel::{Error, ErrorKind};
use serde_json::{Value, json};
use std::time::Duration;

/// The URN of an error body.
const SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// Why a request was refused.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// HTTP status.
    pub(crate) status: u16,
    /// `scimType`, where the RFC has one.
    pub(crate) kind: Option<&'static str>,
    /// For the person who reads the provisioning log: what is wrong and what would be right.
    pub(crate) detail: String,
    /// When trying again makes sense.
    pub(crate) retry_after: Option<Duration>,
    /// The suite's error behind it, for the log.
    pub(crate) cause: Option<Box<Error>>,
}

/// A result with a refusal. Boxed: the happy path stays small.
pub(crate) type Result<T> = std::result::Result<T, Box<Refusal>>;

impl Refusal {
    pub(crate) fn new(status: u16, kind: Option<&'static str>, detail: impl Into<String>) -> Box<Refusal> {
        Box::new(Refusal { status, kind, detail: detail.into(), retry_after: None, cause: None })
    }

    /// The body is not JSON, or not the message it should be.
    pub(crate) fn syntax(detail: impl Into<String>) -> Box<Refusal> {
        Refusal::new(400, Some("invalidSyntax"), detail)
    }

    /// A value is missing, of the wrong type, or too long.
    pub(crate) fn value(detail: impl Into<String>) -> Box<Refusal> {
        Refusal::new(400, Some("invalidValue"), detail)
    }

    /// The filter can't be read or makes no sense.
    pub(crate) fn filter(detail: impl Into<String>) -> Box<Refusal> {
        Refusal::new(400, Some("invalidFilter"), detail)
    }

    /// The path of a PATCH operation can't be read or names nothing.
    pub(crate) fn path(detail: impl Into<String>) -> Box<Refusal> {
        Refusal::new(400, Some("invalidPath"), detail)
    }

    /// The path selects nothing.
    pub(crate) fn no_target(detail: impl Into<String>) -> Box<Refusal> {
        Refusal::new(400, Some("noTarget"), detail)
    }

    /// The attribute can't be changed.
    pub(crate) fn mutability(detail: impl Into<String>) -> Box<Refusal> {
        Refusal::new(400, Some("mutability"), detail)
    }

    /// Nothing there, or another tenant's.
    pub(crate) fn not_found(detail: impl Into<String>) -> Box<Refusal> {
        Refusal::new(404, None, detail)
    }

    /// The body of the answer.
    pub(crate) fn body(&self) -> Value {
        let mut body =
            json!({ "schemas": [SCHEMA], "status": self.status.to_string(), "detail": self.detail });
        if let Some(kind) = self.kind {
            body["scimType"] = kind.into();
        }
        body
    }
}

impl From<Box<Error>> for Box<Refusal> {
    fn from(error: Box<Error>) -> Self {
        let (status, kind) = match error.kind {
            ErrorKind::InvalidArgument => (400, Some("invalidValue")),
            ErrorKind::Unauthenticated => (401, None),
            ErrorKind::PermissionDenied => (403, None),
            ErrorKind::NotFound => (404, None),
            ErrorKind::AlreadyExists => (409, Some("uniqueness")),
            ErrorKind::FailedPrecondition => (412, None),
            ErrorKind::ResourceExhausted => (429, None),
            ErrorKind::Aborted | ErrorKind::DeadlineExceeded | ErrorKind::Unavailable => (503, None),
            ErrorKind::Internal => (500, None),
        };
        let (detail, retry_after) = (error.message.to_string(), error.retry_after);
        Box::new(Refusal { status, kind, detail, retry_after, cause: Some(error) })
    }
}
