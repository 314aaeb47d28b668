//! Gateway: where identity providers and the HRIS reach the suite. It translates; the owning services decide.
//!
//! See `services/gateway/README.md` for what it owns, publishes and consumes.

mod api;
mod config;
mod connections;
mod events;
mod groups;
mod http;
mod jobs;
mod scim;
mod webhooks;

use config::Settings;
use kernel::Result;
use runtime::{Deps, Job};
use std::sync::Arc;
use storage::{Cache, Database};
use tonic::service::RoutesBuilder;

/// The schema's migrations.
pub static MIGRATIONS: storage::Migrator = sqlx::migrate!();

/// The service. Clones share everything.
#[derive(Clone)]
pub struct Gateway {
    db: Database,
    cache: Cache,
    settings: Arc<Settings>,
    catalogue: Arc<scim::schema::Catalogue>,
    api: Arc<api::Api>,
    webhooks: webhooks::Webhooks,
}

impl Gateway {
    /// The service's database.
    pub fn db(&self) -> &Database {
        &self.db
    }
}

impl runtime::Service for Gateway {
    const NAME: &'static str = "gateway";
    const MIGRATIONS: &'static storage::Migrator = &MIGRATIONS;

    async fn build(deps: Deps) -> Result<Self> {
        let settings = Arc::new(deps.settings::<Settings>()?);
        let catalogue = Arc::new(scim::schema::Catalogue::read()?);
        let api = Arc::new(api::Api::new(&settings.api, &deps.here)?);
        let webhooks = webhooks::Webhooks::new(deps.db.clone(), settings.webhooks.clone())?;
        Ok(Gateway { db: deps.db, cache: deps.cache, settings, catalogue, api, webhooks })
    }

    fn db(&self) -> &Database {
        &self.db
    }

    fn routes(&self, routes: &mut RoutesBuilder) {
        routes.add_service(connections::server(self.clone()));
        routes.add_service(groups::server(self.clone()));
        routes.add_service(webhooks::server(self.clone()));
    }

    fn http(&self) -> Option<axum::Router> {
        Some(scim::router(self.clone()).merge(api::router(self.clone())))
    }

    fn consumers() -> Vec<messaging::Consumer<Self>> {
        webhooks::consumers()
    }

    fn jobs() -> Vec<Job<Self>> {
        jobs::jobs()
    }
}
