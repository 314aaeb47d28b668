//! What a consumer has handled: one row per event, in the transaction of its effect.

use crate::{DbResult, Tx};
use jiff_sqlx::ToSqlx;
use kernel::{Result, Uuid};
use std::collections::HashSet;

impl Tx {
    /// Notes events as handled by this transaction and returns those that were not handled before. Waits for
    /// another transaction that has one of them in hand.
    ///
    /// # Errors
    /// As [`DbResult::db`].
    pub async fn inbox_insert(&mut self, ids: &[Uuid]) -> Result<HashSet<Uuid>> {
        // Sorted, so that two transactions with the same events can't deadlock.
        let sql = self.database().sql(
            "insert into {s}.inbox (tenant_id, event_id, received_at)
             select $1, e.id, $3 from unnest($2::uuid[]) as e(id) order by e.id
             on conflict (tenant_id, event_id) do nothing returning event_id",
        );
        let (tenant, now) = (self.tenant(), self.now().to_sqlx());
        let fresh: Vec<Uuid> =
            sqlx::query_scalar(sql).bind(tenant).bind(ids).bind(now).fetch_all(self.conn()).await.db()?;
        Ok(fresh.into_iter().collect())
    }
}
