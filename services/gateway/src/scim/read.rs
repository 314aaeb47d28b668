//! GET of one user or group, and how a resource is answered.

use super::{
    edge::{self, Answer, Caller, Target, absent, answer},
    error::Result,
    project::Projection,
    resource::{Resource, names_etag},
    schema::Kind,
    search::Search,
    store, write,
};
use crate::Gateway;
use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::Value;
use storage::Audit;

pub(crate) async fn handle(target: Target) -> Answer {
    let (gateway, kind, id) = (&target.gateway, target.kind, target.id);
    let projection = target.projection()?;
    let mut tx = gateway.db.read(&target.caller.ctx).await?;
    let mut resource = store::find(&mut tx, kind, id).await?.ok_or_else(|| absent(kind, id))?;
    if target.header("if-none-match").is_some_and(|header| names_etag(header, &resource.etag())) {
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
    Ok(target.shown(&resource, &projection))
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
