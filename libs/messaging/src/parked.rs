//! Retries: parked events are handled again when their time has come, in the order of their aggregate.

use crate::{Envelope, Failure, inbox::Inbox, telemetry};
use kernel::Result;
use storage::{Parked, ParkedKey, Tx};

/// Aggregates looked at in one go.
const KEYS: i64 = 100;

/// Handles what is due. Returns how many events were tried.
pub(crate) async fn retry_due<S: Send + Sync + 'static>(inbox: &Inbox<S>) -> Result<u64> {
    let mut tried = 0;
    loop {
        let keys = inbox.db.parked_due(inbox.db.clock().now(), KEYS).await?;
        let before = tried;
        for key in &keys {
            while retry_head(inbox, key).await? {
                tried += 1;
            }
        }
        // Each try removes the event or moves its time on, so this ends; none tried means others hold the rows.
        if tried == before {
            return Ok(tried);
        }
    }
}

/// Tries the first parked event of an aggregate. `false`: it is not due, dead, gone, or in other hands.
async fn retry_head<S: Send + Sync + 'static>(inbox: &Inbox<S>, key: &ParkedKey) -> Result<bool> {
    let now = inbox.db.clock().now();
    let ctx = kernel::Context::system(key.tenant, inbox.name(), "retry", now, inbox.db.clock().new_id());
    let mut tx = inbox.db.write(&ctx).await?;
    let head = tx.parked_head(&key.aggregate, &key.subject).await?;
    let Some(parked) = head.filter(|parked| !parked.dead && parked.next_at <= now) else {
        tx.commit().await?;
        return Ok(false);
    };
    let event = Envelope::from_parked(key.tenant, &parked.event);
    let savepoint = tx.savepoint().await?;
    match inbox.apply(&mut tx, &event).await {
        Ok(()) => tx.parked_remove(event.id).await?,
        Err(failure) => {
            // The row stays locked meanwhile: no other replica tries it before its next time is noted.
            tx.rollback_to(savepoint).await?;
            failed_again(inbox, &mut tx, &event, &parked, &failure).await?;
        }
    }
    tx.commit().await?;
    inbox.count(1);
    Ok(true)
}

/// Notes another failed attempt, and when to try again.
async fn failed_again<S: Send + Sync + 'static>(
    inbox: &Inbox<S>,
    tx: &mut Tx,
    event: &Envelope,
    parked: &Parked,
    failure: &Failure,
) -> Result<()> {
    let attempts = parked.attempts.saturating_add(1);
    let dead = matches!(failure, Failure::Undecodable(_)) || inbox.settings.is_dead(attempts);
    let next_at = inbox.db.clock().now() + inbox.settings.retry_delay(attempts);
    let operation = inbox.operation(event);
    tracing::warn!(
        service = inbox.name(), operation, event.id = %event.id, event.type = %event.type_name, attempts, dead,
        error = %failure, "an event was not handled again"
    );
    tx.parked_failed(event.id, attempts, next_at, dead, &failure.to_string()).await?;
    telemetry::parked(inbox.name(), operation, dead);
    Ok(())
}
