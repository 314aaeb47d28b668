//! The SQL of runs.

use crate::sync::run::{Counts, Mode, Run, State};
use jiff::Timestamp;
use kernel::{Error, Page, Result, Uuid};
use storage::time::{at, at_some, from_some};
use storage::{DbResult, Tx};

/// A row as stored.
struct Row {
    run_id: Uuid,
    source_id: Uuid,
    state: String,
    dry_run: bool,
    automatic: bool,
    mode: String,
    csv: Option<Vec<u8>>,
    file_id: Option<Uuid>,
    file_name: String,
    more: bool,
    header: String,
    since: Option<String>,
    cursor: Option<String>,
    mark: Option<String>,
    complete: bool,
    doubtful: bool,
    leaving: bool,
    confirmed: bool,
    read: i64,
    total: i64,
    created: i64,
    updated: i64,
    reactivated: i64,
    deactivated: i64,
    unchanged: i64,
    rejected: i64,
    errors: i64,
    pages: i32,
    attempts: i32,
    message: String,
    next_at: jiff_sqlx::Timestamp,
    created_at: jiff_sqlx::Timestamp,
    finished_at: Option<jiff_sqlx::Timestamp>,
}

/// Every column of the runs of a tenant; `$tail` goes on after `where tenant_id = $1`.
macro_rules! select {
    ($tail:tt, $($argument:expr),+) => {
        sqlx::query_as!(
            Row,
            "select run_id, source_id, state, dry_run, automatic, mode, csv, file_id, file_name, more, header, since, \
                    cursor, mark, complete, doubtful, leaving, confirmed, read, total, created, updated, reactivated, \
                    deactivated, unchanged, rejected, errors, pages, attempts, message, next_at, created_at, finished_at \
             from gateway.sync_run where tenant_id = $1 " + $tail,
            $($argument),+
        )
    };
}

impl Row {
    fn run(self) -> Result<Run> {
        let state = State::of(&self.state);
        Ok(Run {
            id: self.run_id,
            source: self.source_id,
            state: state
                .ok_or_else(|| Error::internal(format!("unknown state '{}' of a run", self.state)))?,
            dry: self.dry_run,
            automatic: self.automatic,
            mode: Mode::of(&self.mode),
            csv: self.csv,
            file: self.file_id,
            file_name: self.file_name,
            more: self.more,
            header: self.header,
            since: self.since,
            cursor: self.cursor,
            mark: self.mark,
            complete: self.complete,
            doubtful: self.doubtful,
            leaving: self.leaving,
            confirmed: self.confirmed,
            counts: Counts {
                read: self.read,
                total: self.total,
                created: self.created,
                updated: self.updated,
                reactivated: self.reactivated,
                deactivated: self.deactivated,
                unchanged: self.unchanged,
                rejected: self.rejected,
                errors: self.errors,
            },
            pages: self.pages,
            attempts: self.attempts,
            message: self.message,
            next_at: self.next_at.to_jiff(),
            created_at: self.created_at.to_jiff(),
            finished_at: from_some(self.finished_at),
        })
    }
}

/// Adds a run that waits for a worker.
///
/// # Errors
/// `SYNC_RUNNING` when another of the source is under way.
pub(crate) async fn insert(tx: &mut Tx, run: &Run) -> Result<()> {
    sqlx::query!(
        "insert into gateway.sync_run (tenant_id, run_id, source_id, state, dry_run, automatic, mode, csv, file_id, \
             file_name, more, header, since, complete, doubtful, leaving, confirmed, read, total, created, updated, \
             reactivated, deactivated, unchanged, rejected, errors, pages, attempts, message, next_at, created_at) \
         values ($1, $2, $3, 'queued', $4, $5, $6, $7, $8, $9, false, '', $10, false, false, false, false, \
             0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '', $11, $12)",
        tx.tenant(),
        run.id,
        run.source,
        run.dry,
        run.automatic,
        run.mode.name(),
        run.csv.as_deref(),
        run.file,
        run.file_name,
        run.since.as_deref(),
        at(run.next_at),
        at(run.created_at)
    )
    .execute(tx.conn())
    .await
    .violates("sync_run_one_key", || {
        let message = "a run of this source is under way; watch it, or cancel it first";
        Error::precondition("SYNC_RUNNING", message)
    })
    .db()?;
    Ok(())
}

