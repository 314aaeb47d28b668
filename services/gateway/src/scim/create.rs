//! POST to `/Users` and `/Groups`.

use super::{
    answer::{self, Answer},
    edge::Caller,
    request::{self, kind},
    write,
};
use crate::Gateway;
use axum::{
    Extension,
    body::Body,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode, header},
};

pub(crate) async fn handle(
    State(gateway): State<Gateway>,
    Extension(caller): Extension<Caller>,
    Path(endpoint): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let kind = kind(&endpoint)?;
    let projection = request::projection(query.as_deref())?;
    let sent = request::object(&gateway, &headers, body, gateway.settings.max_resource_bytes).await?;
    let id = gateway.db.clock().new_id();
    let created = write::create(&gateway, &caller, kind, id, &sent).await?;
    let location = created.location(&caller.base);
    let created = answer::shown(&gateway, &caller.base, StatusCode::CREATED, &created, &projection);
    Ok(answer::with_header(created, header::LOCATION, &location))
}
