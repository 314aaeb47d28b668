//! Domain: how a relationship is doing, from facts only. 100 points, less what the signals cost:
//!
//! | signal | costs |
//! |---|---|
//! | cadence: meetings held of those required in the last 90 days, once 2 are required | 40 x missing / required, rounded down |
//! | rating: the latest of each side, 3 / 2 / 1 | 5 / 15 / 25 each |
//! | silence: days since a meeting was held or a check-in answered, over 30 / 45 / 60 | 10 / 20 / 30 |
//! | meetings missed in a row, 2 / 3 and more | 15 / 25 |
//! | somebody asked for help in their latest check-in | 15 |
//!
//! 75 and more is healthy, 50 and more is to be watched, less is at risk; in the first 21 days it is too early.

use crate::words::{Class, Signal};
use jiff::Timestamp;

/// Days in which it is too early to say.
const EARLY_DAYS: i64 = 21;
/// Days that the cadence looks back.
pub(crate) const CADENCE_DAYS: i64 = 90;

/// What is known of a match.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) active_since: Timestamp,
    pub(crate) meetings_per_month: i32,
    /// Held within the last [`CADENCE_DAYS`].
    pub(crate) held: i32,
    pub(crate) missed_in_a_row: i32,
    /// The last meeting held or check-in answered.
    pub(crate) last_sign: Option<Timestamp>,
    /// Latest ratings of mentor and mentee.
    pub(crate) ratings: [Option<i32>; 2],
    pub(crate) wants_help: bool,
}

/// One reason for a lower score.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reason {
    pub(crate) signal: Signal,
    pub(crate) points: i32,
    pub(crate) text: String,
}

/// The health of a match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Assessment {
    pub(crate) class: Class,
    pub(crate) score: i32,
    pub(crate) reasons: Vec<Reason>,
}

/// Whole days between two instants.
pub(crate) fn days(from: Timestamp, to: Timestamp) -> i64 {
    to.duration_since(from).as_hours() / 24
}

/// Meetings that a policy asks for in a span of days, rounded down; a month is a twelfth of 365.2425 days.
pub(crate) fn required(meetings_per_month: i32, days: i64) -> i32 {
    let meetings = i64::from(meetings_per_month) * days.max(0) * 120_000 / 3_652_425;
    i32::try_from(meetings).unwrap_or(i32::MAX)
}

/// Assesses a match.
pub(crate) fn assess(facts: &Facts, now: Timestamp) -> Assessment {
    let active_days = days(facts.active_since, now);
    if active_days < EARLY_DAYS {
        return Assessment { class: Class::TooEarly, score: 100, reasons: Vec::new() };
    }
    let reasons: Vec<Reason> =
        [cadence(facts, active_days), rating(facts), silence(facts, now), missed(facts), help(facts)]
            .into_iter()
            .flatten()
            .collect();
    let score = (100 - reasons.iter().map(|reason| reason.points).sum::<i32>()).max(0);
    let class = match score {
        75.. => Class::Healthy,
        50..75 => Class::Watch,
        _ => Class::AtRisk,
    };
    Assessment { class, score, reasons }
}

fn reason(signal: Signal, points: i32, text: String) -> Option<Reason> {
    (points > 0).then_some(Reason { signal, points, text })
}

fn cadence(facts: &Facts, active_days: i64) -> Option<Reason> {
    let span = active_days.min(CADENCE_DAYS);
    let required = required(facts.meetings_per_month, span);
    if required < 2 {
        return None;
    }
    let missing = (required - facts.held).max(0);
    let text = format!("{} of {required} meetings held in the last {span} days", facts.held);
    reason(Signal::Cadence, 40 * missing / required, text)
}

