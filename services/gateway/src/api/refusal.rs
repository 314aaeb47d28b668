//! How refusals look: `google.rpc.Status` as canonical JSON, details decoded, under the HTTP status that goes with its
//! code (<https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto>).

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use kernel::{Error, ErrorKind, Uuid};
use prost_reflect::{DynamicMessage, Value};
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// The domain of what the gateway itself refuses.
const DOMAIN: &str = "mentor.gateway";

/// A refusal on its way out.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: Status,
    /// Where HTTP says more than the code.
    http: Option<StatusCode>,
    header: Option<(HeaderName, String)>,
}

/// A result with a refusal.
pub(crate) type Result<T> = std::result::Result<T, Refusal>;

impl Refusal {
    /// What the gateway itself refuses. What failed inside stands in the log, under the request's name.
    pub(crate) fn of(error: &Error, request: Uuid) -> Self {
        if error.kind == ErrorKind::Internal {
            let source = std::error::Error::source(error).map(ToString::to_string);
            tracing::error!(request.id = %request, error = %error, source, "an API request failed");
        }
        Refusal { status: grpc::complete(error, DOMAIN, Some(request)), http: None, header: None }
    }

    /// What a service answered. One that says nothing of its reason comes from the transport between.
    pub(crate) fn from_service(status: Status, request: Uuid) -> Self {
        if status.get_details_error_info().is_some() {
            return Refusal { status, http: None, header: None };
        }
        if status.code() == Code::Unimplemented {
            let message =
                "the service does not know this RPC yet; it is being updated, or its address is another's";
            let error = Error::new(ErrorKind::Unavailable, "DEPENDENCY_UNAVAILABLE", message);
            return Refusal::of(&error, request);
        }
        Refusal::of(&grpc::from_status(status), request)
    }

    /// Says more than the code by an HTTP status of its own.
    pub(crate) fn http(mut self, status: StatusCode) -> Self {
        self.http = Some(status);
        self
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: HeaderName, value: String) -> Self {
        self.header = Some((name, value));
        self
    }

    /// The status, for callers that speak gRPC.
    pub(crate) fn into_status(self) -> Status {
        self.status
    }

    /// The body.
    pub(crate) fn json(&self) -> String {
        body(&self.status)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let code = self.status.code();
        let json = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let mut response =
            (self.http.unwrap_or(http_status(code)), [json], body(&self.status)).into_response();
        let mut add = |name: HeaderName, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.headers_mut().insert(name, value);
            }
        };
        if let Some(after) = self.status.get_details_retry_info().and_then(|info| info.retry_delay) {
            let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
            add(header::RETRY_AFTER, &seconds.max(1).to_string());
        }
        if code == Code::Unauthenticated {
            add(header::WWW_AUTHENTICATE, "Bearer");
        }
        if let Some((name, value)) = self.header {
            add(name, &value);
        }
        response
    }
}

/// The standard mapping.
fn http_status(code: Code) -> StatusCode {
    let status = match code {
        Code::Ok => 200,
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => 400,
        Code::Unauthenticated => 401,
        Code::PermissionDenied => 403,
        Code::NotFound => 404,
        Code::AlreadyExists | Code::Aborted => 409,
        Code::ResourceExhausted => 429,
        Code::Cancelled => 499,
        Code::Unknown | Code::Internal | Code::DataLoss => 500,
        Code::Unimplemented => 501,
        Code::Unavailable => 503,
        Code::DeadlineExceeded => 504,
    };
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The status as JSON, with those details that the contract knows.
fn body(status: &Status) -> String {
    let whole = known(status).and_then(|message| serde_json::to_string(&message).ok());
    whole.unwrap_or_else(|| {
        let code = i32::from(status.code());
        serde_json::json!({ "code": code, "message": status.message() }).to_string()
    })
}

fn known(status: &Status) -> Option<DynamicMessage> {
    let of = contracts::pool().get_message_by_name("google.rpc.Status")?;
    let mut message = DynamicMessage::decode(of, status.details()).ok()?;
    message.set_field_by_name("code", Value::I32(i32::from(status.code())));
    message.set_field_by_name("message", Value::String(status.message().to_owned()));
    if let Some(details) = message.get_field_by_name_mut("details").and_then(Value::as_list_mut) {
        details
            .retain(|detail| detail.as_message().is_some_and(|detail| serde_json::to_value(detail).is_ok()));
    }
    Some(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value as Json, json};
    use std::time::Duration;

    fn shown(status: &Status) -> Json {
        serde_json::from_str(&body(status)).expect("JSON")
    }

    #[test]
    fn details_are_decoded() {
        let mut error = Error::field("program.name", "must have at least 1 character");
        error.retry_after = Some(Duration::from_millis(1500));
        let refusal = Refusal::of(&error, Uuid::nil());
        let info = json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "FIELD_INVALID", "domain": "mentor.gateway"
        });
        let body = shown(&refusal.status);
        assert_eq!(body["code"], 3);
        let details = body["details"].as_array().expect("details");
        assert!(details.contains(&info), "{body}");
        let field = json!([{ "field": "program.name", "description": "must have at least 1 character" }]);
        assert!(details.iter().any(|detail| detail["fieldViolations"] == field), "{body}");
        assert!(details.iter().any(|detail| detail["retryDelay"] == "1.500s"), "{body}");
        let response = refusal.into_response();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["retry-after"]),
            (400, &HeaderValue::from(2))
        );
    }

    #[test]
    fn unknown_details_are_left_out() {
        let any = prost_types::Any { type_url: "type.googleapis.com/x.Y".into(), value: vec![1, 2, 3] };
        let status = tonic_types::Status { code: 5, message: "no".into(), details: vec![any] };
        let details = prost::Message::encode_to_vec(&status);
        let status = Status::with_details(Code::NotFound, "no", details.into());
        assert_eq!(shown(&status), json!({ "code": 5, "message": "no" }));
        let broken = Status::with_details(Code::NotFound, "no", vec![255, 255].into());
        assert_eq!(shown(&broken), json!({ "code": 5, "message": "no" }));
    }

    #[test]
    fn what_failed_inside_is_not_shown() {
        let refusal = Refusal::of(&Error::internal("a secret"), Uuid::nil());
        let body = refusal.json();
        assert!(!body.contains("secret") && body.contains(&Uuid::nil().to_string()), "{body}");
        let refusal = Refusal::from_service(Status::unknown("h2 broke: a secret"), Uuid::nil());
        assert!(!refusal.json().contains("secret"));
        let refusal = Refusal::from_service(Status::unimplemented(""), Uuid::nil());
        assert_eq!(refusal.into_response().status(), 503);
    }
}
