//! Matching: who is with whom. Criteria, match runs, matches. See README.md.

mod consumers;
mod criteria;
mod events;
mod jobs;
mod matches;
mod projection;
mod runs;

use kernel::Result;
use runs::solver::{Exact, Solver};
use std::sync::Arc;
use storage::Database;
use tonic::service::RoutesBuilder;

/// The migrations of the schema `matching`.
static MIGRATIONS: storage::Migrator = sqlx::migrate!();

/// The matching service.
#[derive(Clone)]
pub struct Matching {
    db: Database,
    solver: Arc<dyn Solver>,
}

impl Matching {
    pub(crate) fn db(&self) -> &Database {
        &self.db
    }

    pub(crate) fn solver(&self) -> Arc<dyn Solver> {
        self.solver.clone()
    }
}

impl runtime::Service for Matching {
    const NAME: &'static str = "matching";
    const MIGRATIONS: &'static storage::Migrator = &MIGRATIONS;

    async fn build(deps: runtime::Deps) -> Result<Self> {
        Ok(Matching { db: deps.db, solver: Arc::new(Exact) })
    }

    fn db(&self) -> &Database {
        &self.db
    }

    fn routes(&self, routes: &mut RoutesBuilder) {
        routes.add_service(criteria::server(self.clone()));
        routes.add_service(runs::server(self.clone()));
        routes.add_service(matches::server(self.clone()));
    }

    fn consumers() -> Vec<messaging::Consumer<Self>> {
        consumers::consumers()
    }

    fn jobs() -> Vec<runtime::Job<Self>> {
        jobs::jobs()
    }
}