/// Writes all of a run that changes. With a worker: only while this one has it; whether it has.
pub(crate) async fn save(tx: &mut Tx, run: &Run, worker: Option<(Uuid, Timestamp)>) -> Result<bool> {
    let counts = &run.counts;
    let keeps = run.state == State::Running;
    let done = sqlx::query!(
        "update gateway.sync_run set state = $3, file_id = $4, file_name = $5, more = $6, header = $7, since = $8, \
             cursor = $9, mark = $10, complete = $11, doubtful = $12, leaving = $13, confirmed = $14, read = $15, \
             total = $16, created = $17, updated = $18, reactivated = $19, deactivated = $20, unchanged = $21, \
             rejected = $22, errors = $23, pages = $24, attempts = $25, message = $26, next_at = $27, \
             finished_at = $28, mode = $29, worker = case when $31 then $30 end, lease_until = $32 \
         where tenant_id = $1 and run_id = $2 and ($30::uuid is null or (worker = $30 and state = 'running'))",
        tx.tenant(),
        run.id,
        run.state.name(),
        run.file,
        run.file_name,
        run.more,
        run.header,
        run.since.as_deref(),
        run.cursor.as_deref(),
        run.mark.as_deref(),
        run.complete,
        run.doubtful,
        run.leaving,
        run.confirmed,
        counts.read,
        counts.total,
        counts.created,
        counts.updated,
        counts.reactivated,
        counts.deactivated,
        counts.unchanged,
        counts.rejected,
        counts.errors,
        run.pages,
        run.attempts,
        run.message,
        at(run.next_at),
        at_some(run.finished_at),
        run.mode.name(),
        worker.map(|(worker, _)| worker),
        keeps,
        at_some(worker.filter(|_| keeps).map(|(_, until)| until))
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(done.rows_affected() == 1)
}

/// Takes a run that waits, or whose worker was not heard of, for this worker.
pub(crate) async fn claim(
    tx: &mut Tx,
    worker: Uuid,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<Run>> {
    let id = sqlx::query_scalar!(
        "update gateway.sync_run set state = 'running', worker = $2, lease_until = $4 \
         where tenant_id = $1 and run_id in ( \
             select run_id from gateway.sync_run \
             where tenant_id = $1 and ((state = 'queued' and next_at <= $3) \
                 or (state = 'running' and lease_until < $3)) \
             order by run_id limit 1 for update skip locked) \
         returning run_id",
        tx.tenant(),
        worker,
        at(now),
        at(until)
    )
    .fetch_optional(tx.conn())
    .await
    .db()?;
    match id {
        Some(id) => find(tx, id).await.map(Some),
        None => Ok(None),
    }
}

/// Says that the worker is alive; whether the run is still its own.
pub(crate) async fn keep(tx: &mut Tx, run: Uuid, worker: Uuid, until: Timestamp) -> Result<bool> {
    let done = sqlx::query!(
        "update gateway.sync_run set lease_until = $4 \
         where tenant_id = $1 and run_id = $2 and worker = $3 and state = 'running'",
        tx.tenant(),
        run,
        worker,
        at(until)
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(done.rows_affected() == 1)
}

/// Reads a run.
pub(crate) async fn find(tx: &mut Tx, id: Uuid) -> Result<Run> {
    let row = select!("and run_id = $2", tx.tenant(), id).fetch_optional(tx.conn()).await.db()?;
    row.ok_or_else(|| Error::not_found("sync run", id))?.run()
}

/// Reads a run, kept as it is until the commit.
pub(crate) async fn lock(tx: &mut Tx, id: Uuid) -> Result<Run> {
    let row = select!("and run_id = $2 for update", tx.tenant(), id).fetch_optional(tx.conn()).await.db()?;
    row.ok_or_else(|| Error::not_found("sync run", id))?.run()
}

/// What there is to do.
pub(crate) struct Waiting {
    /// Whether a source is due by its schedule.
    pub(crate) due: bool,
    /// Since when the oldest run that waits for a worker or has one is due.
    pub(crate) oldest: Option<Timestamp>,
}

/// Looks for something to do, in one round trip: most tenants have nothing, most of the time.
pub(crate) async fn waiting(tx: &mut Tx) -> Result<Waiting> {
    let row = sqlx::query!(
        r#"select
             exists(select from gateway.source where tenant_id = $1 and not paused and next_run_at <= $2) as "due!",
             (select min(next_at) from gateway.sync_run where tenant_id = $1 and state in ('queued', 'running'))
               as "oldest: jiff_sqlx::Timestamp""#,
        tx.tenant(),
        at(tx.now())
    )
    .fetch_one(tx.conn())
    .await
    .db()?;
    Ok(Waiting { due: row.due, oldest: from_some(row.oldest) })
}

/// The run of a source that is under way, if any.
pub(crate) async fn pending(tx: &mut Tx, source: Uuid) -> Result<Option<Run>> {
    let row = select!("and source_id = $2 and state in ('queued', 'running')", tx.tenant(), source)
        .fetch_optional(tx.conn())
        .await
        .db()?;
    row.map(Row::run).transpose()
}

/// Runs of a source that wait for confirmation, kept as they are until the commit.
pub(crate) async fn lock_awaiting(tx: &mut Tx, source: Uuid) -> Result<Vec<Run>> {
    let rows =
        select!("and source_id = $2 and state = 'awaiting_confirmation' for update", tx.tenant(), source)
            .fetch_all(tx.conn())
            .await
            .db()?;
    rows.into_iter().map(Row::run).collect()
}

/// A page of runs, the newest first.
pub(crate) async fn list(tx: &mut Tx, page: &Page<Uuid>, source: Option<Uuid>) -> Result<Vec<Run>> {
    let rows = select!(
        "and ($2::uuid is null or run_id < $2) and ($3::uuid is null or source_id = $3) \
         order by run_id desc limit $4",
        tx.tenant(),
        page.after,
        source,
        page.limit()
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    rows.into_iter().map(Row::run).collect()
}

/// Whether a file was taken before, by a run for good that did not fail.
pub(crate) async fn took(tx: &mut Tx, file: Uuid, besides: Uuid) -> Result<bool> {
    sqlx::query_scalar!(
        "select exists (select from gateway.sync_run where tenant_id = $1 and file_id = $2 and run_id <> $3 \
             and not dry_run and state in ('queued', 'running', 'awaiting_confirmation', 'succeeded')) as \"took!\"",
        tx.tenant(),
        file,
        besides
    )
    .fetch_one(tx.conn())
    .await
    .db()
}

/// Forgets runs that ended before an instant, and files that no run speaks of; how many runs.
pub(crate) async fn purge(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    let done = sqlx::query!(
        "delete from gateway.sync_run where tenant_id = $1 and finished_at < $2",
        tx.tenant(),
        at(before)
    )
    .execute(tx.conn())
    .await
    .db()?;
    sqlx::query!(
        "delete from gateway.sync_file f where f.tenant_id = $1 and f.created_at < $2 \
           and not exists (select from gateway.sync_run r where r.tenant_id = $1 and r.file_id = f.file_id)",
        tx.tenant(),
        at(before)
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(done.rows_affected())
}
