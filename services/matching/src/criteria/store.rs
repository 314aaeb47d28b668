//! SQL of the criteria.

use super::domain::Criteria;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use kernel::{Error, Result, Uuid};
use sqlx::types::Json;
use storage::{DbResult, Tx};

/// Criteria as stored, or the built-in default.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) criteria: Criteria,
    /// None for the built-in default.
    pub(crate) created_at: Option<Timestamp>,
}

/// The latest version, the built-in default when there is none.
pub(crate) async fn latest(tx: &mut Tx, program: Uuid) -> Result<Stored> {
    let tenant = tx.tenant();
    let row = sqlx::query!(
        r#"select body as "body: Json<Criteria>", created_at from matching.criteria
           where tenant_id = $1 and program_id = $2 order by version desc limit 1"#,
        tenant,
        program
    )
    .fetch_optional(tx.conn())
    .await
    .db()?;
    Ok(match row {
        Some(row) => Stored { criteria: row.body.0, created_at: Some(row.created_at.to_jiff()) },
        None => Stored { criteria: Criteria::default(), created_at: None },
    })
}

/// One version; 0 is the latest.
pub(crate) async fn get(tx: &mut Tx, program: Uuid, version: i32) -> Result<Option<Stored>> {
    if version == 0 {
        return latest(tx, program).await.map(Some);
    }
    let tenant = tx.tenant();
    let row = sqlx::query!(
        r#"select body as "body: Json<Criteria>", created_at from matching.criteria
           where tenant_id = $1 and program_id = $2 and version = $3"#,
        tenant,
        program,
        version
    )
    .fetch_optional(tx.conn())
    .await
    .db()?;
    Ok(row.map(|row| Stored { criteria: row.body.0, created_at: Some(row.created_at.to_jiff()) }))
}

/// Versions before `before`, newest first.
pub(crate) async fn list(tx: &mut Tx, program: Uuid, before: Option<i32>, limit: i64) -> Result<Vec<Stored>> {
    let tenant = tx.tenant();
    let rows = sqlx::query!(
        r#"select body as "body: Json<Criteria>", created_at from matching.criteria
           where tenant_id = $1 and program_id = $2 and version < $3 order by version desc limit $4"#,
        tenant,
        program,
        before.unwrap_or(i32::MAX),
        limit
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    Ok(rows
        .into_iter()
        .map(|row| Stored { criteria: row.body.0, created_at: Some(row.created_at.to_jiff()) })
        .collect())
}

/// Writes a new version.
///
/// # Errors
/// `ETAG_MISMATCH` when somebody wrote that version first.
pub(crate) async fn insert(tx: &mut Tx, program: Uuid, criteria: &Criteria) -> Result<()> {
    let (tenant, now) = (tx.tenant(), tx.now().to_sqlx());
    sqlx::query!(
        "insert into matching.criteria (tenant_id, program_id, version, body, created_at) values ($1, $2, $3, $4, $5)",
        tenant,
        program,
        criteria.version,
        Json(criteria) as _,
        now as _
    )
    .execute(tx.conn())
    .await
    .violates("criteria_once", || Error::stale("criteria"))
    .db()?;
    Ok(())
}
