//! Gateway: where identity providers and the HRIS reach the suite. It translates; the owning services decide.
//!
//! See `services/gateway/README.md` for what it owns, publishes and consumes.

mod api;
mod clients;
mod config;
mod connections;
mod consumers;
mod events;
mod groups;
mod http;
mod jobs;
mod keys;
mod outgoing;
mod people;
mod providers;
mod rotation;
mod scim;
mod sessions;
mod signin;
mod sync;
mod webhooks;

use axum::http::{HeaderMap, HeaderValue, Method};
use config::Settings;
use kernel::Result;
use runtime::{Deps, Job};
use std::sync::Arc;
use storage::{Cache, Database};
use tonic::service::RoutesBuilder;

/// The schema's migrations.
pub static MIGRATIONS: storage::Migrator = sqlx::migrate!();

/// The public keys of a file of secrets (`keys_file`) as a JWKS document, for services that can't reach the gateway.
///
/// # Errors
/// `FIELD_INVALID`, naming what is wrong with the file.
pub fn sign_in_jwks(keys: &str) -> Result<String> {
    Ok(keys::Keys::read(keys)?.jwks().to_string())
}

/// The service. Clones share everything.
#[derive(Clone)]
pub struct Gateway {
    db: Database,
    cache: Cache,
    settings: Arc<Settings>,
    deactivated: grpc::Deactivated,
    ended_sessions: grpc::Deactivated,
    sign_in: Arc<signin::SignIn>,
    catalogue: Arc<scim::schema::Catalogue>,
    api: Arc<api::Api>,
    webhooks: webhooks::Webhooks,
    runner: sync::runner::Runner,
}

impl Gateway {
    /// The service's database.
    pub fn db(&self) -> &Database {
        &self.db
    }

    /// `Bearer …` for calling services as the person whose session a request carries, for whatever stands at the edge;
    /// `None` when it carries none.
    ///
    /// # Errors
    /// `CROSS_SITE` for a request that another site's page may have sent, `SESSION_ENDED` when the session is over,
    /// `SIGN_IN_OFF` where signing in is not set up.
    pub async fn bearer(&self, headers: &HeaderMap, method: &Method) -> Result<Option<HeaderValue>> {
        signin::bearer(self, headers, method).await
    }
}

impl runtime::Service for Gateway {
    const NAME: &'static str = "gateway";
    const MIGRATIONS: &'static storage::Migrator = &MIGRATIONS;

    async fn build(deps: Deps) -> Result<Self> {
        let settings = Arc::new(deps.settings::<Settings>()?);
        let catalogue = Arc::new(scim::schema::Catalogue::read()?);
        let api = Arc::new(api::Api::new(&settings.api, &deps.here)?);
        let keys = Arc::new(keys::load(&settings.keys_file, settings.generate_keys)?);
        let webhooks = webhooks::Webhooks::new(deps.db.clone(), settings.webhooks.clone(), keys.clone())?;
        let sign_in = Arc::new(signin::SignIn::new(&settings.sign_in, keys)?);
        let runner = sync::runner::Runner::new(deps.clock.new_id(), settings.sync.runs);
        let Deps { db, cache, deactivated, ended_sessions, .. } = deps;
        webhooks::telemetry::begin();
        signin::telemetry::begin();
        sync::telemetry::begin();
        Ok(Gateway {
            db,
            cache,
            settings,
            deactivated,
            ended_sessions,
            sign_in,
            catalogue,
            api,
            webhooks,
            runner,
        })
    }

    fn db(&self) -> &Database {
        &self.db
    }

    fn routes(&self, routes: &mut RoutesBuilder) {
        routes.add_service(connections::server(self.clone()));
        routes.add_service(groups::server(self.clone()));
        routes.add_service(webhooks::server(self.clone()));
        routes.add_service(providers::server(self.clone()));
        routes.add_service(sessions::server(self.clone()));
        routes.add_service(clients::server(self.clone()));
        routes.add_service(sync::server(self.clone()));
    }

    fn http(&self) -> Option<axum::Router> {
        let edges = [scim::router(self.clone()), api::router(self.clone()), signin::router(self.clone())];
        Some(edges.into_iter().fold(axum::Router::new(), axum::Router::merge))
    }

    fn consumers() -> Vec<messaging::Consumer<Self>> {
        webhooks::consumers().into_iter().chain(consumers::consumers()).collect()
    }

    fn jobs() -> Vec<Job<Self>> {
        jobs::jobs()
    }

    fn ended_sessions() -> Option<runtime::DeactivatedPeople<Self>> {
        Some(|service, tenant| Box::pin(jobs::refresh_ended_sessions::names(service, tenant)))
    }
}
