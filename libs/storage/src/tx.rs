//! The tenant's transaction.

use crate::{
    Audit, Database, DbResult,
    audit::AuditRow,
    flush::{Flush, NewEvent},
    session::Session,
};
use jiff::Timestamp;
use kernel::{Actor, Context, Result, TenantId, Uuid};
use prost::Message;
use sqlx::PgConnection;

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Reads; the server refuses writes.
    Read,
    /// Writes without a request id.
    Write,
    /// A mutation that a caller asked for under a request id.
    Mutation(Uuid),
}

/// Where a transaction can go back to.
#[derive(Debug)]
pub struct Savepoint {
    events: usize,
    audits: usize,
}

/// A transaction in one tenant: every statement sees that tenant's rows only. Events and audit rows are kept
/// aside and written at commit, together with the rest or not at all. Dropped, it rolls back.
pub struct Tx {
    session: Session,
    db: Database,
    ctx: Context,
    tenant: TenantId,
    mode: Mode,
    events: Vec<NewEvent>,
    audits: Vec<AuditRow>,
    round_trips: u32,
}

impl Tx {
    pub(crate) fn new(db: &Database, session: Session, ctx: &Context, mode: Mode) -> Self {
        Tx {
            session,
            db: db.clone(),
            ctx: ctx.clone(),
            tenant: ctx.tenant(),
            mode,
            events: Vec::new(),
            audits: Vec::new(),
            round_trips: 1,
        }
    }

    /// The connection, for one statement: `sqlx::query!(…).execute(tx.conn())`. Each call counts as a round trip.
    pub fn conn(&mut self) -> &mut PgConnection {
        self.count();
        self.session.conn()
    }

    /// The call at hand.
    pub fn ctx(&self) -> &Context {
        &self.ctx
    }

    /// The caller.
    pub fn actor(&self) -> &Actor {
        &self.ctx.actor
    }

    /// The tenant's id, to bind in `where tenant_id = $1`.
    pub fn tenant(&self) -> Uuid {
        self.tenant.0
    }

    /// The instant of the call; one call has one time.
    pub fn now(&self) -> Timestamp {
        self.ctx.now
    }

    /// A new id.
    pub fn new_id(&self) -> Uuid {
        self.db.clock().new_id()
    }

    /// The database this is a transaction of.
    pub fn database(&self) -> &Database {
        &self.db
    }

    /// Round trips to the server so far, BEGIN included.
    pub fn round_trips(&self) -> u32 {
        self.round_trips
    }

    /// Goes on for another event of the same tenant: what follows is emitted and audited in its name. Lets a
    /// consumer handle a batch in one transaction.
    pub fn switch(&mut self, ctx: Context) {
        debug_assert_eq!(ctx.tenant(), self.tenant, "a transaction has one tenant");
        self.ctx = ctx;
    }

    /// Publishes a fact with this commit. Events of one aggregate are delivered in the order of emitting, given
    /// that whoever emits holds the lock on the aggregate's row.
    pub fn emit<E: contracts::Event>(&mut self, event: &E) {
        debug_assert_ne!(self.mode, Mode::Read, "a reading transaction has nothing to tell");
        debug_assert_eq!(E::SERVICE, self.db.service(), "an event is published by its owner");
        self.events.push(NewEvent {
            id: self.new_id(),
            type_name: E::TYPE,
            routing_key: E::ROUTING_KEY,
            aggregate: E::AGGREGATE,
            subject: event.subject().to_owned(),
            occurred_at: self.ctx.now,
            correlation: self.ctx.correlation,
            causation: self.ctx.causation,
            actor: self.ctx.actor.subject.clone(),
            traceparent: self.ctx.traceparent.clone(),
            payload: event.encode_to_vec(),
        });
    }

