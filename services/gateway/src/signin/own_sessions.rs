//! One's own sessions, over HTTP.

use super::{
    bearer,
    edge::{self, Correlation},
    page::{self, Answer, Link, Page},
};
use crate::{
    Gateway,
    sessions::{self, Session, Whose},
};
use axum::{
    Extension,
    extract::{Path, State},
    http::{HeaderMap, Method, StatusCode},
    response::{IntoResponse, Response},
};
use kernel::{Error, Result, Uuid};
use serde_json::{Value, json};

/// Sessions shown at most; nobody has more.
const MOST: i64 = 1_000;

/// The page for whoever said nothing of where to go.
pub(crate) async fn signed_in(State(gateway): State<Gateway>, headers: HeaderMap) -> Answer {
    bearer::session(&gateway, &headers, &Method::GET).await?;
    let links = vec![
        Link { address: "/auth/sessions".to_owned(), text: "Your sessions".to_owned() },
        Link { address: "/auth/logout".to_owned(), text: "Sign out".to_owned() },
    ];
    Ok(Page { title: "Signed in", text: "You are signed in.".to_owned(), links, ..Page::default() }
        .with(StatusCode::OK))
}

pub(crate) async fn list(
    State(gateway): State<Gateway>,
    Extension(correlation): Extension<Correlation>,
    headers: HeaderMap,
) -> Response {
    answer(listed(&gateway, &headers, correlation).await.map(|body| page::json(StatusCode::OK, &body)))
}

async fn listed(gateway: &Gateway, headers: &HeaderMap, correlation: Correlation) -> Result<Value> {
    let (_, live) = bearer::session(gateway, headers, &Method::GET).await?;
    let ctx = edge::context(gateway, live.tenant, "own sessions", correlation);
    let mut tx = gateway.db.read(&ctx).await?;
    let found = sessions::store::list(&mut tx, None, MOST, Some(live.person)).await?;
    tx.commit().await?;
    let shown = |session: &Session| {
        json!({
            "sessionId": session.id, "createdAt": session.created_at.to_string(),
            "lastUsedAt": session.last_used_at.to_string(), "expiresAt": session.expires_at.to_string(),
            "userAgent": session.user_agent, "current": session.id == live.session,
        })
    };
    Ok(json!({ "sessions": found.iter().map(shown).collect::<Vec<_>>() }))
}

pub(crate) async fn revoke(
    State(gateway): State<Gateway>,
    Extension(correlation): Extension<Correlation>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    answer(
        revoked(&gateway, &headers, &id, correlation).await.map(|()| StatusCode::NO_CONTENT.into_response()),
    )
}

async fn revoked(gateway: &Gateway, headers: &HeaderMap, id: &str, correlation: Correlation) -> Result<()> {
    let (_, live) = bearer::session(gateway, headers, &Method::DELETE).await?;
    let id: Uuid = kernel::parse_id("session_id", id)?;
    let ctx = edge::context(gateway, live.tenant, "own session revoked", correlation);
    let mut tx = gateway.db.write(&ctx).await?;
    // Another person's is not there.
    let own = sessions::store::list(&mut tx, None, MOST, Some(live.person)).await?;
    if !own.iter().any(|session| session.id == id) {
        return Err(Error::not_found("session", id));
    }
    sessions::end(gateway, &mut tx, Whose::Session(id), "revoked by the person").await?;
    tx.commit().await
}

/// An answer, or the refusal as JSON.
fn answer(result: Result<Response>) -> Response {
    result.unwrap_or_else(|error| {
        if error.kind == kernel::ErrorKind::Internal {
            let cause = error.source.as_ref().map(ToString::to_string).unwrap_or_default();
            tracing::error!(%error, cause, "a request for one's own sessions failed");
        }
        let body = json!({ "error": error.reason, "message": error.message });
        page::json(page::status(error.kind), &body)
    })
}
