//! Domain: Meetings held against policy.

use jiff::Timestamp;
use kernel::{Actor, Error, Result};
use uuid::Uuid;

/// Seconds of a month: the twelfth of a Gregorian year of 365.2425 days.
const MONTH: i64 = 2_629_746;

/// What is known of a match and its meetings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// The match.
    pub(crate) match_id: Uuid,
    /// The program.
    pub(crate) program_id: Uuid,
    /// The mentor as person.
    pub(crate) mentor: Uuid,
    /// The mentee as person.
    pub(crate) mentee: Uuid,
    /// When the match became active.
    pub(crate) activated_at: Timestamp,
    /// When it ended.
    pub(crate) ended_at: Option<Timestamp>,
    /// What the policy asks for; `None` while the program is not known.
    pub(crate) meetings_per_month: Option<i32>,
    /// Scheduled, the outcome open.
    pub(crate) planned: i64,
    /// Held.
    pub(crate) held: i64,
    /// Missed.
    pub(crate) missed: i64,
    /// Missed, since nobody said how it came out.
    pub(crate) unreported: i64,
    /// Cancelled.
    pub(crate) cancelled: i64,
}

/// Whether the caller may see all matches; else only those they are in.
pub(crate) fn sees_all(actor: &Actor) -> bool {
    actor.manages_programs() || actor.is(kernel::Role::HrClient)
}

impl Record {
    /// Whether the caller may see this.
    ///
    /// # Errors
    /// `PERMISSION_DENIED` for somebody else's match.
    pub(crate) fn authorize(&self, actor: &Actor) -> Result<()> {
        if sees_all(actor) || actor.is_person(self.mentor) || actor.is_person(self.mentee) {
            return Ok(());
        }
        Err(Error::denied("adherence is for the two people of the match and for program managers only"))
    }

    /// Meetings that the policy asks for up to now, pro rata, rounded down.
    pub(crate) fn required(&self, now: Timestamp) -> i64 {
        let until = self.ended_at.map_or(now, |ended| ended.min(now));
        let seconds = until.duration_since(self.activated_at).as_secs().max(0);
        i64::from(self.meetings_per_month.unwrap_or(0)).saturating_mul(seconds) / MONTH
    }

    /// Held against required in percent, at most 100; 100 while nothing is required.
    pub(crate) fn percent(&self, now: Timestamp) -> i64 {
        match self.required(now) {
            0 => 100,
            required => (self.held.saturating_mul(100) / required).min(100),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    fn record() -> Record {
        Record {
            match_id: Uuid::from_u128(1),
            program_id: Uuid::from_u128(2),
            mentor: Uuid::from_u128(3),
            mentee: Uuid::from_u128(4),
            activated_at: at("2025-01-01T00:00:00Z"),
            ended_at: None,
            meetings_per_month: Some(2),
            planned: 0,
            held: 3,
            missed: 0,
            unreported: 0,
            cancelled: 0,
        }
    }

    #[rstest]
    #[case("2024-12-01T00:00:00Z", 0, 100)] // a clock that lags
    #[case("2025-01-01T00:00:00Z", 0, 100)]
    #[case("2025-01-16T05:14:32Z", 0, 100)] // one second before half a month
    #[case("2025-01-16T05:14:33Z", 1, 100)]
    #[case("2025-04-02T07:27:18Z", 6, 50)] // three months to the second
    #[case("2026-01-01T05:49:12Z", 24, 12)] // a year to the second
    fn required_is_pro_rata(#[case] now: &str, #[case] required: i64, #[case] percent: i64) {
        assert_eq!((record().required(at(now)), record().percent(at(now))), (required, percent));
    }

    #[test]
    fn an_ended_match_requires_no_more() {
        let ended = Record { ended_at: Some(at("2025-02-01T00:00:00Z")), ..record() };
        assert_eq!(ended.required(at("2026-01-01T00:00:00Z")), 2);
    }

    #[test]
    fn an_unknown_policy_requires_nothing() {
        let unknown = Record { meetings_per_month: None, ..record() };
        assert_eq!(
            (unknown.required(at("2026-01-01T00:00:00Z")), unknown.percent(at("2026-01-01T00:00:00Z"))),
            (0, 100)
        );
    }
}