fn rating(facts: &Facts) -> Option<Reason> {
    let cost = |rating: &i32| match rating {
        ..=1 => 25,
        2 => 15,
        3 => 5,
        _ => 0,
    };
    let points = facts.ratings.iter().flatten().map(cost).sum();
    let [mentor, mentee] = facts.ratings.map(|rating| rating.map_or("no".to_owned(), |n| n.to_string()));
    reason(Signal::Rating, points, format!("latest ratings: mentor {mentor}, mentee {mentee} of 5"))
}

fn silence(facts: &Facts, now: Timestamp) -> Option<Reason> {
    let silent = days(facts.last_sign.unwrap_or(facts.active_since), now);
    let points = match silent {
        61.. => 30,
        46.. => 20,
        31.. => 10,
        _ => 0,
    };
    reason(Signal::Silence, points, format!("no meeting held and no check-in answered for {silent} days"))
}

fn missed(facts: &Facts) -> Option<Reason> {
    let points = match facts.missed_in_a_row {
        3.. => 25,
        2 => 15,
        _ => 0,
    };
    reason(Signal::MissedMeetings, points, format!("the last {} meetings were missed", facts.missed_in_a_row))
}

fn help(facts: &Facts) -> Option<Reason> {
    reason(Signal::HelpWanted, if facts.wants_help { 15 } else { 0 }, "somebody asked for help".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(n: i64) -> Timestamp {
        Timestamp::from_second(1_736_150_400 + n * 86_400).expect("in range")
    }

    fn good() -> Facts {
        Facts {
            active_since: day(0),
            meetings_per_month: 1,
            held: 3,
            missed_in_a_row: 0,
            last_sign: Some(day(95)),
            ratings: [Some(5), Some(4)],
            wants_help: false,
        }
    }

    #[test]
    fn a_pair_that_meets_and_rates_well_is_healthy() {
        let found = assess(&good(), day(100));
        assert_eq!(found, Assessment { class: Class::Healthy, score: 100, reasons: Vec::new() });
    }

    #[test]
    fn the_first_weeks_are_too_early() {
        let facts = Facts { last_sign: None, held: 0, ..good() };
        assert_eq!(assess(&facts, day(20)).class, Class::TooEarly);
    }

    #[test]
    fn every_signal_has_its_price_and_text() {
        let facts = Facts {
            held: 1,
            missed_in_a_row: 2,
            last_sign: Some(day(50)),
            ratings: [Some(3), Some(2)],
            wants_help: true,
            ..good()
        };
        let found = assess(&facts, day(100));
        // required(1, 90 days) = 2: one of two missing costs 20.
        let points: Vec<(Signal, i32)> = found.reasons.iter().map(|r| (r.signal, r.points)).collect();
        assert_eq!(
            points,
            [
                (Signal::Cadence, 20),
                (Signal::Rating, 20),
                (Signal::Silence, 20),
                (Signal::MissedMeetings, 15),
                (Signal::HelpWanted, 15),
            ]
        );
        assert_eq!((found.class, found.score), (Class::AtRisk, 10));
        assert_eq!(found.reasons[0].text, "1 of 2 meetings held in the last 90 days");
    }

    #[test]
    fn months_are_a_twelfth_of_a_year() {
        assert_eq!(required(1, 30), 0);
        assert_eq!(required(1, 31), 1);
        assert_eq!(required(2, 365), 23);
        assert_eq!(required(2, 366), 24);
    }

    proptest! {
        #[test]
        fn points_lost_are_the_sum_of_the_reasons(
            held in 0..20, missed_in_a_row in 0..9, sign in 0i64..400, mentor in 1..6, mentee in 1..6,
            wants_help: bool, now in 21i64..400,
        ) {
            let facts = Facts {
                held, missed_in_a_row, wants_help,
                last_sign: Some(day(sign)), ratings: [Some(mentor), Some(mentee)], ..good()
            };
            let found = assess(&facts, day(now));
            let lost: i32 = found.reasons.iter().map(|r| r.points).sum();
            prop_assert_eq!(found.score, (100 - lost).max(0));
            prop_assert!(found.reasons.iter().all(|r| r.points > 0));
        }
    }
}
