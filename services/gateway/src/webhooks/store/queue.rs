//! The SQL of what waits to be sent. A delivery is in hand of one sender while it has a lease; the lease ends at
//! `next_at`, so what a killed sender had in hand is due again then. Locks are taken in one order: the webhook, then its
//! deliveries.

use crate::webhooks::{
    envelope::Message,
    schedule::{Health, Next},
};
use jiff::Timestamp;
use kernel::{Result, Uuid};
use storage::time::{at, at_some, from_some};
use storage::{DbResult, Tx};

/// Keeps a message for every webhook that wants it, or for one alone; nothing at all where none does.
pub(crate) async fn add(
    tx: &mut Tx,
    message: &Message<'_>,
    body: &str,
    only: Option<Uuid>,
    give_up_at: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "with wanted as ( \
           select webhook_id from gateway.webhook where tenant_id = $1 and enabled \
             and case when $9::uuid is null then event_types && array['*', $3] else webhook_id = $9 end \
         ), kept as ( \
           insert into gateway.webhook_message (tenant_id, event_id, type, aggregate, subject, body, created_at) \
           select $1, $2, $3, $4, $5, $6, $7 where exists (select from wanted) \
           on conflict (tenant_id, event_id) do nothing \
         ) \
         insert into gateway.webhook_delivery \
           (tenant_id, webhook_id, event_id, aggregate, subject, created_at, next_at, give_up_at) \
         select $1, webhook_id, $2, $4, $5, $7, $7, $8 from wanted \
         on conflict (tenant_id, webhook_id, event_id) do nothing",
        tx.tenant(),
        message.id,
        message.type_name,
        message.aggregate,
        message.subject,
        body,
        at(tx.now()),
        at(give_up_at),
        only
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// Lets deliveries wait again as if they had never been tried.
pub(crate) async fn resend(tx: &mut Tx, webhook: Uuid, events: &[Uuid], give_up_at: Timestamp) -> Result<()> {
    sqlx::query!(
        "update gateway.webhook_delivery \
         set state = 'pending', failed = 0, finished_at = null, lease = null, next_at = $4, give_up_at = $5 \
         where tenant_id = $1 and webhook_id = $2 and event_id = any($3) and state <> 'pending'",
        tx.tenant(),
        webhook,
        events,
        at(tx.now()),
        at(give_up_at)
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// An enabled webhook that something waits for.
pub(crate) struct Waits {
    pub(crate) webhook: Uuid,
    pub(crate) paused_until: Option<Timestamp>,
    /// When its next delivery is due.
    pub(crate) next_at: Timestamp,
    /// When its oldest delivery is given up.
    pub(crate) give_up_at: Timestamp,
}

/// The enabled webhooks that something waits for.
pub(crate) async fn waits(tx: &mut Tx) -> Result<Vec<Waits>> {
    let rows = sqlx::query!(
        r#"select w.webhook_id, w.paused_until, n.next_at as "next_at!", g.give_up_at as "give_up_at!"
           from gateway.webhook w
           cross join lateral (select next_at from gateway.webhook_delivery d
             where d.tenant_id = $1 and d.webhook_id = w.webhook_id and d.state = 'pending'
             order by d.next_at limit 1) n
           cross join lateral (select give_up_at from gateway.webhook_delivery d
             where d.tenant_id = $1 and d.webhook_id = w.webhook_id and d.state = 'pending'
             order by d.give_up_at limit 1) g
           where w.tenant_id = $1 and w.enabled"#,
        tx.tenant()
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    let waits = rows.into_iter().map(|row| Waits {
        webhook: row.webhook_id,
        paused_until: from_some(row.paused_until),
        next_at: row.next_at.to_jiff(),
        give_up_at: row.give_up_at.to_jiff(),
    });
    Ok(waits.collect())
}

/// A webhook to be called.
pub(crate) struct Target {
    pub(crate) url: String,
    pub(crate) failures: i32,
}

/// Locks a webhook that may be called now; `None` for one that may not, or is gone. Consumers may go on to add to it.
pub(crate) async fn lock_target(tx: &mut Tx, webhook: Uuid) -> Result<Option<Target>> {
    let row = sqlx::query!(
        "select url, failures from gateway.webhook where tenant_id = $1 and webhook_id = $2 and enabled \
           and (paused_until is null or paused_until <= $3) for no key update",
        tx.tenant(),
        webhook,
        at(tx.now())
    )
    .fetch_optional(tx.conn())
    .await
    .db()?;
    Ok(row.map(|row| Target { url: row.url, failures: row.failures }))
}

/// The sealed secrets that sign now, the newest first.
pub(crate) async fn sealed(tx: &mut Tx, webhook: Uuid) -> Result<Vec<Vec<u8>>> {
    sqlx::query_scalar!(
        "select sealed from gateway.webhook_secret where tenant_id = $1 and webhook_id = $2 \
           and (expires_at is null or expires_at > $3) order by secret_id desc",
        tx.tenant(),
        webhook,
        at(tx.now())
    )
    .fetch_all(tx.conn())
    .await
    .db()
}

/// A delivery in hand.
pub(crate) struct Claimed {
    pub(crate) event: Uuid,
    pub(crate) attempt: i32,
    pub(crate) failed: i32,
    pub(crate) give_up_at: Timestamp,
    pub(crate) body: String,
}

/// Takes due deliveries of a locked webhook in hand, as many as `most` allows beside those in hand already: of each
/// aggregate the first one only, and none while an earlier one is in hand.
pub(crate) async fn claim(
    tx: &mut Tx,
    webhook: Uuid,
    most: i64,
    lease: Uuid,
    until: Timestamp,
) -> Result<Vec<Claimed>> {
    let rows = sqlx::query!(
        "with due as ( \
           select d.event_id from gateway.webhook_delivery d \
           where d.tenant_id = $1 and d.webhook_id = $2 and d.state = 'pending' and d.next_at <= $3 \
             and not exists (select from gateway.webhook_delivery e \
               where e.tenant_id = $1 and e.webhook_id = $2 and e.aggregate = d.aggregate and e.subject = d.subject \
                 and e.state = 'pending' and e.event_id < d.event_id and (e.next_at <= $3 or e.lease is not null)) \
           order by d.next_at, d.event_id \
           limit greatest(0, $4 - (select count(*) from gateway.webhook_delivery b \
               where b.tenant_id = $1 and b.webhook_id = $2 and b.state = 'pending' and b.lease is not null \
                 and b.next_at > $3)) \
           for update of d skip locked \
         ) \
         update gateway.webhook_delivery d set lease = $5, next_at = $6, attempts = d.attempts + 1 \
         from due join gateway.webhook_message m on m.tenant_id = $1 and m.event_id = due.event_id \
         where d.tenant_id = $1 and d.webhook_id = $2 and d.event_id = due.event_id \
         returning d.event_id, d.attempts, d.failed, d.give_up_at, m.body",
        tx.tenant(),
        webhook,
        at(tx.now()),
        most,
        lease,
        at(until)
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    let claimed = rows.into_iter().map(|row| Claimed {
        event: row.event_id,
        attempt: row.attempts,
        failed: row.failed,
        give_up_at: row.give_up_at.to_jiff(),
        body: row.body,
    });
    Ok(claimed.collect())
}

/// How often a webhook has failed in a row, kept as it is until the commit; `None` when it is gone.
pub(crate) async fn failures(tx: &mut Tx, webhook: Uuid) -> Result<Option<i32>> {
    sqlx::query_scalar!(
        "select failures from gateway.webhook where tenant_id = $1 and webhook_id = $2 for no key update",
        tx.tenant(),
        webhook
    )
    .fetch_optional(tx.conn())
    .await
    .db()
}

/// Ends an attempt. `false`: the lease had ended and somebody else has the delivery; then nothing may be noted.
pub(crate) async fn finish(
    tx: &mut Tx,
    webhook: Uuid,
    event: Uuid,
    lease: Uuid,
    next: &Next,
) -> Result<bool> {
    let now = tx.now();
    let (state, next_at, finished_at, failed) = match next {
        Next::Delivered => ("delivered", now, Some(now), 0),
        Next::Dead => ("dead", now, Some(now), 1),
        Next::Again(next_at) => ("pending", *next_at, None, 1),
    };
    let done = sqlx::query!(
        "update gateway.webhook_delivery \
         set state = $5, next_at = $6, finished_at = $7, failed = failed + $8, lease = null \
         where tenant_id = $1 and webhook_id = $2 and event_id = $3 and lease = $4",
        tx.tenant(),
        webhook,
        event,
        lease,
        state,
        at(next_at),
        at_some(finished_at),
        failed
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(done.rows_affected() == 1)
}

/// Writes how a webhook fares; one that is gone is disabled.
pub(crate) async fn save_health(tx: &mut Tx, webhook: Uuid, health: &Health) -> Result<()> {
    sqlx::query!(
        "update gateway.webhook set failures = $3, paused_until = $4, enabled = enabled and not $5, \
           disabled_reason = case when $5 then 'the receiver answered 410 Gone' else disabled_reason end, \
           version = version + case when $5 then 1 else 0 end \
         where tenant_id = $1 and webhook_id = $2",
        tx.tenant(),
        webhook,
        health.failures,
        at_some(health.paused_until),
        health.gone
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// Gives up what waited too long without an attempt: its webhook is disabled or pauses. How many there were.
pub(crate) async fn expire(tx: &mut Tx, limit: i64) -> Result<u64> {
    let done = sqlx::query!(
        "update gateway.webhook_delivery d set state = 'dead', finished_at = $2, lease = null \
         from (select webhook_id, event_id from gateway.webhook_delivery \
               where tenant_id = $1 and state = 'pending' and give_up_at < $2 and next_at <= $2 \
               limit $3 for update skip locked) late \
         where d.tenant_id = $1 and d.webhook_id = late.webhook_id and d.event_id = late.event_id",
        tx.tenant(),
        at(tx.now()),
        limit
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(done.rows_affected())
}
