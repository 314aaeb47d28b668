//! GET of one user or group, and how a resource is answered.

use super::{
    edge::{self, Answer, Caller, absent, answer, id, kind},
    error::Result,
    project::Projection,
    resource::{Resource, names_etag},
    schema::Kind,
    search::Search,
    store, write,
};
use crate::Gateway;
use axum::{
    Extension,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::Value;
use storage::Audit;

pub(crate) async fn handle(
    State(gateway): State<Gateway>,
    Extension(caller): Extension<Caller>,
    Path((endpoint, text)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answer {
    let kind = kind(&endpoint)?;
    let (id, projection) = (id(kind, &text)?, projection(query.as_deref())?);
    let mut tx = gateway.db.read(&caller.ctx).await?;
    let mut resource = store::find(&mut tx, kind, id).await?.ok_or_else(|| absent(kind, id))?;
    if text_header(&headers, "if-none-match").is_some_and(|header| names_etag(header, &resource.etag())) {
        let unchanged = StatusCode::NOT_MODIFIED.into_response();
        return Ok(edge::with_header(unchanged, header::ETAG, &resource.etag()));
    }
    if projection.shows(gateway.catalogue.of(kind), part(kind)) {
        write::read_parts(&mut tx, &mut resource).await?;
    }
    if kind == Kind::User {
        tx.audit(Audit::of("scim_user", id).about(id));
    }
    tx.commit().await?;
    Ok(shown(&gateway, &caller, StatusCode::OK, &resource, &projection))
}

/// The attribute that has a table of its own.
pub(crate) fn part(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "groups",
        Kind::Group => "members",
    }
}

/// The projection that a query string asks for.
pub(crate) fn projection(query: Option<&str>) -> Result<Projection> {
    Ok(Search::of_query(query.unwrap_or_default(), 0)?.projection)
}

/// A header, if it is text.
pub(crate) fn text_header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// A resource as answered.
pub(crate) fn shown(
    gateway: &Gateway,
    caller: &Caller,
    status: StatusCode,
    resource: &Resource,
    projection: &Projection,
) -> Response {
    let of = gateway.catalogue.of(resource.kind);
    let shown = projection.apply(of, resource.shown(of, &caller.base));
    edge::with_header(answer(status, &Value::Object(shown)), header::ETAG, &resource.etag())
}
