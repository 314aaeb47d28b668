//! What holds for every table of a service, whoever made it.

use super::ledger;
use crate::DbResult;
use kernel::{Error, Result};
use sqlx::{AssertSqlSafe, PgConnection};

/// What the relay and the service may do on the house tables; on its own tables a service may do everything.
const HOUSE: [(&str, &str, &str); 6] = [
    ("tenant", "select, insert", "select"),
    ("outbox", "select, insert", "select, update, delete"),
    ("inbox", "select, insert", "select, delete"),
    ("parked", "select, insert, update, delete", "select, update"),
    ("idempotency", "select, insert, update", "select, delete"),
    ("audit", "select, insert", "select, insert"),
];
const OWN: &str = "select, insert, update, delete";

/// A table as the catalog shows it.
#[derive(sqlx::FromRow)]
struct Table {
    name: String,
    /// `tenant_id uuid not null` is the first column of the primary key.
    keyed: bool,
    /// A unique or exclusion constraint that leaves the tenant out.
    loose: Option<String>,
    /// Row-level security is on and forced, with the tenant's policy.
    guarded: bool,
    /// The relay's policy is there.
    relayed: bool,
    /// What the service's role and the relay's role may do, as in [`HOUSE`].
    service_may: String,
    relay_may: String,
}

pub(super) async fn enforce(conn: &mut PgConnection, service: &str) -> Result<()> {
    let mut statements = schema_grants(conn, service).await?;
    for table in tables(conn, service).await? {
        if ledger::TABLES.contains(&table.name.as_str()) {
            statements.extend(grants(service, &table, "select", ""));
            continue;
        }
        check(service, &table)?;
        statements.extend(policies(service, &table));
        let house = HOUSE.iter().find(|(name, ..)| *name == table.name);
        let (service_may, relay_may) = house.map_or((OWN, ""), |(_, service, relay)| (*service, *relay));
        statements.extend(grants(service, &table, service_may, relay_may));
    }
    if !statements.is_empty() {
        let sql = format!("begin; {}; commit", statements.join("; "));
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(conn).await.db()?;
    }
    Ok(())
}

fn check(service: &str, table: &Table) -> Result<()> {
    let name = &table.name;
    if !table.keyed {
        let fault = format!("{service}.{name}: the primary key must start with tenant_id (uuid not null)");
        return Err(Error::internal(fault));
    }
    match &table.loose {
        Some(index) => Err(Error::internal(format!("{service}.{name}: {index} must include tenant_id"))),
        None => Ok(()),
    }
}

fn policies(service: &str, table: &Table) -> Vec<String> {
    let name = format!("\"{service}\".\"{}\"", table.name);
    let mut statements = Vec::new();
    if !table.guarded {
        statements.push(format!("alter table {name} enable row level security, force row level security"));
        statements.push(format!("drop policy if exists tenant on {name}"));
        statements.push(format!(
            "create policy tenant on {name} using (tenant_id = nullif(current_setting('mentor.tenant', true), '')::uuid)"
        ));
    }
    if !table.relayed && HOUSE.iter().any(|(house, ..)| *house == table.name) {
        statements.push(format!(
            "create policy relay on {name} to \"{service}_relay\" using (true) with check (true)"
        ));
    }
    statements
}

fn grants(service: &str, table: &Table, service_may: &str, relay_may: &str) -> Vec<String> {
    let name = format!("\"{service}\".\"{}\"", table.name);
    let mut statements = Vec::new();
    for (role, has, may) in [
        (service.to_owned(), &table.service_may, service_may),
        (format!("{service}_relay"), &table.relay_may, relay_may),
    ] {
        if has == may {
            continue;
        }
        statements.push(format!("revoke all on {name} from \"{role}\""));
        if !may.is_empty() {
            statements.push(format!("grant {may} on {name} to \"{role}\""));
        }
    }
    statements
}

/// Use of the schema, and of the sequences behind the service's own columns.
async fn schema_grants(conn: &mut PgConnection, service: &str) -> Result<Vec<String>> {
    let (schema, sequences): (bool, bool) = sqlx::query_as(
        "select has_schema_privilege($1, $1, 'usage') and has_schema_privilege($2, $1, 'usage'),
                coalesce((select bool_and(has_sequence_privilege($1, c.oid, 'usage')) from pg_class c
                          where c.relnamespace = $1::regnamespace and c.relkind = 'S'), true)",
    )
    .bind(service)
    .bind(format!("{service}_relay"))
    .fetch_one(conn)
    .await
    .db()?;
    let mut statements = Vec::new();
    if !schema {
        statements.push(format!("grant usage on schema \"{service}\" to \"{service}\", \"{service}_relay\""));
    }
    if !sequences {
        statements.push(format!("grant usage on all sequences in schema \"{service}\" to \"{service}\""));
    }
    Ok(statements)
}

async fn tables(conn: &mut PgConnection, service: &str) -> Result<Vec<Table>> {
    sqlx::query_as(
        "select c.relname::text as name,
           exists (select from pg_attribute a join pg_index i on i.indrelid = c.oid and i.indisprimary
                   where a.attrelid = c.oid and a.attname = 'tenant_id' and a.attnotnull
                     and a.atttypid = 'uuid'::regtype and i.indkey[0] = a.attnum) as keyed,
           (select x.relname::text from pg_index i join pg_class x on x.oid = i.indexrelid
            where i.indrelid = c.oid and (i.indisunique or i.indisexclusion)
              and not exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id'
                              and a.attnum = any(i.indkey)) limit 1) as loose,
           c.relrowsecurity and c.relforcerowsecurity
             and exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'tenant') as guarded,
           exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'relay') as relayed,
           concat_ws(', ', case when has_table_privilege($1, c.oid, 'select') then 'select' end,
                           case when has_table_privilege($1, c.oid, 'insert') then 'insert' end,
                           case when has_table_privilege($1, c.oid, 'update') then 'update' end,
                           case when has_table_privilege($1, c.oid, 'delete') then 'delete' end) as service_may,
           concat_ws(', ', case when has_table_privilege($2, c.oid, 'select') then 'select' end,
                           case when has_table_privilege($2, c.oid, 'insert') then 'insert' end,
                           case when has_table_privilege($2, c.oid, 'update') then 'update' end,
                           case when has_table_privilege($2, c.oid, 'delete') then 'delete' end) as relay_may
         from pg_class c
         where c.relnamespace = $1::regnamespace and c.relkind in ('r', 'p') order by c.relname",
    )
    .bind(service)
    .bind(format!("{service}_relay"))
    .fetch_all(conn)
    .await
    .db()
}
