//! The relay: from the outbox to the broker, in the order of each aggregate.
//!
//! A claim locks lanes of the outbox (an aggregate is always in one lane), so several relays share the work and
//! an aggregate is in one relay's hands at a time. Events are published in windows; while the confirms of one
//! window are awaited the next one is read and sent. Two events of one aggregate are never unconfirmed together:
//! should the broker refuse the first, the second would overtake it.

use crate::{
    Broker, Envelope, MessagingSettings,
    backoff::Backoff,
    in_process::InProcess,
    rabbit::{Outcome, Publisher, Rabbit, away},
    telemetry,
};
use kernel::{Result, TenantId};
use lapin::PublisherConfirm;
use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
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

/// Events sent and not yet confirmed.
#[derive(Default)]
struct Unconfirmed {
    seqs: Vec<i64>,
    confirms: Vec<PublisherConfirm>,
    /// Hashes: two aggregates that share one merely wait for each other.
    aggregates: HashSet<u64>,
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

    /// Publishes what one claim holds, at most `claim_limit` events. 0: nothing there, or in other hands.
    pub(crate) async fn run_once(&self) -> Result<u64> {
        // One claim at a time in this process: the channel is one, too.
        let mut publisher = self.publisher.lock().await;
        let Some(claim) = self.db.outbox_claim().await? else { return Ok(0) };
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

    async fn next(&self, claim: &mut OutboxClaim) -> Result<Vec<Envelope>> {
        let window = i64::from(self.settings.publish_window.max(1));
        Ok(claim.next(window).await?.into_iter().map(Envelope::from).collect())
    }

    async fn done(&self, claim: &mut OutboxClaim, seqs: &[i64]) -> Result<()> {
        claim.mark_published(seqs).await?;
        self.published.fetch_add(seqs.len() as u64, Ordering::Relaxed);
        telemetry::published(self.db.service(), seqs.len());
        Ok(())
    }

    /// In this process: published is what every handler has committed.
    async fn deliver(&self, local: &InProcess, mut claim: OutboxClaim) -> Result<u64> {
        let mut moved = 0;
        while moved < u64::from(self.settings.claim_limit) {
            let events = self.next(&mut claim).await?;
            if events.is_empty() {
                break;
            }
            if let Err(error) = local.publish(&events).await {
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
        let mut pending = Unconfirmed::default();
        let mut moved = 0;
        let outcome = self.pump(publisher, &mut claim, &mut pending, &mut moved).await;
        claim.release().await?; // what was confirmed before an error stays published
        outcome.map(|()| moved)
    }

    async fn pump(
        &self,
        publisher: &Publisher,
        claim: &mut OutboxClaim,
        pending: &mut Unconfirmed,
        moved: &mut u64,
    ) -> Result<()> {
        while *moved < u64::from(self.settings.claim_limit) {
            let events = self.next(claim).await?;
            if events.is_empty() {
                break;
            }
            for wave in waves(&events) {
                if wave.iter().any(|event| pending.aggregates.contains(&key(event))) {
                    *moved += self.confirm(publisher, claim, std::mem::take(pending)).await?;
                }
                let sent = send(publisher, &wave).await?;
                let before = std::mem::replace(pending, sent);
                *moved += self.confirm(publisher, claim, before).await?;
            }
        }
        *moved += self.confirm(publisher, claim, std::mem::take(pending)).await?;
        Ok(())
    }

    /// Waits for confirms and marks what is safe.
    async fn confirm(
        &self,
        publisher: &Publisher,
        claim: &mut OutboxClaim,
        sent: Unconfirmed,
    ) -> Result<u64> {
        if sent.seqs.is_empty() {
            return Ok(0);
        }
        let outcomes = publisher.confirm(sent.confirms).await?;
        let safe: Vec<i64> = sent
            .seqs
            .iter()
            .zip(&outcomes)
            .filter(|(_, o)| **o == Outcome::Safe)
            .map(|(seq, _)| *seq)
            .collect();
        self.done(claim, &safe).await?;
        // A new publisher declares the topology again, should that have been the reason.
        if safe.len() == sent.seqs.len() {
            Ok(safe.len() as u64)
        } else {
            Err(away("the broker refused an event"))
        }
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

fn key(event: &Envelope) -> u64 {
    let mut hasher = DefaultHasher::new();
    (event.tenant, &event.aggregate, &event.subject).hash(&mut hasher);
    hasher.finish()
}

async fn send(publisher: &Publisher, wave: &[&Envelope]) -> Result<Unconfirmed> {
    let mut sent = Unconfirmed::default();
    for event in wave {
        sent.confirms.push(publisher.send(event).await?);
        sent.seqs.push(event.sequence);
        sent.aggregates.insert(key(event));
    }
    Ok(sent)
}

/// The first event of each aggregate, then the second of each, and so on.
fn waves(events: &[Envelope]) -> Vec<Vec<&Envelope>> {
    let mut seen: HashMap<(TenantId, &str, &str), usize> = HashMap::new();
    let mut waves: Vec<Vec<&Envelope>> = Vec::new();
    for event in events {
        let wave = seen.entry((event.tenant, &event.aggregate, &event.subject)).or_insert(0);
        match waves.get_mut(*wave) {
            Some(events) => events.push(event),
            None => waves.push(vec![event]),
        }
        *wave += 1;
    }
    waves
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{SystemClock, Uuid};

    fn event(subject: &str, sequence: i64) -> Envelope {
        let person = contracts::mentor::enrollment::events::v1::PersonUpserted {
            person_id: subject.to_owned(),
            ..Default::default()
        };
        Envelope { sequence, ..Envelope::of(&person, TenantId(Uuid::nil()), &SystemClock) }
    }

    #[test]
    fn waves_never_hold_an_aggregate_twice_and_keep_its_order() {
        let events = [("a", 1), ("b", 2), ("a", 3), ("a", 4), ("c", 5), ("b", 6)].map(|(s, n)| event(s, n));
        let waves: Vec<Vec<i64>> =
            waves(&events).iter().map(|wave| wave.iter().map(|event| event.sequence).collect()).collect();
        assert_eq!(waves, [vec![1, 2, 5], vec![3, 6], vec![4]]);
    }
}
