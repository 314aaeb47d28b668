//! Time and ids come from here, so that a test or a simulation can move them.

use jiff::{SignedDuration, Timestamp, Zoned, tz::TimeZone};
use std::sync::{Arc, Mutex, PoisonError};
use uuid::{ContextV7, Uuid};

/// Tells the time and makes ids.
pub trait Clock: Send + Sync + 'static {
    /// The current instant.
    fn now(&self) -> Timestamp;

    /// What this clock's ids count from.
    fn ids(&self) -> &Ids;

    /// A new UUIDv7: sorts by the clock's time, and after this clock's earlier ids of the same millisecond
    /// (RFC 9562, 6.2, a seeded counter); random in the rest.
    fn new_id(&self) -> Uuid {
        let now = self.now();
        let seconds = u64::try_from(now.as_second()).unwrap_or(0);
        let nanos = u32::try_from(now.subsec_nanosecond()).unwrap_or(0);
        Uuid::new_v7(uuid::Timestamp::from_unix(&self.ids().0, seconds, nanos))
    }

    /// Now in a zone.
    fn now_in(&self, zone: TimeZone) -> Zoned {
        self.now().to_zoned(zone)
    }
}

/// The counter that keeps ids of one millisecond in the order in which they were made.
#[derive(Debug, Default)]
pub struct Ids(Mutex<ContextV7>);

/// The clock that everything shares.
pub type SharedClock = Arc<dyn Clock>;

static SYSTEM_IDS: Ids = Ids(Mutex::new(ContextV7::new()));

/// The machine's clock, to the microsecond that Postgres keeps.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }

    fn ids(&self) -> &Ids {
        &SYSTEM_IDS
    }
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct ManualClock {
    now: Mutex<Timestamp>,
    ids: Ids,
}

impl ManualClock {
    /// Starts at an instant.
    pub fn at(start: Timestamp) -> Arc<Self> {
        Arc::new(ManualClock { now: Mutex::new(start), ids: Ids::default() })
    }

    /// Moves forward.
    pub fn advance(&self, by: SignedDuration) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.checked_add(by).unwrap_or(Timestamp::MAX);
    }

    /// Jumps to an instant.
    pub fn set(&self, to: Timestamp) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = to;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ids(&self) -> &Ids {
        &self.ids
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_instant_sort_as_they_were_made() {
        let clock = ManualClock::at(Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24));
        let ids: Vec<Uuid> = (0..10_000).map(|_| clock.new_id()).collect();
        assert!(ids.is_sorted() && ids.windows(2).all(|two| two[0] != two[1]));
        clock.advance(SignedDuration::from_millis(1));
        assert!(ids.iter().all(|id| *id < clock.new_id()));
    }
}
