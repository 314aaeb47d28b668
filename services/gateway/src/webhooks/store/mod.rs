//! The SQL of webhooks and their secrets; `queue` is the sender's, `log` is what people read.

pub(crate) mod log;
pub(crate) mod queue;

use super::webhook::{MAX_WEBHOOKS, Webhook};
use crate::rotation::store::of_webhooks;
use kernel::{Error, ErrorKind, Page, Result, Uuid};
use storage::time::{at, at_some, from_some};
use storage::{DbError, DbResult, Tx};

/// Refuses when the tenant has as many as it may.
pub(crate) async fn must_have_room(tx: &mut Tx) -> Result<()> {
    let there = sqlx::query_scalar!(
        r#"select count(*) as "count!" from gateway.webhook where tenant_id = $1"#,
        tx.tenant()
    )
    .fetch_one(tx.conn())
    .await
    .db()?;
    if there < MAX_WEBHOOKS {
        return Ok(());
    }
    let message = format!("there are {there} webhooks already; remove one before you add another");
    Err(Error::precondition("WEBHOOK_LIMIT", message))
}

fn taken<T>(result: Result<T, sqlx::Error>) -> Result<T, DbError> {
    result.violates("webhook_name_key", || {
        let message = "a webhook of this name is there already; choose another name";
        Error::new(ErrorKind::AlreadyExists, "ALREADY_EXISTS", message)
    })
}

/// Adds a webhook, without secrets.
pub(crate) async fn insert(tx: &mut Tx, webhook: &Webhook) -> Result<()> {
    let inserted = sqlx::query!(
        "insert into gateway.webhook (tenant_id, webhook_id, name, url, event_types, created_at) \
         values ($1, $2, $3, $4, $5, $6)",
        tx.tenant(),
        webhook.id,
        webhook.name,
        webhook.url,
        &webhook.event_types,
        at(webhook.created_at)
    )
    .execute(tx.conn())
    .await;
    taken(inserted).db()?;
    Ok(())
}

/// Writes what people or receivers changed, as the next version.
pub(crate) async fn save(tx: &mut Tx, webhook: &mut Webhook) -> Result<()> {
    webhook.version += 1;
    let saved = sqlx::query!(
        "update gateway.webhook set name = $3, url = $4, event_types = $5, enabled = $6, disabled_reason = $7, \
           failures = $8, paused_until = $9, version = $10 \
         where tenant_id = $1 and webhook_id = $2",
        tx.tenant(),
        webhook.id,
        webhook.name,
        webhook.url,
        &webhook.event_types,
        webhook.enabled,
        webhook.disabled_reason,
        webhook.failures,
        at_some(webhook.paused_until),
        webhook.version
    )
    .execute(tx.conn())
    .await;
    taken(saved).db()?;
    Ok(())
}

/// Removes a webhook with its secrets, deliveries and log.
pub(crate) async fn remove(tx: &mut Tx, webhook: Uuid) -> Result<()> {
    sqlx::query!(
        "delete from gateway.webhook where tenant_id = $1 and webhook_id = $2",
        tx.tenant(),
        webhook
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// Reads a webhook, kept as it is until the commit.
pub(crate) async fn lock(tx: &mut Tx, id: Uuid) -> Result<Webhook> {
    sqlx::query!(
        "select from gateway.webhook where tenant_id = $1 and webhook_id = $2 for update",
        tx.tenant(),
        id
    )
    .fetch_optional(tx.conn())
    .await
    .db()?;
    find(tx, id).await
}

/// Reads a webhook with the secrets that sign.
pub(crate) async fn find(tx: &mut Tx, id: Uuid) -> Result<Webhook> {
    let found = rows(tx, Some(id), None, 1).await?;
    found.into_iter().next().ok_or_else(|| Error::not_found("webhook", id))
}

/// A page of webhooks, the oldest first.
pub(crate) async fn list(tx: &mut Tx, page: &Page<Uuid>) -> Result<Vec<Webhook>> {
    rows(tx, None, page.after, page.limit()).await
}

async fn rows(tx: &mut Tx, id: Option<Uuid>, after: Option<Uuid>, limit: i64) -> Result<Vec<Webhook>> {
    let rows = sqlx::query!(
        "select webhook_id, name, url, event_types, enabled, disabled_reason, failures, paused_until, created_at, version \
         from gateway.webhook \
         where tenant_id = $1 and ($2::uuid is null or webhook_id = $2) and ($3::uuid is null or webhook_id > $3) \
         order by webhook_id limit $4",
        tx.tenant(),
        id,
        after,
        limit
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    let found = rows.into_iter().map(|row| Webhook {
        id: row.webhook_id,
        name: row.name,
        url: row.url,
        event_types: row.event_types,
        enabled: row.enabled,
        disabled_reason: row.disabled_reason,
        failures: row.failures,
        paused_until: from_some(row.paused_until),
        created_at: row.created_at.to_jiff(),
        version: row.version,
        secrets: Vec::new(),
    });
    let mut found: Vec<Webhook> = found.collect();
    add_secrets(tx, &mut found).await?;
    Ok(found)
}

async fn add_secrets(tx: &mut Tx, webhooks: &mut [Webhook]) -> Result<()> {
    let ids: Vec<Uuid> = webhooks.iter().map(|webhook| webhook.id).collect();
    let mut good = of_webhooks::good(tx, &ids).await?;
    for webhook in webhooks {
        webhook.secrets = good.remove(&webhook.id).unwrap_or_default();
    }
    Ok(())
}
