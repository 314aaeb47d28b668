//! DELETE of a user or group. The person is deactivated; what is kept of them follows the retention.

use super::{
    edge::{Answer, Caller, id, kind},
    read, write,
};
use crate::Gateway;
use axum::{
    Extension,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
};

pub(crate) async fn handle(
    State(gateway): State<Gateway>,
    Extension(caller): Extension<Caller>,
    Path((endpoint, text)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answer {
    let kind = kind(&endpoint)?;
    let id = id(kind, &text)?;
    write::delete(&gateway, &caller, kind, id, read::text_header(&headers, "if-match")).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
