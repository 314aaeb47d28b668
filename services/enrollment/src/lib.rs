//! Enrollment: people and their reporting lines, programs, applications, participants, training.
//!
//! See `services/enrollment/README.md` for what it owns, publishes and consumes.

mod access;
mod applications;
mod config;
mod consumers;
mod convert;
mod directory;
mod error;
mod events;
mod feed;
mod jobs;
mod participants;
mod profile;
mod programs;
mod provisioning;
mod training;
mod words;

pub use directory::{Retold, retell};

use config::Settings;
use kernel::Result;
use runtime::{Deps, Job};
use std::sync::Arc;
use storage::Database;
use tonic::service::RoutesBuilder;

/// The schema's migrations.
pub static MIGRATIONS: storage::Migrator = sqlx::migrate!();

/// The service. Clones share everything.
#[derive(Clone)]
pub struct Enrollment {
    db: Database,
    deactivated: grpc::Deactivated,
    settings: Arc<Settings>,
}

impl Enrollment {
    /// The service's database.
    pub fn db(&self) -> &Database {
        &self.db
    }
}

impl runtime::Service for Enrollment {
    const NAME: &'static str = "enrollment";
    const MIGRATIONS: &'static storage::Migrator = &MIGRATIONS;

    async fn build(deps: Deps) -> Result<Self> {
        let settings = Arc::new(deps.settings::<Settings>()?);
        Ok(Enrollment { db: deps.db, deactivated: deps.deactivated, settings })
    }

    fn db(&self) -> &Database {
        &self.db
    }

    fn routes(&self, routes: &mut RoutesBuilder) {
        routes.add_service(directory::server(self.clone()));
        routes.add_service(programs::server(self.clone()));
        routes.add_service(applications::server(self.clone()));
        routes.add_service(participants::server(self.clone()));
        routes.add_service(training::server(self.clone()));
    }

    fn consumers() -> Vec<messaging::Consumer<Self>> {
        consumers::consumers()
    }

    fn jobs() -> Vec<Job<Self>> {
        jobs::jobs()
    }

    fn deactivated() -> Option<runtime::DeactivatedPeople<Self>> {
        Some(|service, tenant| Box::pin(jobs::refresh_deactivated::people(service, tenant)))
    }
}
