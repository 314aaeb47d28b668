//! Scheduling: when people have time, when pairs meet, and whether they meet as often as their program asks for.
//! The README beside this crate says what it owns.

mod availability;
mod cadence;
mod config;
mod consumers;
mod events;
mod jobs;
mod meetings;
mod time;

use config::Settings;
use kernel::Result;
use runtime::{Deps, Job, Service};
use std::sync::Arc;
use storage::{Database, Migrator};
use tonic::service::RoutesBuilder;

/// The migrations of the schema `scheduling`.
pub static MIGRATIONS: Migrator = sqlx::migrate!();

/// The service. A clone is the same service.
#[derive(Clone)]
pub struct Scheduling {
    db: Database,
    settings: Arc<Settings>,
}

impl Scheduling {
    fn db(&self) -> &Database {
        &self.db
    }

    fn settings(&self) -> &Settings {
        &self.settings
    }
}

impl Service for Scheduling {
    const NAME: &'static str = "scheduling";
    const MIGRATIONS: &'static Migrator = &MIGRATIONS;

    async fn build(deps: Deps) -> Result<Self> {
        let settings: Settings = deps.settings()?;
        settings.check()?;
        Ok(Scheduling { db: deps.db, settings: Arc::new(settings) })
    }

    fn db(&self) -> &Database {
        &self.db
    }

    fn routes(&self, routes: &mut RoutesBuilder) {
        routes.add_service(availability::server(self.clone()));
        routes.add_service(meetings::server(self.clone()));
        routes.add_service(cadence::server(self.clone()));
    }

    fn consumers() -> Vec<messaging::Consumer<Self>> {
        consumers::consumers()
    }

    fn jobs() -> Vec<Job<Self>> {
        jobs::jobs()
    }
}
