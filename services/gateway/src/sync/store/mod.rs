//! The SQL of sources, runs, employees and files.

pub(crate) mod employees;
pub(crate) mod files;
pub(crate) mod runs;
pub(crate) mod told;

use super::{schedule::Schedule, source::Source};
use jiff::Timestamp;
use kernel::{Error, ErrorKind, Page, Result, Uuid};
use storage::time::{at, at_some, from_some};
use storage::{DbResult, Tx};

/// A row as stored.
struct Row {
    source_id: Uuid,
    name: String,
    kind: String,
    settings: Vec<u8>,
    times: Vec<String>,
    zone: String,
    max_percent: i32,
    id_prefix: String,
    paused: bool,
    created_at: jiff_sqlx::Timestamp,
    next_run_at: Option<jiff_sqlx::Timestamp>,
    mark: Option<String>,
    full_at: Option<jiff_sqlx::Timestamp>,
    version: i64,
}

/// Every column of the sources of a tenant; `$tail` goes on after `where tenant_id = $1`.
macro_rules! select {
    ($tail:tt, $($argument:expr),+) => {
        sqlx::query_as!(
            Row,
            "select source_id, name, kind, settings, times, zone, max_percent, id_prefix, paused, created_at, \
                    next_run_at, mark, full_at, version \
             from gateway.source where tenant_id = $1 " + $tail,
            $($argument),+
        )
    };
}

impl From<Row> for Source {
    fn from(row: Row) -> Source {
        Source {
            id: row.source_id,
            name: row.name,
            kind: row.kind,
            settings: row.settings,
            schedule: Schedule { times: row.times, zone: row.zone },
            max_percent: row.max_percent,
            id_prefix: row.id_prefix,
            paused: row.paused,
            created_at: row.created_at.to_jiff(),
            next_run_at: from_some(row.next_run_at),
            mark: row.mark,
            full_at: from_some(row.full_at),
            version: row.version,
        }
    }
}

fn taken() -> Box<Error> {
    let message = "a source of this name is there already; choose another name";
    Error::new(ErrorKind::AlreadyExists, "ALREADY_EXISTS", message)
}

/// Adds a source.
pub(crate) async fn insert(tx: &mut Tx, source: &Source) -> Result<()> {
    sqlx::query!(
        "insert into gateway.source (tenant_id, source_id, name, kind, settings, times, zone, max_percent, id_prefix, \
                                     paused, created_at, next_run_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        tx.tenant(),
        source.id,
        source.name,
        source.kind,
        source.settings,
        &source.schedule.times,
        source.schedule.zone,
        source.max_percent,
        source.id_prefix,
        source.paused,
        at(source.created_at),
        at_some(source.next_run_at)
    )
    .execute(tx.conn())
    .await
    .violates("source_name_key", taken)
    .db()?;
    Ok(())
}

/// Writes what can be changed of a source. Another mark would belong to other settings: the next run reads everybody.
pub(crate) async fn update(tx: &mut Tx, source: &Source) -> Result<()> {
    sqlx::query!(
        "update gateway.source set name = $3, settings = $4, times = $5, zone = $6, max_percent = $7, paused = $8, \
                next_run_at = $9, mark = case when settings = $4 then mark end, version = version + 1 \
         where tenant_id = $1 and source_id = $2",
        tx.tenant(),
        source.id,
        source.name,
        source.settings,
        &source.schedule.times,
        source.schedule.zone,
        source.max_percent,
        source.paused,
        at_some(source.next_run_at)
    )
    .execute(tx.conn())
    .await
    .violates("source_name_key", taken)
    .db()?;
    Ok(())
}

/// Removes a source with all that hangs on it.
pub(crate) async fn remove(tx: &mut Tx, source: Uuid) -> Result<()> {
    sqlx::query!("delete from gateway.source where tenant_id = $1 and source_id = $2", tx.tenant(), source)
        .execute(tx.conn())
        .await
        .db()?;
    Ok(())
}

/// Reads a source.
pub(crate) async fn find(tx: &mut Tx, id: Uuid) -> Result<Source> {
    let row = select!("and source_id = $2", tx.tenant(), id).fetch_optional(tx.conn()).await.db()?;
    row.map(Source::from).ok_or_else(|| Error::not_found("source", id))
}

/// Reads a source, kept as it is until the commit.
pub(crate) async fn lock(tx: &mut Tx, id: Uuid) -> Result<Source> {
    let row =
        select!("and source_id = $2 for update", tx.tenant(), id).fetch_optional(tx.conn()).await.db()?;
    row.map(Source::from).ok_or_else(|| Error::not_found("source", id))
}

/// A page of sources, the oldest first.
pub(crate) async fn list(tx: &mut Tx, page: &Page<Uuid>) -> Result<Vec<Source>> {
    let rows = select!(
        "and ($2::uuid is null or source_id > $2) order by source_id limit $3",
        tx.tenant(),
        page.after,
        page.limit()
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    Ok(rows.into_iter().map(Source::from).collect())
}

/// Sources whose time has come, kept as they are until the commit.
pub(crate) async fn lock_due(tx: &mut Tx, now: Timestamp) -> Result<Vec<Source>> {
    let rows = select!(
        "and not paused and next_run_at <= $2 order by source_id for update skip locked",
        tx.tenant(),
        at(now)
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    Ok(rows.into_iter().map(Source::from).collect())
}

/// Sources of a kind that are not paused and have no schedule: those are watched.
pub(crate) async fn watched(tx: &mut Tx, kind: &str) -> Result<Vec<Source>> {
    let rows = select!("and not paused and kind = $2 and times = '{}' order by source_id", tx.tenant(), kind)
        .fetch_all(tx.conn())
        .await
        .db()?;
    Ok(rows.into_iter().map(Source::from).collect())
}

/// Writes when the next run is due.
pub(crate) async fn plan(tx: &mut Tx, source: Uuid, next: Option<Timestamp>) -> Result<()> {
    sqlx::query!(
        "update gateway.source set next_run_at = $3 where tenant_id = $1 and source_id = $2",
        tx.tenant(),
        source,
        at_some(next)
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// Remembers what a run came to: from where the next asks for changes, and that everybody was read.
pub(crate) async fn remember(
    tx: &mut Tx,
    source: Uuid,
    mark: Option<&str>,
    full: Option<Timestamp>,
) -> Result<()> {
    sqlx::query!(
        "update gateway.source set mark = coalesce($3, mark), full_at = coalesce($4, full_at) \
         where tenant_id = $1 and source_id = $2",
        tx.tenant(),
        source,
        mark,
        at_some(full)
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// How many people of each source belong to the organisation.
pub(crate) async fn people(tx: &mut Tx, sources: &[Uuid]) -> Result<Vec<(Uuid, i64)>> {
    let rows = sqlx::query!(
        "select source_id, count(*) as \"people!\" from gateway.employee \
         where tenant_id = $1 and source_id = any($2) and active group by source_id",
        tx.tenant(),
        sources
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    Ok(rows.into_iter().map(|row| (row.source_id, row.people)).collect())
}
