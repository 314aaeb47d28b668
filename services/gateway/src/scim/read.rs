//! GET of one user or group.

use super::{
    answer::{self, Answer},
    request::Target,
    resource::{absent, names_etag},
    schema::Kind,
    store, write,
};
use axum::{
    http::{StatusCode, header},
    response::IntoResponse,
};
use storage::Audit;

pub(crate) async fn handle(target: Target) -> Answer {
    let (gateway, kind, id) = (&target.gateway, target.kind, target.id);
    let projection = target.projection()?;
    let mut tx = gateway.db.read(&target.caller.ctx).await?;
    let mut resource = store::find(&mut tx, kind, id).await?.ok_or_else(|| absent(kind, id))?;
    if target.header("if-none-match").is_some_and(|header| names_etag(header, &resource.etag())) {
        let unchanged = StatusCode::NOT_MODIFIED.into_response();
        return Ok(answer::with_header(unchanged, header::ETAG, &resource.etag()));
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
