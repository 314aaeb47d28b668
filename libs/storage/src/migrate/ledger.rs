//! Migrations and the record of those that were applied, in the schema they belong to.

use crate::{Database, DbResult, schema::in_schema};
use kernel::{Error, Result};
use sqlx::{
    AssertSqlSafe, PgConnection, PgPool, SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
};
use std::collections::BTreeMap;

/// The house's own migrations; `{s}` stands for the schema.
const HOUSE: [(i64, &str, &str); 2] = [
    (1, "house", include_str!("../../house/0001_house.sql")),
    (2, "audit trail", include_str!("../../house/0002_audit_trail.sql")),
];

/// Records are kept under these names; they are tables without a tenant.
pub(super) const TABLES: [&str; 2] = ["_house_migrations", "_migrations"];

/// A set of migrations with its record.
pub(super) struct Ledger {
    label: &'static str,
    table: String,
    migrations: Migrator,
}

/// The house tables of a service.
pub(super) fn house(service: &str) -> Ledger {
    let migration = |(version, name, template): (i64, &'static str, &str)| {
        let sql = AssertSqlSafe(in_schema(template, service)).into_sql_str();
        Migration::new(version, name.into(), MigrationType::Simple, sql, false)
    };
    Ledger::new("house", service, TABLES[0], HOUSE.into_iter().map(migration).collect())
}

/// What the service itself brings.
pub(super) fn own(service: &str, migrator: &Migrator) -> Ledger {
    Ledger::new("service", service, TABLES[1], migrator.iter().cloned().collect())
}

impl Ledger {
    fn new(label: &'static str, service: &str, table: &str, migrations: Vec<Migration>) -> Self {
        let table = format!("\"{service}\".\"{table}\"");
        let mut migrations = Migrator::with_migrations(migrations);
        // One lock is held over all services already; the stock one, taken per service, can deadlock.
        migrations.set_locking(false);
        migrations.dangerous_set_table_name(table.clone());
        Ledger { label, table, migrations }
    }

    /// Applies what is missing and names it.
    pub(super) async fn run(&mut self, conn: &mut PgConnection) -> Result<Vec<String>> {
        let exists: bool = sqlx::query_scalar("select to_regclass($1) is not null")
            .bind(&self.table)
            .fetch_one(&mut *conn)
            .await
            .db()?;
        let applied = if exists { self.applied(conn).await.db()? } else { BTreeMap::new() };
        let missing = self.missing(&applied);
        if missing.is_empty() {
            return Ok(missing);
        }
        self.migrations.run_direct(None, conn, false).await.map_err(Error::internal)?;
        Ok(missing)
    }

    async fn applied(&self, conn: &mut PgConnection) -> Result<BTreeMap<i64, Vec<u8>>, sqlx::Error> {
        let sql = format!("select version, checksum from {} where success", self.table);
        let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(AssertSqlSafe(sql)).fetch_all(conn).await?;
        Ok(rows.into_iter().collect())
    }

    async fn look(&self, pool: &PgPool) -> Result<BTreeMap<i64, Vec<u8>>, sqlx::Error> {
        let mut conn = pool.acquire().await?;
        self.applied(&mut conn).await
    }

    /// What is not applied, or was changed since.
    fn missing(&self, applied: &BTreeMap<i64, Vec<u8>>) -> Vec<String> {
        let ups = self.migrations.iter().filter(|m| !m.migration_type.is_down_migration());
        ups.filter_map(|m| {
            let name = format!("{} {:04} {}", self.label, m.version, m.description);
            match applied.get(&m.version) {
                None => Some(name),
                Some(checksum) if checksum.as_slice() != &*m.checksum => {
                    Some(format!("{name} (changed after it was applied)"))
                }
                Some(_) => None,
            }
        })
        .collect()
    }
}

/// Migrations that a service needs and the database lacks, and tables that the migration under way has not guarded
/// yet. A server that finds any takes no call. A database that is ahead is fine: changes expand before they contract.
///
/// # Errors
/// As [`Database::read`].
pub async fn pending(db: &Database, migrator: &Migrator) -> Result<Vec<String>> {
    let mut missing = Vec::new();
    for ledger in [house(db.service()), own(db.service(), migrator)] {
        let applied = match ledger.look(&db.0.pool).await {
            Ok(applied) => applied,
            Err(error) if is_unprepared(&error) => BTreeMap::new(),
            Err(error) => return Err(error).db(),
        };
        missing.extend(ledger.missing(&applied));
    }
    if missing.is_empty() {
        missing.extend(unguarded(db).await?);
    }
    Ok(missing)
}

/// The record of a migration is committed some milliseconds before the guards of what it made, and these in one
/// transaction: a table that the service may read has them all.
async fn unguarded(db: &Database) -> Result<Vec<String>> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class
         where relnamespace = $1::regnamespace and relkind in ('r', 'p') and not has_table_privilege(oid, 'select')
         order by relname",
    )
    .bind(db.service())
    .fetch_all(&db.0.pool)
    .await
    .db()?;
    Ok(tables.into_iter().map(|table| format!("guards of {table}")).collect())
}

/// No such role, database, schema or table, or no right to it: nothing was migrated here.
fn is_unprepared(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|e| e.code());
    matches!(code.as_deref(), Some("28000" | "3D000" | "3F000" | "42P01" | "42501"))
}
