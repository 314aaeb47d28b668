//! The gateway with one more route: what an edge makes of a session's cookie.

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, Method, StatusCode},
    response::{IntoResponse, Response},
    routing::any,
};
use gateway::Gateway;
use kernel::Result;
use runtime::{DeactivatedPeople, Deps, Service};
use storage::{Database, Migrator};
use tonic::service::RoutesBuilder;

#[derive(Clone)]
pub(crate) struct Edge(Gateway);

impl Service for Edge {
    const NAME: &'static str = Gateway::NAME;
    const MIGRATIONS: &'static Migrator = Gateway::MIGRATIONS;

    async fn build(deps: Deps) -> Result<Self> {
        Gateway::build(deps).await.map(Edge)
    }

    fn db(&self) -> &Database {
        self.0.db()
    }

    fn routes(&self, routes: &mut RoutesBuilder) {
        self.0.routes(routes);
    }

    fn http(&self) -> Option<Router> {
        let edge = Router::new().route("/edge", any(bearer)).with_state(self.0.clone());
        Some(self.0.http()?.merge(edge))
    }

    fn ended_sessions() -> Option<DeactivatedPeople<Self>> {
        Some(|edge, tenant| {
            let read = Gateway::ended_sessions().expect("the gateway knows ended sessions");
            read(&edge.0, tenant)
        })
    }
}

/// What would go upstream: the header, nothing, or why not.
async fn bearer(State(gateway): State<Gateway>, method: Method, headers: HeaderMap) -> Response {
    match gateway.bearer(&headers, &method).await {
        Ok(Some(bearer)) => bearer.to_str().expect("ASCII").to_owned().into_response(),
        Ok(None) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => (StatusCode::FORBIDDEN, error.reason).into_response(),
    }
}
