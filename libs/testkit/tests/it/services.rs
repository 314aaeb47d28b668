//! Two small services: one emits people, the other takes note of them.

use contracts::mentor::enrollment::events::v1::PersonUpserted;
use kernel::{Context, Result, Uuid, parse_id};
use runtime::{Deps, Job, Service};
use sqlx::AssertSqlSafe;
use std::time::Duration;
use storage::{Database, DbResult, Migrator, Tx};
use tonic::service::RoutesBuilder;

static GIVER: Migrator = sqlx::migrate!("tests/it/migrations/giver");
static TAKER: Migrator = sqlx::migrate!("tests/it/migrations/taker");

/// Emits a person at every run of its job. It bears the name of the service that owns the event.
#[derive(Clone)]
pub(crate) struct Giver(Database);

impl Service for Giver {
    const NAME: &'static str = "enrollment";
    const MIGRATIONS: &'static Migrator = &GIVER;

    async fn build(deps: Deps) -> Result<Self> {
        Ok(Giver(deps.db))
    }

    fn db(&self) -> &Database {
        &self.0
    }

    fn routes(&self, _: &mut RoutesBuilder) {}

    fn jobs() -> Vec<Job<Self>> {
        vec![Job {
            name: "give",
            every: Duration::from_secs(3600),
            run: |service, ctx| Box::pin(give(service, ctx)),
        }]
    }
}

impl Giver {
    /// Makes a tenant known to the service.
    pub(crate) async fn first(db: &Database, ctx: &Context) {
        let mut tx = db.write(ctx).await.expect("a transaction");
        tx.emit(&person(ctx.correlation));
        tx.commit().await.expect("commits");
    }
}

async fn give(service: &Giver, ctx: &Context) -> Result<()> {
    let mut tx = service.db().write(ctx).await?;
    let id = tx.new_id();
    tx.emit(&person(id));
    tx.commit().await
}

pub(crate) fn person(id: Uuid) -> PersonUpserted {
    PersonUpserted { person_id: id.to_string(), display_name: "Ada".to_owned(), ..PersonUpserted::default() }
}

#[derive(Clone)]
pub(crate) struct Taker(Database);

impl Service for Taker {
    const NAME: &'static str = "matching";
    const MIGRATIONS: &'static Migrator = &TAKER;

    async fn build(deps: Deps) -> Result<Self> {
        Ok(Taker(deps.db))
    }

    fn db(&self) -> &Database {
        &self.0
    }

    fn routes(&self, _: &mut RoutesBuilder) {}

    fn consumers() -> Vec<messaging::Consumer<Self>> {
        consumers()
    }
}

mod on_person_upserted {
    use super::*;

    pub(crate) async fn handle(_: &Taker, tx: &mut Tx, event: PersonUpserted) -> Result<()> {
        let (tenant, id) = (tx.tenant(), parse_id("person_id", &event.person_id)?);
        let sql = "insert into matching.person (tenant_id, id, seen) values ($1, $2, 1)
                   on conflict (tenant_id, id) do update set seen = matching.person.seen + 1";
        sqlx::query(AssertSqlSafe(sql)).bind(tenant).bind(id).execute(tx.conn()).await.db()?;
        Ok(())
    }
}

messaging::consumers! { Taker;
    PersonUpserted => on_person_upserted,
}
