//! Events that a handler could not handle yet: kept in order per aggregate, tried again with growing delay, dead
//! after the limit. A dead one blocks what comes after it in its aggregate until it is replayed.

use crate::{Database, DbResult, Tx};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use kernel::{Result, TenantId, Uuid};
use sqlx::{Row, postgres::PgRow};
use std::collections::HashSet;

/// An event as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParkedEvent {
    /// The event's id.
    pub id: Uuid,
    /// Full name of the message.
    pub type_name: String,
    /// The kind of aggregate.
    pub aggregate: String,
    /// The aggregate's id.
    pub subject: String,
    /// The message, encoded.
    pub payload: Vec<u8>,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// Ties it to the call that caused it.
    pub correlation: Uuid,
    /// The event that caused it.
    pub causation: Option<Uuid>,
    /// Who did it.
    pub actor: String,
    /// W3C trace context.
    pub traceparent: Option<String>,
}

/// A parked event and its fate so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    /// The event.
    pub event: ParkedEvent,
    /// Times it was tried.
    pub attempts: i32,
    /// When it is due again.
    pub next_at: Timestamp,
    /// Whether it is given up on until somebody replays it.
    pub dead: bool,
    /// What went wrong the last time; never shown to callers.
    pub error: String,
}

/// An event to park.
pub type NewParked = Parked;

/// An aggregate whose first parked event is due.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ParkedKey {
    /// The tenant.
    pub tenant: TenantId,
    /// The kind of aggregate.
    pub aggregate: String,
    /// The aggregate's id.
    pub subject: String,
}

/// How many are parked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParkedCounts {
    /// Will be tried again by themselves.
    pub waiting: i64,
    /// Wait for a person.
    pub dead: i64,
}

const COLUMNS: &str = "tenant_id, event_id, type, aggregate, subject, payload, occurred_at, correlation, causation, \
                       actor, traceparent, attempts, next_at, dead, error";

impl Parked {
    fn read(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Parked {
            event: ParkedEvent {
                id: row.try_get("event_id")?,
                type_name: row.try_get("type")?,
                aggregate: row.try_get("aggregate")?,
                subject: row.try_get("subject")?,
                payload: row.try_get("payload")?,
                occurred_at: row.try_get::<jiff_sqlx::Timestamp, _>("occurred_at")?.to_jiff(),
                correlation: row.try_get("correlation")?,
                causation: row.try_get("causation")?,
                actor: row.try_get("actor")?,
                traceparent: row.try_get("traceparent")?,
            },
            attempts: row.try_get("attempts")?,
            next_at: row.try_get::<jiff_sqlx::Timestamp, _>("next_at")?.to_jiff(),
            dead: row.try_get("dead")?,
            error: row.try_get("error")?,
        })
    }
}

impl Tx {
    /// Which of these aggregates have something parked, waiting or dead: what comes after has to queue up.
    ///
    /// # Errors
    /// As [`DbResult::db`], here and below.
    pub async fn parked_subjects(&mut self, aggregate: &str, subjects: &[String]) -> Result<HashSet<String>> {
        let sql = self.database().sql(
            "select distinct subject from {s}.parked
             where tenant_id = $1 and aggregate = $2 and subject = any($3::text[])",
        );
        let tenant = self.tenant();
        let found: Vec<String> = sqlx::query_scalar(sql)
            .bind(tenant)
            .bind(aggregate)
            .bind(subjects)
            .fetch_all(self.conn())
            .await
            .db()?;
        Ok(found.into_iter().collect())
    }

    /// Parks an event behind what is parked of its aggregate; does nothing if it is parked already.
    ///
    /// # Errors
    /// As [`DbResult::db`].
    pub async fn park(&mut self, parked: &NewParked) -> Result<()> {
        let sql = self.database().sql(
            "insert into {s}.parked (tenant_id, event_id, type, aggregate, subject, payload, occurred_at, correlation,
                                     causation, actor, traceparent, attempts, next_at, dead, error, parked_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
             on conflict (tenant_id, event_id) do nothing",
        );
        let (tenant, now) = (self.tenant(), self.now().to_sqlx());
        let event = &parked.event;
        sqlx::query(sql)
            .bind(tenant)
            .bind(event.id)
            .bind(&event.type_name)
            .bind(&event.aggregate)
            .bind(&event.subject)
            .bind(&event.payload)
            .bind(event.occurred_at.to_sqlx())
            .bind(event.correlation)
            .bind(event.causation)
            .bind(&event.actor)
            .bind(&event.traceparent)
            .bind(parked.attempts)
            .bind(parked.next_at.to_sqlx())
            .bind(parked.dead)
            .bind(&parked.error)
            .bind(now)
            .execute(self.conn())
            .await
            .db()?;
        Ok(())
    }

