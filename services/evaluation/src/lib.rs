//! Evaluation: check-ins, relationship health, gel reviews, program reports.
//!
//! The house: [`Evaluation`] is what handlers, consumers and jobs get; each area is a gRPC service.

mod check_ins;
mod consumers;
mod convert;
mod events;
mod health;
mod jobs;
mod projections;
mod reports;
mod reviews;
mod words;

use kernel::Result;
use runtime::{Deps, Job, Service};
use storage::{Database, Migrator};
use tonic::service::RoutesBuilder;

static MIGRATIONS: Migrator = sqlx::migrate!();

/// The evaluation service.
#[derive(Clone)]
pub struct Evaluation {
    db: Database,
}

impl Evaluation {
    /// Its database, for the transactions of RPCs and jobs.
    pub(crate) fn db(&self) -> &Database {
        &self.db
    }
}

impl Service for Evaluation {
    const NAME: &'static str = "evaluation";
    const MIGRATIONS: &'static Migrator = &MIGRATIONS;

    async fn build(deps: Deps) -> Result<Self> {
        Ok(Evaluation { db: deps.db })
    }

    fn db(&self) -> &Database {
        &self.db
    }

    fn routes(&self, routes: &mut RoutesBuilder) {
        routes
            .add_service(check_ins::server(self.clone()))
            .add_service(health::server(self.clone()))
            .add_service(reviews::server(self.clone()))
            .add_service(reports::server(self.clone()));
    }

    fn consumers() -> Vec<messaging::Consumer<Self>> {
        consumers::consumers()
    }

    fn jobs() -> Vec<Job<Self>> {
        jobs::jobs()
    }
}
