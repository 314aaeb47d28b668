//! House keeping: what has served its purpose goes, in batches.

use crate::{Database, DbResult};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use kernel::Result;

/// Rows deleted in one transaction.
const BATCH: i64 = 5_000;

/// What is older may go.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// Published events that happened before.
    pub outbox: Timestamp,
    /// Handled events that arrived before; a redelivery after that would be handled again.
    pub inbox: Timestamp,
    /// Answers to request ids given before; a repetition after that would be a new request.
    pub idempotency: Timestamp,
}

/// How many rows went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Published events.
    pub outbox: u64,
    /// Notes of handled events.
    pub inbox: u64,
    /// Stored answers.
    pub idempotency: u64,
}

impl Database {
    /// Deletes, for all tenants, what is older than the retention. Safe to run from several places at once.
    ///
    /// # Errors
    /// As [`Database::read`]; what was deleted by then stays deleted.
    pub async fn purge(&self, retention: &Retention) -> Result<Purged> {
        Ok(Purged {
            outbox: self
                .purge_table("outbox", "occurred_at < $1 and published_at is not null", retention.outbox)
                .await?,
            inbox: self.purge_table("inbox", "received_at < $1", retention.inbox).await?,
            idempotency: self.purge_table("idempotency", "created_at < $1", retention.idempotency).await?,
        })
    }

    async fn purge_table(&self, table: &str, old: &str, before: Timestamp) -> Result<u64> {
        let sql = format!(
            "with old as (select ctid from {{s}}.{table} where {old} limit $2)
             delete from {{s}}.{table} t using old where t.ctid = old.ctid"
        );
        let mut gone = 0;
        loop {
            let mut session = self.relay().await?;
            let query = sqlx::query(self.sql(&sql)).bind(before.to_sqlx()).bind(BATCH);
            let rows = query.execute(session.conn()).await.db()?.rows_affected();
            session.commit().await.db()?;
            gone += rows;
            if rows < BATCH.unsigned_abs() {
                return Ok(gone);
            }
        }
    }
}
