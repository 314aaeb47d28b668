//! A small service, and the same one a version later. They bear the name of a service that the contracts know.

use kernel::{Context, Result};
use runtime::{Deps, Job, Service};
use sqlx::AssertSqlSafe;
use std::time::Duration;
use storage::{Database, DbResult, Migrator};
use tonic::service::RoutesBuilder;

static OLDER: Migrator = sqlx::migrate!("tests/it/migrations/older");
static NEWER: Migrator = sqlx::migrate!("tests/it/migrations/newer");

/// The service's own settings.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    text: String,
}

/// Takes a note, which the settings name, for every tenant, daily and hourly.
#[derive(Clone)]
pub(crate) struct Notes {
    db: Database,
    text: String,
}

impl Service for Notes {
    const NAME: &'static str = "evaluation";
    const MIGRATIONS: &'static Migrator = &OLDER;

    async fn build(deps: Deps) -> Result<Self> {
        let settings: Settings = deps.settings()?;
        Ok(Notes { db: deps.db, text: settings.text })
    }

    fn db(&self) -> &Database {
        &self.db
    }

    fn routes(&self, _: &mut RoutesBuilder) {}

    fn jobs() -> Vec<Job<Self>> {
        vec![
            Job {
                name: "daily",
                every: runtime::period!(1 day),
                run: |notes, ctx| Box::pin(note(notes, ctx, "daily")),
            },
            Job {
                name: "hourly",
                every: Duration::from_secs(3600),
                run: |notes, ctx| Box::pin(note(notes, ctx, "hourly")),
            },
        ]
    }
}

async fn note(notes: &Notes, ctx: &Context, when: &str) -> Result<()> {
    let mut tx = notes.db.write(ctx).await?;
    let (tenant, id, text) = (tx.tenant(), tx.new_id(), format!("{when} {}", notes.text));
    let sql = "insert into evaluation.note (tenant_id, id, text) values ($1, $2, $3)";
    sqlx::query(AssertSqlSafe(sql)).bind(tenant).bind(id).bind(text).execute(tx.conn()).await.db()?;
    tx.commit().await
}

/// The next version, which brings a migration.
#[derive(Clone)]
pub(crate) struct NewerNotes(Notes);

impl Service for NewerNotes {
    const NAME: &'static str = "evaluation";
    const MIGRATIONS: &'static Migrator = &NEWER;

    async fn build(deps: Deps) -> Result<Self> {
        Notes::build(deps).await.map(NewerNotes)
    }

    fn db(&self) -> &Database {
        &self.0.db
    }

    fn routes(&self, _: &mut RoutesBuilder) {}
}
