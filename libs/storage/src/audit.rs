//! Writing the audit trail: who did or saw what of whom, when and why. Append-only by grant.

use crate::{DbResult, error::unavailable, schema::in_schema, session::Session};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use kernel::{Context, Result, Role, TenantId, Uuid};
use sqlx::{AssertSqlSafe, PgPool, Postgres, postgres::PgArguments, query::Query};
use std::{borrow::Cow, fmt::Display, time::Duration};
use tokio::sync::{mpsc, oneshot};

/// Rows of reads that wait to be written; beyond it callers wait.
const BUFFER: usize = 4096;
/// Rows written at once.
const BATCH: usize = 500;
/// How long a row may wait for company.
const LINGER: Duration = Duration::from_millis(200);

/// What to say in the trail. The rest (who, when, which call) comes from the transaction.
#[derive(Clone, Debug)]
#[must_use]
pub struct Audit {
    object: &'static str,
    object_id: Option<String>,
    about: Option<Uuid>,
    reason: Option<Cow<'static, str>>,
    before_answer: bool,
}

impl Audit {
    /// Something done to, or read from, an object.
    pub fn of(object: &'static str, id: impl Display) -> Self {
        Audit { object, object_id: Some(id.to_string()), about: None, reason: None, before_answer: false }
    }

    /// Nothing but the operation.
    pub(crate) fn operation() -> Self {
        Audit { object: "", object_id: None, about: None, reason: None, before_answer: false }
    }

    /// The person whose data it is.
    pub fn about(mut self, person: Uuid) -> Self {
        self.about = Some(person);
        self
    }

    /// Why, in the words of whoever decided.
    pub fn because(mut self, reason: impl Into<Cow<'static, str>>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// A break-glass read: written before the answer leaves, not from the buffer.
    pub fn before_answer(mut self) -> Self {
        self.before_answer = true;
        self
    }
}

/// A row on its way into the trail.
#[derive(Clone)]
pub(crate) struct AuditRow {
    pub(crate) before_answer: bool,
    tenant: TenantId,
    id: Uuid,
    at: Timestamp,
    actor: String,
    person: Option<Uuid>,
    roles: String,
    operation: String,
    correlation: Uuid,
    request_id: Option<Uuid>,
    object: &'static str,
    object_id: Option<String>,
    about: Option<Uuid>,
    reason: Option<Cow<'static, str>>,
    is_read: bool,
}

impl AuditRow {
    pub(crate) fn new(
        audit: Audit,
        id: Uuid,
        ctx: &Context,
        tenant: TenantId,
        request_id: Option<Uuid>,
        is_read: bool,
    ) -> Self {
        let roles: Vec<&str> = ctx.actor.roles.iter().map(|role: &Role| role.name()).collect();
        AuditRow {
            before_answer: audit.before_answer,
            tenant,
            id,
            at: ctx.now,
            actor: ctx.actor.subject.clone(),
            person: ctx.actor.person,
            roles: roles.join(" "),
            operation: ctx.operation.clone(),
            correlation: ctx.correlation,
            request_id,
            object: audit.object,
            object_id: audit.object_id,
            about: audit.about,
            reason: audit.reason,
            is_read,
        }
    }
}

/// Binds the fourteen arrays that the trail's insert takes.
pub(crate) fn bind(
    query: Query<'_, Postgres, PgArguments>,
    rows: Vec<AuditRow>,
) -> Query<'_, Postgres, PgArguments> {
    let mut c = Columns::default();
    rows.into_iter().for_each(|row| c.push(row));
    query
        .bind(c.tenant)
        .bind(c.id)
        .bind(c.at)
        .bind(c.actor)
        .bind(c.person)
        .bind(c.roles)
        .bind(c.operation)
        .bind(c.correlation)
        .bind(c.request_id)
        .bind(c.object)
        .bind(c.object_id)
        .bind(c.about)
        .bind(c.reason)
        .bind(c.is_read)
}

#[derive(Default)]
struct Columns {
    tenant: Vec<Uuid>,
    id: Vec<Uuid>,
    at: Vec<jiff_sqlx::Timestamp>,
    actor: Vec<String>,
    person: Vec<Option<Uuid>>,
    roles: Vec<String>,
    operation: Vec<String>,
    correlation: Vec<Uuid>,
    request_id: Vec<Option<Uuid>>,
    object: Vec<&'static str>,
    object_id: Vec<Option<String>>,
    about: Vec<Option<Uuid>>,
    reason: Vec<Option<String>>,
    is_read: Vec<bool>,
}

