//! Applying events: the inbox row first, then the handler, in one commit.

use crate::{Consumer, Envelope, Failure, MessagingSettings, telemetry};
use futures::FutureExt;
use kernel::{Error, Result, TenantId, Uuid};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    panic::AssertUnwindSafe,
    sync::atomic::{AtomicU64, Ordering},
};
use storage::{Database, NewParked, Tx};
use tokio::time::Instant;
use tracing::Instrument;

/// One event type that a service handles.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route {
    pub(crate) type_name: &'static str,
    pub(crate) aggregate: &'static str,
    pub(crate) routing_key: &'static str,
}

/// The handlers of service `S` over its database.
pub(crate) struct Inbox<S> {
    pub(crate) service: S,
    pub(crate) db: Database,
    pub(crate) settings: MessagingSettings,
    /// By event type, in the order of the service's list.
    consumers: HashMap<&'static str, Vec<Consumer<S>>>,
    routes: Vec<Route>,
    moved: AtomicU64,
}

/// Why a batch did not commit.
pub(crate) enum Refused {
    /// A handler, or the body.
    Event(Failure),
    /// The database, before or after the handlers.
    Storage(Box<Error>),
}

impl<S: Send + Sync + 'static> Inbox<S> {
    pub(crate) fn new(
        service: S,
        db: Database,
        consumers: Vec<Consumer<S>>,
        settings: MessagingSettings,
    ) -> Self {
        telemetry::begin(db.service(), consumers.iter().map(|consumer| consumer.operation));
        let (mut routes, mut by_type) = (Vec::new(), HashMap::new());
        for consumer in consumers {
            let Consumer { type_name, aggregate, routing_key, .. } = consumer;
            let handlers: &mut Vec<Consumer<S>> = by_type.entry(type_name).or_default();
            if handlers.is_empty() {
                routes.push(Route { type_name, aggregate, routing_key });
            }
            handlers.push(consumer);
        }
        Inbox { service, db, settings, consumers: by_type, routes, moved: AtomicU64::new(0) }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.db.service()
    }

    /// The handlers of an event.
    fn handlers(&self, event: &Envelope) -> &[Consumer<S>] {
        self.consumers.get(event.type_name.as_str()).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn operation(&self, event: &Envelope) -> &'static str {
        self.handlers(event).first().map_or("unhandled", |consumer| consumer.operation)
    }

    pub(crate) fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// Events handled, parked or retried so far.
    pub(crate) fn moved(&self) -> u64 {
        self.moved.load(Ordering::Relaxed)
    }

    pub(crate) fn count(&self, events: usize) {
        self.moved.fetch_add(events as u64, Ordering::Relaxed);
    }

    /// A transaction of the suite itself in the event's tenant.
    pub(crate) async fn begin(&self, event: &Envelope) -> Result<Tx> {
        let now = self.db.clock().now();
        self.db.write(&event.context(self.name(), self.operation(event), now)).await
    }

    /// Runs the event's handlers, one after another: all of them, or the event has failed.
    pub(crate) async fn apply(&self, tx: &mut Tx, event: &Envelope) -> Result<(), Failure> {
        let handlers = self.handlers(event);
        if handlers.is_empty() {
            tracing::debug!(service = self.name(), event.type = %event.type_name, "no handler any more, passed over");
        }
        for consumer in handlers {
            self.apply_one(consumer, tx, event).await?;
        }
        Ok(())
    }

    /// Runs a handler. A panic is a failure like any other: the transaction is dropped with it.
    async fn apply_one(&self, consumer: &Consumer<S>, tx: &mut Tx, event: &Envelope) -> Result<(), Failure> {
        let now = self.db.clock().now();
        let span = telemetry::handle_span(self.name(), consumer.operation, event);
        let mut ctx = event.context(self.name(), consumer.operation, now);
        ctx.traceparent = telemetry::traceparent_of(&span, event.traceparent.as_ref());
        tx.switch(ctx);
        let applied = consumer.apply(&self.service, tx, event);
        let began = Instant::now();
        let outcome = AssertUnwindSafe(applied).catch_unwind().instrument(span.clone()).await;
        // Inside the span: that is where exemplars learn the trace.
        span.in_scope(|| match outcome {
            Ok(Ok(())) => {
                telemetry::handled(self.name(), consumer.operation, event, now, began.elapsed());
                Ok(())
            }
            Ok(Err(failure)) => {
                telemetry::failed(self.name(), consumer.operation);
                Err(failure)
            }
            Err(_) => {
                telemetry::failed(self.name(), consumer.operation);
                Err(Failure::Handler(Error::internal("the handler panicked")))
            }
        })
    }

    /// Applies a batch of one tenant, together if that succeeds.
    pub(crate) async fn apply_batch(&self, batch: &[Envelope]) -> Result<()> {
        if let [event] = batch {
            return self.handle_one(event).await;
        }
        if self.commit_batch(batch).await.is_err() {
            // One of them is the reason: find it by handling each alone.
            for event in batch {
                self.handle_one(event).await?;
            }
        }
        Ok(())
    }

    /// All of a batch of one tenant in one transaction, or nothing of it.
    async fn commit_batch(&self, events: &[Envelope]) -> Result<(), Refused> {
        let Some(first) = events.first() else { return Ok(()) };
        let mut tx = self.begin(first).await.map_err(Refused::Storage)?;
        let ids: Vec<Uuid> = events.iter().map(|event| event.id).collect();
        let mut fresh = tx.inbox_insert(&ids).await.map_err(Refused::Storage)?;
        let mut blocked = parked_keys(&mut tx, events, &fresh).await.map_err(Refused::Storage)?;
        for event in events {
            if !fresh.remove(&event.id) {
                continue; // handled before, or twice in this batch
            }
            if blocked.contains(&key(event)) {
                self.wait_behind(&mut tx, event).await.map_err(Refused::Storage)?;
                blocked.insert(key(event));
            } else {
                self.apply(&mut tx, event).await.map_err(Refused::Event)?;
            }
        }
        tx.commit().await.map_err(Refused::Storage)?;
        self.count(events.len());
        Ok(())
    }

    /// Parks an event because an earlier one of its aggregate waits.
    async fn wait_behind(&self, tx: &mut Tx, event: &Envelope) -> Result<()> {
        telemetry::parked(self.name(), self.operation(event), false);
        tx.park(&NewParked {
            event: event.to_parked(),
            attempts: 0,
            next_at: self.db.clock().now(),
            dead: false,
            error: "waits for an earlier event of the same aggregate".to_owned(),
        })
        .await
    }

    /// One event alone: committed, or parked with why it failed.
    async fn handle_one(&self, event: &Envelope) -> Result<()> {
        match self.commit_batch(std::slice::from_ref(event)).await {
            Ok(()) => Ok(()),
            Err(Refused::Storage(error)) => Err(error),
            Err(Refused::Event(failure)) => self.park_failed(event, &failure).await,
        }
    }

    async fn park_failed(&self, event: &Envelope, failure: &Failure) -> Result<()> {
        let dead = matches!(failure, Failure::Undecodable(_)) || self.settings.is_dead(1);
        let operation = self.operation(event);
        tracing::warn!(
            service = self.name(), operation, event.id = %event.id, event.type = %event.type_name, dead,
            error = %failure, "an event was not handled and is parked"
        );
        self.park_first(event, failure.to_string(), dead).await
    }

    /// The first row of an event in `parked`, unless it was handled or parked before.
    pub(crate) async fn park_first(&self, event: &Envelope, error: String, dead: bool) -> Result<()> {
        let next_at = self.db.clock().now() + self.settings.retry_delay(1);
        let mut tx = self.begin(event).await?;
        if tx.inbox_insert(&[event.id]).await?.contains(&event.id) {
            tx.park(&NewParked { event: event.to_parked(), attempts: 1, next_at, dead, error }).await?;
            telemetry::parked(self.name(), self.operation(event), dead);
        }
        tx.commit().await?;
        self.count(1);
        Ok(())
    }
}

/// What order is kept by: the aggregate. An event without a subject stands for itself.
type Key = (TenantId, String, String);

fn key(event: &Envelope) -> Key {
    (event.tenant, event.aggregate.clone(), event.subject.clone())
}

/// Those aggregates of the batch that have parked events already.
async fn parked_keys(tx: &mut Tx, events: &[Envelope], fresh: &HashSet<Uuid>) -> Result<HashSet<Key>> {
    let mut wanted: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let tenant = events.first().map(|event| event.tenant);
    for event in events.iter().filter(|event| fresh.contains(&event.id) && !event.subject.is_empty()) {
        wanted.entry(event.aggregate.as_str()).or_default().push(event.subject.clone());
    }
    let mut blocked = HashSet::new();
    for (aggregate, subjects) in wanted {
        for subject in tx.parked_subjects(aggregate, &subjects).await? {
            blocked.extend(tenant.map(|tenant| (tenant, aggregate.to_owned(), subject)));
        }
    }
    Ok(blocked)
}
