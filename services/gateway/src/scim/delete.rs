//! DELETE of a user or group. The person is deactivated; what is kept of them follows the retention.

use super::{answer::Answer, request::Target, write};
use axum::{http::StatusCode, response::IntoResponse};

pub(crate) async fn handle(target: Target) -> Answer {
    let if_match = target.header("if-match");
    write::delete(&target.gateway, &target.caller, target.kind, target.id, if_match).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
