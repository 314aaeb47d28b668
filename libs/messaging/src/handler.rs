//! The handlers of a service as those who bring events see them.

use crate::{
    Envelope,
    inbox::{Inbox, Route},
    parked, telemetry,
};
use async_trait::async_trait;
use kernel::Result;

/// All handlers of a service, whatever its type.
#[async_trait]
pub(crate) trait Handler: Send + Sync {
    /// The service's name.
    fn service(&self) -> &'static str;

    /// What it handles.
    fn routes(&self) -> &[Route];

    /// Events handled, parked or retried so far; moves whenever something happened.
    fn moved(&self) -> u64;

    /// Applies events in this order. `Ok`: each is committed, or parked for another attempt. `Err`: the database
    /// is away; nothing is known of the rest, and handling all of them again is safe.
    async fn handle(&self, events: &[Envelope]) -> Result<()>;

    /// Keeps an event that can't be handled as dead, unless it was handled before.
    async fn bury(&self, event: &Envelope, why: &str) -> Result<()>;

    /// Handles parked events whose time has come. Returns how many were tried.
    async fn retry_due(&self) -> Result<u64>;

    /// Publishes the number of waiting and dead events.
    async fn observe(&self) -> Result<()>;
}

#[async_trait]
impl<S: Send + Sync + 'static> Handler for Inbox<S> {
    fn service(&self) -> &'static str {
        self.name()
    }

    fn routes(&self) -> &[Route] {
        Inbox::routes(self)
    }

    fn moved(&self) -> u64 {
        Inbox::moved(self)
    }

    async fn handle(&self, events: &[Envelope]) -> Result<()> {
        for run in events.chunk_by(|a, b| a.tenant == b.tenant) {
            for batch in run.chunks(usize::from(self.settings.consume_batch.max(1))) {
                self.apply_batch(batch).await?;
            }
        }
        Ok(())
    }

    async fn bury(&self, event: &Envelope, why: &str) -> Result<()> {
        tracing::error!(service = self.name(), event.id = %event.id, event.type = %event.type_name, why, "an event is dead");
        self.park_first(event, why.to_owned(), true).await
    }

    async fn retry_due(&self) -> Result<u64> {
        parked::retry_due(self).await
    }

    async fn observe(&self) -> Result<()> {
        telemetry::waiting(self.name(), &self.db.parked_counts().await?);
        Ok(())
    }
}
