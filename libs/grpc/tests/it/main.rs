//! The library against real sockets: every refusal, every surface, and the client.

mod client;
mod deactivated;
mod echo;
mod jwks;
mod limits;
mod refusals;
mod start;
mod surfaces;
mod tls;
mod tokens;

use tonic::{Code, Status};
use tonic_types::StatusExt;

/// Checks a refusal: its code, its reason, and that it names the service.
#[track_caller]
pub(crate) fn assert_refused<T: std::fmt::Debug>(
    outcome: Result<T, Status>,
    code: Code,
    reason: &str,
) -> Status {
    let status = outcome.expect_err("a refusal");
    assert_eq!(status.code(), code, "{status:?}");
    let info = status.get_details_error_info().expect("every refusal has ErrorInfo");
    assert_eq!((info.reason.as_str(), info.domain.as_str()), (reason, "mentor.echo"), "{status:?}");
    status
}
