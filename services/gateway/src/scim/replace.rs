//! PUT of a user or group: the whole resource as it shall be; what is read-only in it is passed over.

use super::{
    edge::{self, Answer, Caller, id, kind},
    read,
    write::{self, Change},
};
use crate::Gateway;
use axum::{
    Extension,
    body::Body,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode},
};

pub(crate) async fn handle(
    State(gateway): State<Gateway>,
    Extension(caller): Extension<Caller>,
    Path((endpoint, text)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let kind = kind(&endpoint)?;
    let (id, projection) = (id(kind, &text)?, read::projection(query.as_deref())?);
    let sent = edge::object(&gateway, &headers, body, gateway.settings.max_resource_bytes).await?;
    let if_match = read::text_header(&headers, "if-match");
    let changed = write::change(&gateway, &caller, kind, id, if_match, Change::Replace(&sent)).await?;
    Ok(read::shown(&gateway, &caller, StatusCode::OK, &changed, &projection))
}
