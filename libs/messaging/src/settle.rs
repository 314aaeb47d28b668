//! Waiting until nothing moves any more.

use crate::Messaging;
use kernel::{Error, ErrorKind, Result};
use std::time::Duration;

/// Returns when, in all these services together, nothing is unpublished, queued, in hand, or due for a retry.
/// What handlers emit meanwhile is followed to its end. With RabbitMQ the services must run (here or elsewhere).
///
/// # Errors
/// `DeadlineExceeded` when something still moves, or is away, after the time the settings allow.
pub async fn settle(services: &[Messaging]) -> Result<()> {
    let patience =
        services.iter().map(|service| service.settings().settle_timeout()).max().unwrap_or(Duration::ZERO);
    let settled = async {
        loop {
            match round(services).await {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => {
                    tracing::debug!(%error, "not settled yet");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
    };
    tokio::time::timeout(patience, settled).await.map_err(|_| {
        let message = "events are still under way; is the broker or the database away?";
        Error::new(ErrorKind::DeadlineExceeded, "DEADLINE_EXCEEDED", message)
    })
}

/// `true`: a whole round in which nothing moved and after which nothing waits. What a handler commits is counted
/// after its outbox rows can be seen, so a round that misses the rows sees the count.
async fn round(services: &[Messaging]) -> Result<bool> {
    let before: u64 = services.iter().map(Messaging::moved).sum();
    for service in services {
        service.pump().await?;
    }
    for service in services {
        service.barrier().await?;
    }
    for service in services {
        if !service.is_empty().await? {
            return Ok(false);
        }
    }
    Ok(services.iter().map(Messaging::moved).sum::<u64>() == before)
}
