//! One sequential migration of all services, as an owner and under one lock, before any server starts.
//!
//! For each service: its roles and schema, the house tables, its own migrations with a ledger in its schema, and
//! then the guards, which hold for every table there is: keyed by tenant, row-level security forced, grants.

mod guards;
mod ledger;
mod roles;

pub use ledger::pending;

use crate::{DbResult, MigrateSettings};
use kernel::{Error, Result};
use secrecy::ExposeSecret;
use sqlx::{ConnectOptions, Connection, PgConnection, migrate::Migrator, postgres::PgConnectOptions};

/// One for the whole suite: services that migrate at once take turns.
const LOCK: i64 = 0x006d_656e_746f_7231;

/// What was done for a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationReport {
    /// The service.
    pub service: &'static str,
    /// What was applied, in order; empty when there was nothing to do.
    pub applied: Vec<String>,
}

/// Brings the schemas of these services up to date. Idempotent, safe to run from several places at once, and
/// quick when there is nothing to do.
///
/// # Errors
/// `DEPENDENCY_UNAVAILABLE` when the server is away; `INTERNAL` with the cause when a migration fails, was
/// changed after it was applied, or leaves a table that is not keyed by tenant. Migrations before the failed one
/// stay applied.
pub async fn migrate(
    settings: &MigrateSettings,
    services: &[(&'static str, &'static Migrator)],
) -> Result<Vec<MigrationReport>> {
    let options: PgConnectOptions =
        settings.admin_url.expose_secret().parse().map_err(|error: sqlx::Error| Error::internal(error))?;
    // A connection of its own, not a pool's: the lock belongs to the session and ends with it.
    let options = options.application_name("mentor-migrate").disable_statement_logging();
    let mut conn = options.connect().await.db()?;
    sqlx::query("set client_min_messages = warning").execute(&mut conn).await.db()?;
    sqlx::query("select pg_advisory_lock($1)").bind(LOCK).execute(&mut conn).await.db()?;
    let mut reports = Vec::with_capacity(services.len());
    for (service, migrator) in services {
        reports.push(one(&mut conn, settings, service, migrator).await?);
    }
    conn.close().await.db()?;
    Ok(reports)
}

async fn one(
    conn: &mut PgConnection,
    settings: &MigrateSettings,
    service: &'static str,
    migrator: &'static Migrator,
) -> Result<MigrationReport> {
    roles::ensure(conn, service, settings).await?;
    let mut applied = Vec::new();
    for mut ledger in [ledger::house(service), ledger::own(service, migrator)] {
        applied.extend(ledger.run(conn).await?);
    }
    guards::enforce(conn, service).await?;
    if !applied.is_empty() {
        tracing::info!(service, migrations = applied.len(), "the schema is up to date");
    }
    Ok(MigrationReport { service, applied })
}
