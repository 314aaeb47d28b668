//! The outbox as relays see it.
//!
//! Order: whoever emits for an aggregate holds the lock on its row, so within an aggregate the sequence follows
//! the commits. A relay takes a whole lane (a hash of the aggregate) for one transaction, by an advisory lock
//! that others skip; two relays never have rows of one aggregate at the same time. All that a claim hands out is from
//! one snapshot, so a row that commits meanwhile can't be passed by a later one of its aggregate: both wait for the
//! next claim, or the earlier one goes first.

use crate::{Database, DbResult, flush::LANES, session::Session};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use kernel::{Result, TenantId, Uuid};
use sha2::{Digest, Sha256};
use sqlx::{Row, postgres::PgRow};
use std::collections::HashMap;

/// An event that waits to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    /// Its place in the order of the service.
    pub seq: i64,
    /// The event's id, by which consumers know it again.
    pub id: Uuid,
    /// The tenant.
    pub tenant: TenantId,
    /// Full name of the message.
    pub type_name: String,
    /// The routing key.
    pub routing_key: String,
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
    /// W3C trace context of the call.
    pub traceparent: Option<String>,
}

const COLUMNS: &str = "seq, id, tenant_id, type, routing_key, aggregate, subject, payload, occurred_at, \
                       correlation, causation, actor, traceparent";

impl OutboxRow {
    /// By place, in the order of [`COLUMNS`]: looking columns up by name costs more than reading them.
    fn read(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(OutboxRow {
            seq: row.try_get(0)?,
            id: row.try_get(1)?,
            tenant: TenantId(row.try_get(2)?),
            type_name: row.try_get(3)?,
            routing_key: row.try_get(4)?,
            aggregate: row.try_get(5)?,
            subject: row.try_get(6)?,
            payload: row.try_get(7)?,
            occurred_at: row.try_get::<jiff_sqlx::Timestamp, _>(8)?.to_jiff(),
            correlation: row.try_get(9)?,
            causation: row.try_get(10)?,
            actor: row.try_get(11)?,
            traceparent: row.try_get(12)?,
        })
    }
}

/// How much waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboxDepth {
    /// Events not published yet.
    pub pending: i64,
    /// When the oldest of them happened.
    pub oldest: Option<Timestamp>,
}

/// Lanes that one relay has to itself until the claim ends. Dropped, what was not marked stays unpublished.
pub struct OutboxClaim {
    db: Database,
    session: Session,
    /// Handed out and not marked, with their tenants.
    in_hand: HashMap<i64, Uuid>,
    exhausted: bool,
}

impl Database {
    /// Takes every free lane that has something to publish, and in them about `most` rows; `None` when there is
    /// nothing.
    ///
    /// # Errors
    /// As [`Database::read`].
    pub async fn outbox_claim(&self, most: i64) -> Result<Option<OutboxClaim>> {
        let mut session = self.relay().await?;
        // The rows are read by a later statement than the locks are taken by: what another relay published just
        // before is visible then.
        let sql = self.sql(
            "with pending as materialized (
               select l.n as lane from generate_series(0, $2 - 1) as l(n)
               where exists (select from {s}.outbox o where o.lane = l.n::smallint and o.published_at is null)
             )
             select lane::smallint from pending where pg_try_advisory_xact_lock($1, lane)",
        );
        self.count();
        let lanes: Vec<i16> = sqlx::query_scalar(sql)
            .bind(lock_key(self.service()))
            .bind(i32::from(LANES))
            .fetch_all(session.conn())
            .await
            .db()?;
        if lanes.is_empty() {
            return Ok(None);
        }
        let mut claim = OutboxClaim { db: self.clone(), session, in_hand: HashMap::new(), exhausted: false };
        claim.open(&lanes, most).await?;
        Ok(Some(claim))
    }

    /// How much waits to be published.
    ///
    /// # Errors
    /// As [`Database::read`].
    pub async fn outbox_depth(&self) -> Result<OutboxDepth> {
        let mut session = self.relay().await?;
        let sql = self.sql("select count(*), min(occurred_at) from {s}.outbox where published_at is null");
        let (pending, oldest): (i64, Option<jiff_sqlx::Timestamp>) =
            sqlx::query_as(sql).fetch_one(session.conn()).await.db()?;
        Ok(OutboxDepth { pending, oldest: oldest.map(|at| at.to_jiff()) })
    }

    /// The oldest events that wait to be published, to look at.
    ///
    /// # Errors
    /// As [`Database::read`].
    pub async fn outbox_list(&self, limit: i64) -> Result<Vec<OutboxRow>> {
        let mut session = self.relay().await?;
        let sql = self.sql(&format!(
            "select {COLUMNS} from {{s}}.outbox where published_at is null order by seq limit $1"
        ));
        let rows = sqlx::query(sql).bind(limit).fetch_all(session.conn()).await.db()?;
        rows.iter().map(OutboxRow::read).collect::<Result<_, _>>().db()
    }

    /// One event of the outbox, published or not, and when it was published.
    ///
    /// # Errors
    /// As [`Database::read`].
    pub async fn outbox_show(&self, id: Uuid) -> Result<Option<(OutboxRow, Option<Timestamp>)>> {
        let mut session = self.relay().await?;
        let sql = self.sql(&format!("select {COLUMNS}, published_at from {{s}}.outbox where id = $1"));
        let Some(row) = sqlx::query(sql).bind(id).fetch_optional(session.conn()).await.db()? else {
            return Ok(None);
        };
        let published: Option<jiff_sqlx::Timestamp> = row.try_get("published_at").db()?;
        Ok(Some((OutboxRow::read(&row).db()?, published.map(|at| at.to_jiff()))))
    }

    /// Publishes an event once more; consumers that have handled it will know it again. Whether there was one.
    ///
    /// # Errors
    /// As [`Database::read`].
    pub async fn outbox_republish(&self, id: Uuid) -> Result<bool> {
        let mut session = self.relay().await?;
        let sql = self.sql("update {s}.outbox set published_at = null where id = $1");
        let done = sqlx::query(sql).bind(id).execute(session.conn()).await.db()?;
        session.commit().await.db()?;
        self.wake();
        Ok(done.rows_affected() > 0)
    }
}

