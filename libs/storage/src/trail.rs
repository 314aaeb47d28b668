//! Reading the audit trail, and letting go of what is older than its retention.

use crate::{Database, DbResult, Tx};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use kernel::{Context, Result, Uuid};
use sqlx::{Postgres, QueryBuilder, Row, postgres::PgRow};

/// Rows deleted in one transaction.
const BATCH: i64 = 5_000;

/// A record of the trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// Its id.
    pub id: Uuid,
    /// When the call began.
    pub at: Timestamp,
    /// Subject of the caller.
    pub actor: String,
    /// The caller as a person.
    pub actor_person: Option<Uuid>,
    /// The caller's roles at that time, by name.
    pub roles: Vec<String>,
    /// The RPC's path, the job's or the consumer's name.
    pub operation: String,
    /// Ties it to log lines and events.
    pub correlation: Uuid,
    /// The mutation's request id.
    pub request_id: Option<Uuid>,
    /// The kind of object; empty when the operation says it all.
    pub object: String,
    /// The object's id.
    pub object_id: Option<String>,
    /// Whose data it is.
    pub about: Option<Uuid>,
    /// Why.
    pub reason: Option<String>,
    /// Whether something was only seen.
    pub is_read: bool,
}

/// Where a record stands in the order of the trail.
pub type AuditKey = (Timestamp, Uuid);

impl AuditRecord {
    /// Where it stands in the order of the trail.
    pub fn key(&self) -> AuditKey {
        (self.at, self.id)
    }

    fn read(row: &PgRow) -> Result<Self, sqlx::Error> {
        let roles: String = row.try_get("roles")?;
        Ok(AuditRecord {
            id: row.try_get("id")?,
            at: row.try_get::<jiff_sqlx::Timestamp, _>("at")?.to_jiff(),
            actor: row.try_get("actor")?,
            actor_person: row.try_get("person_id")?,
            roles: roles.split_whitespace().map(str::to_owned).collect(),
            operation: row.try_get("operation")?,
            correlation: row.try_get("correlation")?,
            request_id: row.try_get("request_id")?,
            object: row.try_get("object")?,
            object_id: row.try_get("object_id")?,
            about: row.try_get("about")?,
            reason: row.try_get("reason")?,
            is_read: row.try_get("is_read")?,
        })
    }
}

/// Which records to read; whatever is set must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Done by the holder of this subject.
    pub actor: Option<String>,
    /// Done by this person.
    pub actor_person: Option<Uuid>,
    /// About this person.
    pub about: Option<Uuid>,
    /// Exactly this operation.
    pub operation: Option<String>,
    /// Exactly this kind of object.
    pub object: Option<String>,
    /// Exactly this object.
    pub object_id: Option<String>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// Reads only, or changes only.
    pub is_read: Option<bool>,
}

impl Tx {
    /// Records of the tenant's trail, newest first, beginning after `after`.
    ///
    /// # Errors
    /// As [`DbResult::db`].
    pub async fn audit_trail(
        &mut self,
        filter: &AuditFilter,
        after: Option<AuditKey>,
        limit: i64,
    ) -> Result<Vec<AuditRecord>> {
        let select = self.database().sql(
            "select id, at, actor, person_id, roles, operation, correlation, request_id, object, object_id, about,
                    reason, is_read
             from {s}.audit where tenant_id = ",
        );
        let mut query = QueryBuilder::<Postgres>::new(select.0);
        query.push_bind(self.tenant());
        filter.narrow(&mut query);
        if let Some((at, id)) = after {
            query.push(" and (at, id) < (").push_bind(at.to_sqlx()).push(", ").push_bind(id).push(")");
        }
        query.push(" order by at desc, id desc limit ").push_bind(limit);
        let rows = query.build().fetch_all(self.conn()).await.db()?;
        rows.iter().map(AuditRecord::read).collect::<Result<_, _>>().db()
    }
}

impl AuditFilter {
    /// Only what is set becomes a condition: each set of filters has a plan of its own, with the index that fits.
    fn narrow(&self, query: &mut QueryBuilder<Postgres>) {
        let texts = [
            (" and actor = ", &self.actor),
            (" and operation = ", &self.operation),
            (" and object = ", &self.object),
            (" and object_id = ", &self.object_id),
        ];
        for (condition, text) in texts {
            if let Some(text) = text {
                query.push(condition).push_bind(text.clone());
            }
        }
        for (condition, id) in [(" and person_id = ", self.actor_person), (" and about = ", self.about)] {
            if let Some(id) = id {
                query.push(condition).push_bind(id);
            }
        }
        for (condition, at) in [(" and at >= ", self.from), (" and at < ", self.until)] {
            if let Some(at) = at {
                query.push(condition).push_bind(at.to_sqlx());
            }
        }
        if let Some(is_read) = self.is_read {
            query.push(" and is_read = ").push_bind(is_read);
        }
    }
}

impl Database {
    /// Deletes the tenant's audit rows from before an instant, and leaves a row that says so with each batch, in the
    /// name of `ctx`. Returns how many went. Safe to run from several places at once.
    ///
    /// # Errors
    /// As [`Database::read`]; what was deleted by then stays deleted.
    pub async fn purge_audit(&self, ctx: &Context, before: Timestamp) -> Result<u64> {
        let mut gone = 0;
        loop {
            let rows = self.purge_audit_batch(ctx, before).await?;
            gone += rows;
            if rows < BATCH.unsigned_abs() {
                return Ok(gone);
            }
        }
    }

    async fn purge_audit_batch(&self, ctx: &Context, before: Timestamp) -> Result<u64> {
        let mut tx = self.write(ctx).await?;
        let sql = self.sql("select {s}.forget_audit($1, $2, $3, $4, $5, $6, $7, $8)");
        let rows: i64 = sqlx::query_scalar(sql)
            .bind(ctx.tenant().0)
            .bind(before.to_sqlx())
            .bind(BATCH)
            .bind(tx.new_id())
            .bind(ctx.now.to_sqlx())
            .bind(&ctx.actor.subject)
            .bind(&ctx.operation)
            .bind(ctx.correlation)
            .fetch_one(tx.conn())
            .await
            .db()?;
        tx.commit().await?;
        Ok(rows.unsigned_abs())
    }
}
