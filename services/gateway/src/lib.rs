//! Gateway: where identity providers and the HRIS reach the suite. It translates; the owning services decide.
//!
//! See `services/gateway/README.md` for what it owns, publishes and consumes.

mod config;
mod connections;
mod events;
mod groups;
mod jobs;
mod scim;
mod sync;

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
    runner: sync::runner::Runner,
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
        let runner = sync::runner::Runner::new(deps.clock.new_id(), settings.sync.runs);
        Ok(Gateway { db: deps.db, cache: deps.cache, settings, catalogue, runner })
    }

    fn db(&self) -> &Database {
        &self.db
    }

    fn routes(&self, routes: &mut RoutesBuilder) {
        routes.add_service(connections::server(self.clone()));
        routes.add_service(groups::server(self.clone()));
        routes.add_service(sync::server(self.clone()));
    }

    fn http(&self) -> Option<axum::Router> {
        Some(scim::router(self.clone()))
    }

    fn jobs() -> Vec<Job<Self>> {
        jobs::jobs()
    }
}