    /// The first parked event of an aggregate, locked, in whatever state; `None` when there is none or somebody
    /// else has it in hand.
    ///
    /// # Errors
    /// As [`DbResult::db`].
    pub async fn parked_head(&mut self, aggregate: &str, subject: &str) -> Result<Option<Parked>> {
        // First which, then the lock: skipping locked rows while ordering would hand out the second.
        let sql = self.database().sql(&format!(
            "select {COLUMNS} from {{s}}.parked
             where tenant_id = $1 and event_id = (
               select event_id from {{s}}.parked
               where tenant_id = $1 and aggregate = $2 and subject = $3 order by seq limit 1)
             for update skip locked"
        ));
        let tenant = self.tenant();
        let row = sqlx::query(sql)
            .bind(tenant)
            .bind(aggregate)
            .bind(subject)
            .fetch_optional(self.conn())
            .await
            .db()?;
        row.as_ref().map(Parked::read).transpose().db()
    }

    /// Forgets a parked event, which was handled.
    ///
    /// # Errors
    /// As [`DbResult::db`].
    pub async fn parked_remove(&mut self, event_id: Uuid) -> Result<()> {
        let sql = self.database().sql("delete from {s}.parked where tenant_id = $1 and event_id = $2");
        let tenant = self.tenant();
        sqlx::query(sql).bind(tenant).bind(event_id).execute(self.conn()).await.db()?;
        Ok(())
    }

    /// Notes another failure of a parked event.
    ///
    /// # Errors
    /// As [`DbResult::db`].
    pub async fn parked_failed(
        &mut self,
        event_id: Uuid,
        attempts: i32,
        next_at: Timestamp,
        dead: bool,
        error: &str,
    ) -> Result<()> {
        let sql = self.database().sql(
            "update {s}.parked set attempts = $3, next_at = $4, dead = $5, error = $6
             where tenant_id = $1 and event_id = $2",
        );
        let tenant = self.tenant();
        sqlx::query(sql)
            .bind(tenant)
            .bind(event_id)
            .bind(attempts)
            .bind(next_at.to_sqlx())
            .bind(dead)
            .bind(error)
            .execute(self.conn())
            .await
            .db()?;
        Ok(())
    }
}

impl Database {
    /// Aggregates of any tenant whose first parked event is alive and due.
    ///
    /// # Errors
    /// As [`Database::read`], here and below.
    pub async fn parked_due(&self, now: Timestamp, limit: i64) -> Result<Vec<ParkedKey>> {
        let mut session = self.relay().await?;
        let sql = self.sql(
            "select tenant_id, aggregate, subject from (
               select distinct on (tenant_id, aggregate, subject) tenant_id, aggregate, subject, dead, next_at
               from {s}.parked order by tenant_id, aggregate, subject, seq) head
             where not dead and next_at <= $1 order by next_at limit $2",
        );
        let rows: Vec<(Uuid, String, String)> =
            sqlx::query_as(sql).bind(now.to_sqlx()).bind(limit).fetch_all(session.conn()).await.db()?;
        let key = |(tenant, aggregate, subject)| ParkedKey { tenant: TenantId(tenant), aggregate, subject };
        Ok(rows.into_iter().map(key).collect())
    }

    /// How many are parked.
    ///
    /// # Errors
    /// As [`Database::read`].
    pub async fn parked_counts(&self) -> Result<ParkedCounts> {
        let mut session = self.relay().await?;
        let sql =
            self.sql("select count(*) filter (where not dead), count(*) filter (where dead) from {s}.parked");
        let (waiting, dead) = sqlx::query_as(sql).fetch_one(session.conn()).await.db()?;
        Ok(ParkedCounts { waiting, dead })
    }

    /// Parked events of all tenants, first parked first.
    ///
    /// # Errors
    /// As [`Database::read`].
    pub async fn parked_list(&self, dead_only: bool, limit: i64) -> Result<Vec<(TenantId, Parked)>> {
        let sql = self
            .sql(&format!("select {COLUMNS} from {{s}}.parked where dead or not $1 order by seq limit $2"));
        let mut session = self.relay().await?;
        let rows = sqlx::query(sql).bind(dead_only).bind(limit).fetch_all(session.conn()).await.db()?;
        rows.iter().map(tenant_and_parked).collect::<Result<_, _>>().db()
    }

    /// One parked event.
    ///
    /// # Errors
    /// As [`Database::read`].
    pub async fn parked_show(&self, event_id: Uuid) -> Result<Option<(TenantId, Parked)>> {
        let sql = self.sql(&format!("select {COLUMNS} from {{s}}.parked where event_id = $1"));
        let mut session = self.relay().await?;
        let row = sqlx::query(sql).bind(event_id).fetch_optional(session.conn()).await.db()?;
        row.as_ref().map(tenant_and_parked).transpose().db()
    }

    /// Gives dead events (one, or all) a new life, due now; returns how many.
    ///
    /// # Errors
    /// As [`Database::read`].
    pub async fn parked_replay(&self, event_id: Option<Uuid>, now: Timestamp) -> Result<u64> {
        let mut session = self.relay().await?;
        let sql = self.sql(
            "update {s}.parked set dead = false, attempts = 0, next_at = $1
             where dead and (event_id = $2 or $2 is null)",
        );
        let done = sqlx::query(sql).bind(now.to_sqlx()).bind(event_id).execute(session.conn()).await.db()?;
        session.commit().await.db()?;
        Ok(done.rows_affected())
    }
}

fn tenant_and_parked(row: &PgRow) -> Result<(TenantId, Parked), sqlx::Error> {
    Ok((TenantId(row.try_get("tenant_id")?), Parked::read(row)?))
}
