//! Events on their way to the broker: in waves, each confirmed while the next is sent.
//!
//! Two events of one aggregate are never unconfirmed together: should the broker refuse the first, the second would
//! overtake it.

use crate::{
    Envelope,
    rabbit::{Outcome, Publisher, away},
};
use kernel::{Result, TenantId};
use lapin::PublisherConfirm;
use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
};

/// What was sent and what of it has arrived.
#[derive(Default)]
pub(crate) struct Flight {
    pending: Sent,
    confirmed: Vec<i64>,
}

/// Events sent and not yet confirmed.
#[derive(Default)]
struct Sent {
    seqs: Vec<i64>,
    confirms: Vec<PublisherConfirm>,
    /// Hashes: two aggregates that share one merely wait for each other.
    aggregates: HashSet<u64>,
}

impl Flight {
    /// Sends all of them. Returns when the last wave is sent and everything before it is confirmed.
    ///
    /// # Errors
    /// `Unavailable` when the broker is away or has refused one; some may have arrived then.
    pub(crate) async fn send(&mut self, publisher: &Publisher, events: &[Envelope]) -> Result<()> {
        for wave in waves(events) {
            if wave.iter().any(|event| self.pending.aggregates.contains(&key(event))) {
                self.land(publisher).await?;
            }
            let sent = Sent {
                confirms: publisher.send(&wave).await?,
                seqs: wave.iter().map(|event| event.sequence).collect(),
                aggregates: wave.iter().map(|event| key(event)).collect(),
            };
            let before = std::mem::replace(&mut self.pending, sent);
            self.confirm(publisher, before).await?;
        }
        Ok(())
    }

    /// Waits for what is still unconfirmed.
    ///
    /// # Errors
    /// As [`Flight::send`].
    pub(crate) async fn land(&mut self, publisher: &Publisher) -> Result<()> {
        let pending = std::mem::take(&mut self.pending);
        self.confirm(publisher, pending).await
    }

    /// The sequences of those that are safe, each given once.
    pub(crate) fn take_confirmed(&mut self) -> Vec<i64> {
        std::mem::take(&mut self.confirmed)
    }

    async fn confirm(&mut self, publisher: &Publisher, sent: Sent) -> Result<()> {
        if sent.seqs.is_empty() {
            return Ok(());
        }
        let outcomes = publisher.confirm(sent.confirms).await?;
        let safe = sent.seqs.iter().zip(&outcomes).filter(|(_, outcome)| **outcome == Outcome::Safe);
        let before = self.confirmed.len();
        self.confirmed.extend(safe.map(|(seq, _)| *seq));
        // A new publisher declares the topology again, should that have been the reason.
        if self.confirmed.len() - before == sent.seqs.len() {
            Ok(())
        } else {
            Err(away("the broker refused an event"))
        }
    }
}

fn key(event: &Envelope) -> u64 {
    let mut hasher = DefaultHasher::new();
    (event.tenant, &event.aggregate, &event.subject).hash(&mut hasher);
    hasher.finish()
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