impl Columns {
    fn push(&mut self, row: AuditRow) {
        self.tenant.push(row.tenant.0);
        self.id.push(row.id);
        self.at.push(row.at.to_sqlx());
        self.actor.push(row.actor);
        self.person.push(row.person);
        self.roles.push(row.roles);
        self.operation.push(row.operation);
        self.correlation.push(row.correlation);
        self.request_id.push(row.request_id);
        self.object.push(row.object);
        self.object_id.push(row.object_id);
        self.about.push(row.about);
        self.reason.push(row.reason.map(Cow::into_owned));
        self.is_read.push(row.is_read);
    }
}

/// The buffer of rows about reads, and its writer.
pub(crate) struct ReadAudits {
    queue: mpsc::Sender<Item>,
    writer: Writer,
}

enum Item {
    Row(Box<AuditRow>),
    Flush(oneshot::Sender<()>),
}

impl ReadAudits {
    pub(crate) fn start(pool: PgPool, service: &'static str) -> Self {
        let (queue, items) = mpsc::channel(BUFFER);
        let writer = Writer::new(pool, service);
        tokio::spawn(writer.clone().run(items));
        ReadAudits { queue, writer }
    }

    /// Hands rows over; waits while the buffer is full.
    pub(crate) async fn push(&self, rows: Vec<AuditRow>) -> Result<()> {
        for row in rows {
            let gone = |_| unavailable("the audit trail does not answer; try again");
            self.queue.send(Item::Row(Box::new(row))).await.map_err(gone)?;
        }
        Ok(())
    }

    /// Writes rows at once.
    pub(crate) async fn write(&self, rows: Vec<AuditRow>) -> Result<()> {
        if rows.is_empty() { Ok(()) } else { self.writer.write(rows).await.db() }
    }

    /// Waits until everything handed over so far is written.
    pub(crate) async fn flush(&self) -> Result<()> {
        let (done, wait) = oneshot::channel();
        let gone = || unavailable("the audit trail does not answer; try again");
        self.queue.send(Item::Flush(done)).await.map_err(|_| gone())?;
        wait.await.map_err(|_| gone())
    }
}

#[derive(Clone)]
struct Writer {
    pool: PgPool,
    begin: String,
    insert: String,
}

impl Writer {
    fn new(pool: PgPool, service: &'static str) -> Self {
        let insert = in_schema(
            "insert into {s}.audit (tenant_id, id, at, actor, person_id, roles, operation, correlation, request_id,
                                    object, object_id, about, reason, is_read)
             select * from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[], $5::uuid[], $6::text[],
                                  $7::text[], $8::uuid[], $9::uuid[], $10::text[], $11::text[], $12::uuid[],
                                  $13::text[], $14::boolean[])
             on conflict (tenant_id, id) do nothing",
            service,
        );
        Writer { pool, begin: format!("BEGIN; SET LOCAL ROLE \"{service}_relay\""), insert }
    }

    async fn write(&self, rows: Vec<AuditRow>) -> Result<(), sqlx::Error> {
        let mut session = Session::begin(&self.pool, &self.begin).await?;
        bind(sqlx::query(AssertSqlSafe(self.insert.clone())), rows).execute(session.conn()).await?;
        session.commit().await
    }

    async fn run(self, mut items: mpsc::Receiver<Item>) {
        while let Some(first) = items.recv().await {
            let (rows, waiting) = gather(first, &mut items).await;
            self.write_for_sure(rows).await;
            for done in waiting {
                // Whoever asked may have stopped waiting.
                let _ = done.send(());
            }
        }
    }

    /// A row that was handed over is written, however long the database is away; meanwhile the buffer fills and
    /// slows the callers.
    async fn write_for_sure(&self, rows: Vec<AuditRow>) {
        let mut rows = rows;
        let mut pause = Duration::from_millis(50);
        while !rows.is_empty() {
            match self.write(rows.clone()).await {
                Ok(()) => rows.clear(),
                Err(sqlx::Error::PoolClosed) => {
                    tracing::error!(
                        audit.rows = rows.len(),
                        "the pool closed before the audit trail was written"
                    );
                    rows.clear();
                }
                Err(error) => {
                    tracing::warn!(%error, audit.rows = rows.len(), "the audit trail waits for the database");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(2));
                }
            }
        }
    }
}

/// What arrives within the linger, up to a batch; somebody waiting cuts it short.
async fn gather(first: Item, items: &mut mpsc::Receiver<Item>) -> (Vec<AuditRow>, Vec<oneshot::Sender<()>>) {
    let (mut rows, mut waiting) = (Vec::new(), Vec::new());
    let mut next = Some(first);
    let linger = tokio::time::sleep(LINGER);
    tokio::pin!(linger);
    while let Some(item) = next.take() {
        match item {
            Item::Row(row) => rows.push(*row),
            Item::Flush(done) => waiting.push(done),
        }
        if rows.len() >= BATCH || !waiting.is_empty() {
            break;
        }
        next = tokio::select! {
            item = items.recv() => item,
            () = &mut linger => None,
        };
    }
    (rows, waiting)
}
