//! The SQL of canonical employees.

use crate::sync::employee::Employee;
use kernel::{Result, Uuid};
use sqlx::types::Json;
use storage::time::at;
use storage::{DbResult, Tx};

/// What is known of somebody, without what was said.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) external_id: String,
    pub(crate) person: Uuid,
    pub(crate) hash: Vec<u8>,
    pub(crate) active: bool,
}

/// Those of these ids who are known.
pub(crate) async fn known(tx: &mut Tx, source: Uuid, ids: &[String]) -> Result<Vec<Known>> {
    sqlx::query_as!(
        Known,
        "select external_id, person_id as person, hash, active from gateway.employee \
         where tenant_id = $1 and source_id = $2 and external_id = any($3)",
        tx.tenant(),
        source,
        ids
    )
    .fetch_all(tx.conn())
    .await
    .db()
}

/// What was said of these.
pub(crate) async fn said(tx: &mut Tx, source: Uuid, ids: &[String]) -> Result<Vec<Employee>> {
    let rows = sqlx::query_scalar!(
        "select said as \"said: Json<Employee>\" from gateway.employee \
         where tenant_id = $1 and source_id = $2 and external_id = any($3)",
        tx.tenant(),
        source,
        ids
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// Somebody to write.
pub(crate) struct Written<'e> {
    pub(crate) person: Uuid,
    pub(crate) employee: &'e Employee,
    pub(crate) hash: [u8; 32],
}

/// Adds or overwrites employees, all active.
pub(crate) async fn upsert(tx: &mut Tx, source: Uuid, written: &[Written<'_>]) -> Result<()> {
    if written.is_empty() {
        return Ok(());
    }
    let ids: Vec<String> = written.iter().map(|one| one.employee.external_id.clone()).collect();
    let people: Vec<Uuid> = written.iter().map(|one| one.person).collect();
    let said: Vec<serde_json::Value> = written
        .iter()
        .map(|one| serde_json::to_value(one.employee).map_err(kernel::Error::internal))
        .collect::<Result<_>>()?;
    let hashes: Vec<Vec<u8>> = written.iter().map(|one| one.hash.to_vec()).collect();
    sqlx::query!(
        "insert into gateway.employee (tenant_id, source_id, external_id, person_id, said, hash, active, updated_at) \
         select $1, $2, external_id, person_id, said, hash, true, $3 \
         from unnest($4::text[], $5::uuid[], $6::jsonb[], $7::bytea[]) as new (external_id, person_id, said, hash) \
         on conflict (tenant_id, source_id, external_id) do update \
         set said = excluded.said, hash = excluded.hash, active = true, updated_at = excluded.updated_at",
        tx.tenant(),
        source,
        at(tx.now()),
        &ids,
        &people,
        &said,
        &hashes
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// How many of the source belong to the organisation.
pub(crate) async fn active(tx: &mut Tx, source: Uuid) -> Result<i64> {
    sqlx::query_scalar!(
        "select count(*) as \"count!\" from gateway.employee where tenant_id = $1 and source_id = $2 and active",
        tx.tenant(),
        source
    )
    .fetch_one(tx.conn())
    .await
    .db()
}

/// The active employees whom the pages of a run named as leavers, or, where everybody was named, did not name; in the
/// order of their ids, after one of them.
pub(crate) async fn leavers(
    tx: &mut Tx,
    (source, run): (Uuid, Uuid),
    absent: bool,
    limit: i64,
) -> Result<Vec<(String, Uuid)>> {
    let rows = sqlx::query!(
        "with here as (select unnest(here) as id from gateway.sync_page where tenant_id = $1 and run_id = $3), \
              gone as (select unnest(gone) as id from gateway.sync_page where tenant_id = $1 and run_id = $3) \
         select external_id, person_id from gateway.employee e \
         where e.tenant_id = $1 and e.source_id = $2 and e.active \
           and (e.external_id in (select id from gone) \
                or ($4 and not exists (select from here where here.id = e.external_id))) \
         order by external_id limit $5",
        tx.tenant(),
        source,
        run,
        absent,
        limit
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    Ok(rows.into_iter().map(|row| (row.external_id, row.person_id)).collect())
}

/// Lets employees leave.
pub(crate) async fn leave(tx: &mut Tx, source: Uuid, ids: &[String]) -> Result<()> {
    sqlx::query!(
        "update gateway.employee set active = false, updated_at = $4 \
         where tenant_id = $1 and source_id = $2 and external_id = any($3)",
        tx.tenant(),
        source,
        ids,
        at(tx.now())
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}
