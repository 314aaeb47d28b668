//! The SQL of what runs tell: pages, errors, changes.

use crate::sync::employee::Fault;
use kernel::{Page, Result, Uuid};
use storage::{DbResult, Tx};

/// Adds a page: whom it named, in which rows, and whom as a leaver.
pub(crate) async fn add_page(
    tx: &mut Tx,
    run: Uuid,
    number: i32,
    here: &[(String, i64)],
    gone: &[String],
) -> Result<()> {
    let (ids, rows): (Vec<String>, Vec<i64>) = here.iter().cloned().unzip();
    sqlx::query!(
        "insert into gateway.sync_page (tenant_id, run_id, number, here, gone, rows) values ($1, $2, $3, $4, $5, $6)",
        tx.tenant(),
        run,
        number,
        &ids,
        gone,
        &rows
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// Whom the pages of a run named so far, with their rows.
pub(crate) async fn seen(tx: &mut Tx, run: Uuid) -> Result<Vec<(String, i64)>> {
    let pages = sqlx::query!(
        "select here, rows from gateway.sync_page where tenant_id = $1 and run_id = $2 order by number",
        tx.tenant(),
        run
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    Ok(pages.into_iter().flat_map(|page| page.here.into_iter().zip(page.rows)).collect())
}

/// Forgets the pages of a run.
pub(crate) async fn drop_pages(tx: &mut Tx, run: Uuid) -> Result<()> {
    sqlx::query!("delete from gateway.sync_page where tenant_id = $1 and run_id = $2", tx.tenant(), run)
        .execute(tx.conn())
        .await
        .db()?;
    Ok(())
}

/// Adds faults under their numbers.
pub(crate) async fn add_errors(tx: &mut Tx, run: Uuid, faults: &[(i64, Fault)]) -> Result<()> {
    if faults.is_empty() {
        return Ok(());
    }
    let texts = |of: fn(&Fault) -> &str| -> Vec<String> {
        // Postgres keeps no zero byte.
        faults.iter().map(|(_, fault)| of(fault).replace('\0', "\u{fffd}")).collect()
    };
    let numbers: Vec<i64> = faults.iter().map(|(number, _)| *number).collect();
    let rows: Vec<i64> = faults.iter().map(|(_, fault)| fault.row).collect();
    let rejected: Vec<bool> = faults.iter().map(|(_, fault)| fault.rejected).collect();
    sqlx::query!(
        "insert into gateway.sync_error (tenant_id, run_id, number, line, external_id, field, message, rejected, raw) \
         select $1, $2, * from unnest($3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::boolean[], \
                                      $9::text[])",
        tx.tenant(),
        run,
        &numbers,
        &rows,
        &texts(|fault| &fault.external_id),
        &texts(|fault| &fault.field),
        &texts(|fault| &fault.message),
        &rejected,
        &texts(|fault| &fault.raw)
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// A page of faults in the order found, each with its number.
pub(crate) async fn errors(tx: &mut Tx, run: Uuid, page: &Page<i64>) -> Result<Vec<(i64, Fault)>> {
    let rows = sqlx::query!(
        "select number, line, external_id, field, message, rejected from gateway.sync_error \
         where tenant_id = $1 and run_id = $2 and ($3::bigint is null or number > $3) order by number limit $4",
        tx.tenant(),
        run,
        page.after,
        page.limit()
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    let fault = |row: (i64, String, String, String, bool)| {
        let (line, external_id, field, message, rejected) = row;
        Fault { row: line, external_id, field, message, rejected, ..Fault::default() }
    };
    Ok(rows
        .into_iter()
        .map(|row| (row.number, fault((row.line, row.external_id, row.field, row.message, row.rejected))))
        .collect())
}

/// Rejected rows as the file wrote them, each with its number, line and what is wrong.
pub(crate) async fn rejected(
    tx: &mut Tx,
    run: Uuid,
    after: i64,
    limit: i64,
) -> Result<Vec<(i64, i64, String, String)>> {
    let rows = sqlx::query!(
        "select number, line, raw, case when field = '' then message else field || ': ' || message end as \"wrong!\" \
         from gateway.sync_error \
         where tenant_id = $1 and run_id = $2 and rejected and raw <> '' and number > $3 order by number limit $4",
        tx.tenant(),
        run,
        after,
        limit
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    Ok(rows.into_iter().map(|row| (row.number, row.line, row.raw, row.wrong)).collect())
}

/// What happens to somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) external_id: String,
    pub(crate) kind: String,
    pub(crate) fields: Vec<String>,
}

/// Adds changes.
pub(crate) async fn add_changes(tx: &mut Tx, run: Uuid, changes: &[Change]) -> Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    let ids: Vec<String> = changes.iter().map(|change| change.external_id.clone()).collect();
    let kinds: Vec<String> = changes.iter().map(|change| change.kind.clone()).collect();
    let fields: Vec<String> = changes.iter().map(|change| change.fields.join(",")).collect();
    sqlx::query!(
        "insert into gateway.sync_change (tenant_id, run_id, external_id, kind, fields) \
         select $1, $2, id, kind, string_to_array(fields, ',') \
         from unnest($3::text[], $4::text[], $5::text[]) as new (id, kind, fields) \
         on conflict (tenant_id, run_id, external_id) do update set kind = excluded.kind, fields = excluded.fields",
        tx.tenant(),
        run,
        &ids,
        &kinds,
        &fields
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// A page of changes in the order of the ids.
pub(crate) async fn changes(tx: &mut Tx, run: Uuid, page: &Page<String>) -> Result<Vec<Change>> {
    sqlx::query_as!(
        Change,
        "select external_id, kind, fields from gateway.sync_change \
         where tenant_id = $1 and run_id = $2 and ($3::text is null or external_id > $3) \
         order by external_id limit $4",
        tx.tenant(),
        run,
        page.after.as_deref(),
        page.limit()
    )
    .fetch_all(tx.conn())
    .await
    .db()
}
