//! The few pages that people see while signing in and out.

use super::telemetry::{self, Who};
use askama::Template;
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use kernel::{Error, ErrorKind};
use serde_json::Value;

/// A page: a heading, some text, links or a button.
#[derive(Default, Template)]
#[template(path = "page.html")]
pub(crate) struct Page {
    pub(crate) title: &'static str,
    pub(crate) text: String,
    pub(crate) links: Vec<Link>,
    /// A button that sends a form to this path.
    pub(crate) button: Option<(&'static str, &'static str)>,
    /// For whoever helps.
    pub(crate) request_id: String,
}

/// A link.
pub(crate) struct Link {
    pub(crate) address: String,
    pub(crate) text: String,
}

impl Page {
    /// A page without links.
    pub(crate) fn saying(title: &'static str, text: impl Into<String>) -> Page {
        Page { title, text: text.into(), ..Page::default() }
    }

    /// As an answer.
    pub(crate) fn with(self, status: StatusCode) -> Response {
        match self.render() {
            Ok(text) => {
                let media = HeaderValue::from_static("text/html; charset=utf-8");
                (status, [(header::CONTENT_TYPE, media)], text).into_response()
            }
            Err(error) => {
                tracing::error!(%error, "a page could not be written");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

/// Why somebody is not signed in, as a page.
pub(crate) struct Failed(Box<Error>);

impl From<Box<Error>> for Failed {
    fn from(error: Box<Error>) -> Self {
        Failed(error)
    }
}

/// What a handler of a page answers.
pub(crate) type Answer = Result<Response, Failed>;

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        let error = self.0;
        let status = status(error.kind);
        if status.is_server_error() {
            let cause = error.source.as_ref().map(ToString::to_string).unwrap_or_default();
            tracing::error!(reason = error.reason, error = %error, cause, "signing in failed");
        } else {
            let cause = error.source.as_ref().map(ToString::to_string).unwrap_or_default();
            tracing::info!(reason = error.reason, error = %error, cause, "signing in was refused");
        }
        telemetry::refused(Who::Person, error.reason);
        let mut response = Page::saying("Not signed in", error.message.into_owned()).with(status);
        if let Some(after) = error.retry_after
            && let Ok(value) = HeaderValue::from_str(&after.as_secs().max(1).to_string())
        {
            response.headers_mut().insert(header::RETRY_AFTER, value);
        }
        response
    }
}

/// An answer in JSON.
pub(crate) fn json(status: StatusCode, body: &Value) -> Response {
    let media = HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, media)], body.to_string()).into_response()
}

/// The HTTP status of a kind.
pub(crate) fn status(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::InvalidArgument => StatusCode::BAD_REQUEST,
        ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorKind::PermissionDenied => StatusCode::FORBIDDEN,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::AlreadyExists | ErrorKind::Aborted => StatusCode::CONFLICT,
        ErrorKind::FailedPrecondition => StatusCode::CONFLICT,
        ErrorKind::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::DeadlineExceeded | ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