impl OutboxClaim {
    /// Opens the cursor that rows are fetched from: one snapshot, read only as far as it is fetched, by sequence so
    /// that aggregates take turns.
    async fn open(&mut self, lanes: &[i16], most: i64) -> Result<()> {
        // A share for each lane keeps a long lane from starving the others.
        let share = (most / i64::try_from(lanes.len()).unwrap_or(1)).max(1);
        let lanes: Vec<String> = lanes.iter().map(i16::to_string).collect();
        let sql = self.db.sql(&format!(
            "set local work_mem = '32MB';
             declare claimed no scroll cursor for
             select o.* from unnest('{{{lanes}}}'::smallint[]) as l(lane)
             cross join lateral (
               select {COLUMNS} from {{s}}.outbox where lane = l.lane and published_at is null
               order by seq limit {share}
             ) o
             order by o.seq",
            lanes = lanes.join(",")
        ));
        self.db.count();
        sqlx::raw_sql(sql).execute(self.session.conn()).await.db()?;
        Ok(())
    }

    /// The next rows, at most `limit`, each handed out once; empty when there are no more. May be called while the
    /// rows before are still being confirmed.
    ///
    /// # Errors
    /// As [`Database::read`]; the claim is of no use then.
    pub async fn next(&mut self, limit: i64) -> Result<Vec<OutboxRow>> {
        if self.exhausted {
            return Ok(Vec::new());
        }
        self.db.count();
        let sql = self.db.sql(&format!("fetch {limit} from claimed"));
        let rows = sqlx::query(sql).fetch_all(self.session.conn()).await.db()?;
        self.exhausted = i64::try_from(rows.len()).is_ok_and(|number| number < limit);
        let rows: Vec<OutboxRow> = rows.iter().map(OutboxRow::read).collect::<Result<_, _>>().db()?;
        self.in_hand.extend(rows.iter().map(|row| (row.seq, row.tenant.0)));
        Ok(rows)
    }

    /// Notes that the broker has these rows. Takes effect with [`OutboxClaim::release`].
    ///
    /// # Errors
    /// As [`OutboxClaim::next`].
    pub async fn mark_published(&mut self, seqs: &[i64]) -> Result<()> {
        let mut tenants = Vec::with_capacity(seqs.len());
        let mut known = Vec::with_capacity(seqs.len());
        for seq in seqs {
            if let Some(tenant) = self.in_hand.remove(seq) {
                tenants.push(tenant);
                known.push(*seq);
            }
        }
        if known.is_empty() {
            return Ok(());
        }
        let sql = self.db.sql(
            "update {s}.outbox o set published_at = $1
             from unnest($2::uuid[], $3::bigint[]) as p(tenant_id, seq)
             where o.tenant_id = p.tenant_id and o.seq = p.seq",
        );
        self.db.count();
        sqlx::query(sql)
            .bind(self.db.clock().now().to_sqlx())
            .bind(tenants)
            .bind(known)
            .execute(self.session.conn())
            .await
            .db()?;
        Ok(())
    }

    /// Commits what was marked and lets go of the lanes.
    ///
    /// # Errors
    /// As [`OutboxClaim::next`]; the rows will be published again then.
    pub async fn release(self) -> Result<()> {
        self.db.count();
        self.session.commit().await.db()
    }
}

/// The first half of the advisory locks' key; the lane is the second.
fn lock_key(service: &str) -> i32 {
    let hash: [u8; 32] = Sha256::digest(format!("mentor.outbox.{service}")).into();
    let [a, b, c, d, ..] = hash;
    i32::from_be_bytes([a, b, c, d])
}
