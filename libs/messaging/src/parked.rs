//! Retries: parked events are handled again when their time has come, in the order of their aggregate.

use crate::{Envelope, Failure, inbox::Inbox, telemetry};
use kernel::Result;
use storage::{Parked, ParkedKey};

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
    match inbox.apply(&mut tx, &event).await {
        Ok(()) => {
            tx.parked_remove(event.id).await?;
            tx.commit().await?;
        }
        Err(failure) => {
            drop(tx);
            failed_again(inbox, key, &event, &parked, &failure).await?;
        }
    }
    inbox.count(1);
    Ok(true)
}

/// Counts the attempt in a transaction of its own, the handler's was rolled back.
async fn failed_again<S: Send + Sync + 'static>(
    inbox: &Inbox<S>,
    key: &ParkedKey,
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
    let mut tx = inbox.begin(event).await?;
    // Another replica may have been faster; then its count stands.
    let current = tx.parked_head(&key.aggregate, &key.subject).await?;
    if current.is_some_and(|current| current.event.id == event.id && current.attempts == parked.attempts) {
        tx.parked_failed(event.id, attempts, next_at, dead, &failure.to_string()).await?;
        telemetry::parked(inbox.name(), operation, dead);
    }
    tx.commit().await
}
