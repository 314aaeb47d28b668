//! The enrollment service one release later, for the test of two releases side by side: today's program with one more
//! migration, and work that needs what the migration brings. With `NEXT_RELEASE=contract` it is the release after that,
//! whose migration drops what the release before has ceased to use.

use enrollment::Enrollment;
use runtime::{
    Entry, Host, Service,
    telemetry::{Program, Telemetry},
};
use sqlx::{
    AssertSqlSafe, PgPool, SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
};
use std::time::Duration;

/// What a release in between may do: only add, and so that programs that know nothing of it go on.
const EXPAND: (i64, &str, &str) = (
    9001,
    "motto",
    "alter table enrollment.program add column motto text;
     alter table enrollment.program add column accent text not null default 'blue';
     create table enrollment.motto_change (tenant_id uuid not null, program_id uuid not null, motto text not null,
         primary key (tenant_id, program_id))",
);
/// What the release after may do: take away what no running release uses, and demand what all write by now.
const CONTRACT: (i64, &str, &str) = (9002, "motto only", "alter table enrollment.program drop column accent");

fn main() -> anyhow::Result<()> {
    runtime::install_crypto();
    let config = runtime::load(std::env::var_os("MENTOR_CONFIG").map(Into::into))?;
    let contract = std::env::var("NEXT_RELEASE").is_ok_and(|release| release == "contract");
    let mut entry = Entry::of::<Enrollment>();
    entry.migrations = Box::leak(Box::new(migrations(contract)));
    let migrate = std::env::args().nth(1).is_some_and(|command| command == "migrate");
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let telemetry =
            Telemetry::install(&config.telemetry, Program { name: Enrollment::NAME, version: "next" })?;
        if migrate {
            runtime::migrate(&config, &[entry]).await?;
            return Ok(());
        }
        let owner = PgPool::connect_lazy(config.migrate.url.expose())?;
        let work = tokio::spawn(mottos(owner));
        runtime::serve(Host::builder(config).entry(entry).telemetry(telemetry)).await?;
        work.abort();
        Ok(())
    })
}

fn migrations(contract: bool) -> Migrator {
    let more = [EXPAND, CONTRACT].into_iter().take(if contract { 2 } else { 1 });
    let more = more.map(|(version, name, sql)| {
        let sql = AssertSqlSafe(sql.to_owned()).into_sql_str();
        Migration::new(version, name.into(), MigrationType::Simple, sql, false)
    });
    Migrator::with_migrations(Enrollment::MIGRATIONS.iter().cloned().chain(more).collect())
}

/// What the new release does: gives a motto to every program, whichever release made it.
async fn mottos(owner: PgPool) {
    let sql = "with given as (
                   update enrollment.program set motto = name where motto is null
                   returning tenant_id, program_id, motto)
               insert into enrollment.motto_change (tenant_id, program_id, motto)
               select tenant_id, program_id, motto from given";
    let mut pace = tokio::time::interval(Duration::from_millis(100));
    loop {
        pace.tick().await;
        // Before the migration it fails; the process is not ready then, and this is tried again.
        let _ = sqlx::query(AssertSqlSafe(sql)).execute(&owner).await;
    }
}