    /// Leaves a row in the audit trail: with the commit, or, from a reading transaction, within a second after
    /// it (before it when the audit says [`Audit::before_answer`]). A mutation that says nothing leaves one
    /// row that names the operation.
    pub fn audit(&mut self, audit: Audit) {
        let request_id = match self.mode {
            Mode::Mutation(id) => Some(id),
            _ => None,
        };
        let row =
            AuditRow::new(audit, self.new_id(), &self.ctx, self.tenant, request_id, self.mode == Mode::Read);
        self.audits.push(row);
    }

    /// Marks where [`Tx::rollback_to`] goes back to. One at a time.
    ///
    /// # Errors
    /// As [`DbResult::db`].
    pub async fn savepoint(&mut self) -> Result<Savepoint> {
        sqlx::query("savepoint house").execute(self.conn()).await.db()?;
        Ok(Savepoint { events: self.events.len(), audits: self.audits.len() })
    }

    /// Undoes what was done, emitted and audited since, also after a failed statement; the locks taken before
    /// are kept.
    ///
    /// # Errors
    /// As [`DbResult::db`].
    pub async fn rollback_to(&mut self, savepoint: Savepoint) -> Result<()> {
        self.events.truncate(savepoint.events);
        self.audits.truncate(savepoint.audits);
        sqlx::query("rollback to savepoint house").execute(self.conn()).await.db()?;
        Ok(())
    }

    /// Ends the transaction: writes events and audit rows and commits, or, when reading, hands the audit rows
    /// to the buffer. A mutation committed this way is replayed with an empty answer.
    ///
    /// # Errors
    /// As [`DbResult::db`]; nothing has happened then, except that after `DEPENDENCY_UNAVAILABLE` the outcome
    /// is unknown and the request should be repeated under the same request id.
    pub async fn commit(self) -> Result<()> {
        self.finish(Vec::new()).await
    }

    /// As [`Tx::commit`], and keeps the answer for replays of the request id.
    ///
    /// # Errors
    /// As [`Tx::commit`].
    pub async fn commit_with<Res: Message>(self, response: &Res) -> Result<()> {
        let answer = match self.mode {
            Mode::Mutation(_) => response.encode_to_vec(),
            _ => Vec::new(),
        };
        self.finish(answer).await
    }

    async fn finish(mut self, answer: Vec<u8>) -> Result<()> {
        match self.mode {
            Mode::Read => self.finish_read().await,
            Mode::Write => self.finish_write(None).await,
            Mode::Mutation(request_id) => {
                if self.audits.is_empty() {
                    self.audit(Audit::operation());
                }
                self.finish_write(Some((request_id, answer))).await
            }
        }
    }

    async fn finish_read(self) -> Result<()> {
        let Tx { session, db, audits, .. } = self;
        // Nothing to commit: the end travels with the connection's return to the pool.
        drop(session);
        let (now, later): (Vec<_>, Vec<_>) = audits.into_iter().partition(|row| row.before_answer);
        db.0.reads.write(now).await?;
        db.0.reads.push(later).await
    }

    async fn finish_write(mut self, answer: Option<(Uuid, Vec<u8>)>) -> Result<()> {
        let new_tenant = !self.db.knows(self.tenant);
        let flush = Flush { tenant: self.tenant, now: self.ctx.now, new_tenant, answer };
        let statement = self.db.0.flush.clone();
        if flush.is_needed(&self.events, &self.audits) {
            let (events, audits) = (std::mem::take(&mut self.events), std::mem::take(&mut self.audits));
            let wakes = !events.is_empty();
            flush.run(self.conn(), statement, events, audits).await.db()?;
            self.commit_session(wakes).await
        } else if self.round_trips > 1 {
            // COMMIT of a failed transaction rolls back and reports success; a statement tells the truth.
            sqlx::query("select 1").execute(self.conn()).await.db()?;
            self.commit_session(false).await
        } else {
            Ok(())
        }
    }

    async fn commit_session(mut self, wakes: bool) -> Result<()> {
        self.count();
        self.session.commit().await.db()?;
        self.db.learn(self.tenant);
        if wakes {
            self.db.wake();
        }
        Ok(())
    }

    fn count(&mut self) {
        self.round_trips += 1;
        self.db.count();
    }
}
