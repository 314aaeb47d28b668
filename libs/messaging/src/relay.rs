//! The relay: from the outbox to the broker, in the order of each aggregate.
//!
//! A claim locks lanes of the outbox (an aggregate is always in one lane), so several relays share the work and
//! an aggregate is in one relay's hands at a time. Broker and database work at the same time: while one window is
//! sent and the one before it is confirmed, the next one is read and the confirmed ones are marked.

use crate::{
    Broker, Envelope, MessagingSettings,
    backoff::Backoff,
    flight::Flight,
    in_process::InProcess,
    rabbit::{Publisher, Rabbit},
    telemetry::{self, Publishing},
};
use kernel::Result;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use storage::{Database, OutboxClaim, OutboxListener};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

/// Moves the events of one service.
pub(crate) struct Relay {
    db: Database,
    broker: Broker,
    settings: MessagingSettings,
    /// Kept between claims; given up after an error.
    publisher: Mutex<Option<Publisher>>,
    published: AtomicU64,
}

/// Events that are sent together.
struct Window {
    events: Vec<Envelope>,
    traces: Publishing,
}

impl Relay {
    pub(crate) fn new(db: Database, broker: Broker, settings: MessagingSettings) -> Self {
        Relay { db, broker, settings, publisher: Mutex::default(), published: AtomicU64::new(0) }
    }

    /// Events published so far.
    pub(crate) fn published(&self) -> u64 {
        self.published.load(Ordering::Relaxed)
    }

    /// Whether the outbox holds nothing unpublished, committed as it is now.
    pub(crate) async fn is_empty(&self) -> Result<bool> {
        Ok(self.db.outbox_depth().await?.pending == 0)
    }

    /// Publishes what one claim holds, about `claim_limit` events. 0: nothing there, or in other hands.
    pub(crate) async fn run_once(&self) -> Result<u64> {
        // One claim at a time in this process: the channel is one, too.
        let mut publisher = self.publisher.lock().await;
        let Some(claim) = self.db.outbox_claim(i64::from(self.settings.claim_limit)).await? else {
            return Ok(0);
        };
        let span = tracing::info_span!("events.publish", otel.kind = "producer", service = self.db.service());
        let moved = match &self.broker {
            Broker::InProcess(local) => self.deliver(&local.0, claim).instrument(span).await,
            Broker::RabbitMq(rabbit) => self.publish(&rabbit.0, &mut publisher, claim).instrument(span).await,
        };
        if moved.is_err() {
            *publisher = None;
            telemetry::publish_failed(self.db.service());
        }
        moved
    }

    async fn next(&self, claim: &mut OutboxClaim) -> Result<Window> {
        let window = i64::from(self.settings.publish_window.max(1));
        let mut events: Vec<Envelope> = claim.next(window).await?.into_iter().map(Envelope::from).collect();
        let traces = Publishing::begin(self.db.service(), &mut events);
        Ok(Window { events, traces })
    }

    async fn done(&self, claim: &mut OutboxClaim, seqs: &[i64]) -> Result<()> {
        if seqs.is_empty() {
            return Ok(());
        }
        claim.mark_published(seqs).await?;
        self.published.fetch_add(seqs.len() as u64, Ordering::Relaxed);
        telemetry::published(self.db.service(), seqs.len());
        Ok(())
    }

    /// In this process: published is what every handler has committed.
    async fn deliver(&self, local: &InProcess, mut claim: OutboxClaim) -> Result<u64> {
        let mut moved = 0;
        loop {
            let Window { events, traces } = self.next(&mut claim).await?;
            if events.is_empty() {
                break;
            }
            if let Err(error) = local.publish(&events).await {
                traces.failed();
                claim.release().await?; // what earlier windows published stays published
                return Err(error);
            }
            let seqs: Vec<i64> = events.iter().map(|event| event.sequence).collect();
            self.done(&mut claim, &seqs).await?;
            moved += seqs.len() as u64;
        }
        claim.release().await?;
        Ok(moved)
    }

    /// Through RabbitMQ: published is what it has confirmed.
    async fn publish(
        &self,
        rabbit: &Arc<Rabbit>,
        current: &mut Option<Publisher>,
        mut claim: OutboxClaim,
    ) -> Result<u64> {
        if current.is_none() {
            *current = Some(Publisher::open(rabbit.clone(), self.settings.confirm_timeout()).await?);
        }
        let Some(publisher) = current.as_ref() else { return Ok(0) };
        let mut flight = Flight::default();
        let mut moved = 0;
        let outcome = self.pump(publisher, &mut claim, &mut flight, &mut moved).await;
        // What was confirmed before an error stays published.
        let confirmed = flight.take_confirmed();
        self.done(&mut claim, &confirmed).await?;
        claim.release().await?;
        outcome.map(|()| moved + confirmed.len() as u64)
    }

    async fn pump(
        &self,
        publisher: &Publisher,
        claim: &mut OutboxClaim,
        flight: &mut Flight,
        moved: &mut u64,
    ) -> Result<()> {
        let mut window = self.next(claim).await?;
        while !window.events.is_empty() {
            let confirmed = flight.take_confirmed();
            let turn = async {
                self.done(claim, &confirmed).await?;
                self.next(claim).await
            };
            let (sent, next) = tokio::join!(flight.send(publisher, &window.events), turn);
            if sent.is_err() {
                window.traces.failed();
            }
            window = next?;
            *moved += confirmed.len() as u64;
            sent?;
        }
        flight.land(publisher).await
    }

    /// Publishes until the outbox is empty, also of what other relays have in hand.
    pub(crate) async fn flush(&self) -> Result<u64> {
        let mut moved = 0;
        loop {
            match self.run_once().await? {
                0 if self.is_empty().await? => return Ok(moved),
                0 => tokio::time::sleep(Duration::from_millis(5)).await,
                events => moved += events,
            }
        }
    }

    /// Publishes whenever there is something, until stopped. What is under way then is finished.
    pub(crate) async fn run(&self, stop: CancellationToken) {
        let mut backoff = Backoff::new();
        let mut listener = None;
        while !stop.is_cancelled() {
            match self.run_once().await {
                Ok(0) => {
                    backoff.reset();
                    if stop.run_until_cancelled(self.idle(&mut listener)).await.is_none() {
                        return;
                    }
                }
                Ok(_) => backoff.reset(),
                Err(error) => {
                    let cause = std::error::Error::source(&*error).map(ToString::to_string);
                    tracing::warn!(service = self.db.service(), %error, cause, "events wait in the outbox");
                    self.observe().await;
                    if !backoff.wait(&stop).await {
                        return;
                    }
                }
            }
        }
    }

    /// Until something may have been written: told by the database, or by the poll behind it.
    async fn idle(&self, listener: &mut Option<OutboxListener>) {
        if listener.is_none() {
            *listener = self.db.outbox_listen().await.ok();
            if listener.is_some() {
                return; // look once more: something may have been written before we listened
            }
        }
        let woken = async {
            match listener.as_mut() {
                Some(listener) => listener.wait().await,
                None => std::future::pending().await,
            }
        };
        match tokio::time::timeout(self.settings.poll(), woken).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => *listener = None,
            Err(_) => self.observe().await,
        }
    }

    /// Publishes depth and age of the outbox.
    async fn observe(&self) {
        if let Ok(depth) = self.db.outbox_depth().await {
            telemetry::outbox(self.db.service(), &depth, self.db.clock().now());
        }
    }
}
