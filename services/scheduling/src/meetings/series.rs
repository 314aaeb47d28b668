//! Domain: Recurring meetings: RFC 5545 rules, expanded on the wall clock and always bounded.
//!
//! The rule is expanded on civil time, and each civil time is turned into an instant afterwards, as RFC 5545,
//! 3.3.10 asks for: a weekly 15:00 stays at 15:00 whatever the zone's offset does, a time that does not exist is
//! read with the offset before the gap, and one that exists twice is the first.

use crate::time::instant_of;
use chrono::{Datelike, TimeZone as _, Timelike};
use jiff::{Timestamp, civil, civil::DateTime, tz::TimeZone};
use kernel::{Error, ErrorKind, FieldViolation, Result};
use rrule::{RRule, RRuleSet, Tz, Unvalidated};

/// The most meetings of a series.
pub(crate) const MAX_MEETINGS: u16 = 200;
/// Parts of a rule that are understood. Those of the time of day are not: it comes from the start.
const PARTS: [&str; 11] = [
    "FREQ",
    "INTERVAL",
    "COUNT",
    "UNTIL",
    "BYDAY",
    "BYMONTHDAY",
    "BYYEARDAY",
    "BYWEEKNO",
    "BYMONTH",
    "BYSETPOS",
    "WKST",
];
const FREQUENCIES: [&str; 4] = ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"];

/// The instants at which the meetings of a series start, in order.
///
/// # Errors
/// `FIELD_INVALID` or `RECURRENCE_UNBOUNDED` naming `rrule`, `FIELD_INVALID` naming `start.local`.
pub(crate) fn expand(start: DateTime, zone: &TimeZone, rule: &str) -> Result<Vec<Timestamp>> {
    let rule = bounded(rule, zone)?;
    let Some(first) = floating(start) else {
        return Err(Error::field("start.local", "must be in the years 1..9999"));
    };
    let parsed: RRule<Unvalidated> = rule.parse().map_err(|error| invalid(format!("{error}")))?;
    let validated = parsed.validate(first).map_err(|error| invalid(format!("{error}")))?;
    let dates = RRuleSet::new(first).rrule(validated).all(MAX_MEETINGS + 1).dates;
    if dates.len() > usize::from(MAX_MEETINGS) {
        return Err(unbounded());
    }
    let locals: Vec<DateTime> = dates.iter().filter_map(civil_of).collect();
    match locals.first() {
        None => return Err(invalid("yields no meeting")),
        Some(local) if *local != start => {
            let message = format!("must be a date of the rule; its first is {local}");
            return Err(Error::field("start.local", message));
        }
        Some(_) => {}
    }
    let mut instants: Vec<Timestamp> =
        locals.into_iter().filter_map(|local| instant_of(zone, local)).collect();
    instants.dedup(); // two days become one where a zone skips a day
    Ok(instants)
}

fn invalid(description: impl Into<String>) -> Box<Error> {
    Error::field("rrule", description)
}

fn unbounded() -> Box<Error> {
    let description = format!("needs COUNT or UNTIL and at most {MAX_MEETINGS} meetings");
    let message = format!("rrule: {description}");
    let mut error = Error::new(ErrorKind::InvalidArgument, "RECURRENCE_UNBOUNDED", message);
    error.violations.push(FieldViolation { field: "rrule".to_owned(), description });
    error
}

/// Checks the parts of a rule, and writes it with UNTIL on the wall clock.
fn bounded(rule: &str, zone: &TimeZone) -> Result<String> {
    let mut parts: Vec<(String, String)> = Vec::new();
    for part in rule.trim().split(';') {
        let Some((name, value)) = part.split_once('=') else {
            return Err(invalid(format!("'{part}' is not NAME=VALUE; write 'FREQ=WEEKLY;COUNT=12'")));
        };
        let (name, value) = (name.trim().to_ascii_uppercase(), value.trim().to_ascii_uppercase());
        if !PARTS.contains(&name.as_str()) {
            return Err(invalid(format!("'{name}' is not one of {}", PARTS.join(", "))));
        }
        if parts.iter().any(|(seen, _)| *seen == name) {
            return Err(invalid(format!("'{name}' stands twice")));
        }
        parts.push((name, value));
    }
    let value = |name: &str| parts.iter().find(|(seen, _)| seen == name).map(|(_, value)| value.as_str());
    if !value("FREQ").is_some_and(|frequency| FREQUENCIES.contains(&frequency)) {
        return Err(invalid(format!("FREQ must be one of {}", FREQUENCIES.join(", "))));
    }
    match (value("COUNT"), value("UNTIL")) {
        (None, None) => return Err(unbounded()),
        (Some(_), Some(_)) => return Err(invalid("must have COUNT or UNTIL, not both")),
        (Some(count), None) => check_count(count)?,
        (None, Some(_)) => {}
    }
    let mut written = Vec::with_capacity(parts.len());
    for (name, value) in &parts {
        let value = if name == "UNTIL" { local_until(value, zone)? } else { value.clone() };
        written.push(format!("{name}={value}"));
    }
    Ok(written.join(";"))
}

fn check_count(count: &str) -> Result<()> {
    match count.parse::<u64>() {
        Ok(0) | Err(_) => Err(invalid(format!("COUNT must be a number between 1 and {MAX_MEETINGS}"))),
        Ok(count) if count > u64::from(MAX_MEETINGS) => Err(unbounded()),
        Ok(_) => Ok(()),
    }
}

/// UNTIL as the wall clock shows it: an instant in UTC is read in the zone, a date includes its day.
fn local_until(until: &str, zone: &TimeZone) -> Result<String> {
    let wrong = || invalid("UNTIL must look like 20251231T235959Z, 20251231T235959 or 20251231");
    let local = if let Some(utc) = until.strip_suffix('Z') {
        let utc = DateTime::strptime("%Y%m%dT%H%M%S", utc).map_err(|_| wrong())?;
        zone.to_datetime(TimeZone::UTC.to_timestamp(utc).map_err(|_| wrong())?)
    } else if until.contains('T') {
        DateTime::strptime("%Y%m%dT%H%M%S", until).map_err(|_| wrong())?
    } else {
        civil::Date::strptime("%Y%m%d", until).map_err(|_| wrong())?.at(23, 59, 59, 0)
    };
    Ok(local.strftime("%Y%m%dT%H%M%SZ").to_string())
}

/// Civil time as chrono's, which rrule takes: in UTC, where no hour is missing or double.
fn floating(local: DateTime) -> Option<chrono::DateTime<Tz>> {
    let (month, day) = (u32::try_from(local.month()).ok()?, u32::try_from(local.day()).ok()?);
    let (hour, minute) = (u32::try_from(local.hour()).ok()?, u32::try_from(local.minute()).ok()?);
    let second = u32::try_from(local.second()).ok()?;
    Tz::UTC.with_ymd_and_hms(i32::from(local.year()), month, day, hour, minute, second).single()
}

fn civil_of(date: &chrono::DateTime<Tz>) -> Option<DateTime> {
    let small = |number: u32| i8::try_from(number).ok();
    let year = i16::try_from(date.year()).ok()?;
    let date_part = civil::Date::new(year, small(date.month())?, small(date.day())?).ok()?;
    let time = civil::Time::new(small(date.hour())?, small(date.minute())?, small(date.second())?, 0).ok()?;
    Some(date_part.to_datetime(time))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn expand_in(zone: &str, start: &str, rule: &str) -> Result<Vec<Timestamp>> {
        let zone = TimeZone::get(zone).expect("known");
        expand(start.parse().expect("civil"), &zone, rule)
    }

    fn instants(texts: &[&str]) -> Vec<Timestamp> {
        texts.iter().map(|text| text.parse().expect("an instant")).collect()
    }

    #[test]
    fn three_in_chicago_stays_three_across_the_jump() {
        let starts =
            expand_in("America/Chicago", "2025-03-03T15:00:00", "FREQ=WEEKLY;COUNT=3").expect("valid");
        assert_eq!(
            starts,
            instants(&["2025-03-03T21:00:00Z", "2025-03-10T20:00:00Z", "2025-03-17T20:00:00Z"])
        );
    }

    #[test]
    fn a_missing_hour_moves_later_and_a_double_hour_is_the_first() {
        let spring =
            expand_in("America/Chicago", "2025-03-08T02:30:00", "FREQ=DAILY;COUNT=3").expect("valid");
        assert_eq!(
            spring,
            instants(&["2025-03-08T08:30:00Z", "2025-03-09T08:30:00Z", "2025-03-10T07:30:00Z"])
        );
        let autumn =
            expand_in("America/Chicago", "2025-11-02T01:30:00", "FREQ=WEEKLY;COUNT=2").expect("valid");
        assert_eq!(autumn, instants(&["2025-11-02T06:30:00Z", "2025-11-09T07:30:00Z"]));
    }

    #[rstest]
    #[case("FREQ=WEEKLY;UNTIL=20250310T200000Z", 2)] // the second meeting itself
    #[case("FREQ=WEEKLY;UNTIL=20250310T195959Z", 1)]
    #[case("FREQ=WEEKLY;UNTIL=20250310T150000", 2)]
    #[case("FREQ=WEEKLY;UNTIL=20250310", 2)]
    #[case("freq=weekly;until=20250309", 1)]
    #[case("FREQ=MONTHLY;BYDAY=1MO;COUNT=5", 5)]
    #[case("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;COUNT=200", 200)]
    fn rules_end(#[case] rule: &str, #[case] meetings: usize) {
        let starts = expand_in("America/Chicago", "2025-03-03T15:00:00", rule).expect("valid");
        assert_eq!(starts.len(), meetings);
    }

    #[rstest]
    #[case("FREQ=WEEKLY", "RECURRENCE_UNBOUNDED")]
    #[case("FREQ=DAILY;COUNT=201", "RECURRENCE_UNBOUNDED")]
    #[case("FREQ=DAILY;COUNT=99999999999", "RECURRENCE_UNBOUNDED")]
    #[case("FREQ=DAILY;UNTIL=20991231", "RECURRENCE_UNBOUNDED")]
    #[case("FREQ=DAILY;UNTIL=20250302", "FIELD_INVALID")]
    #[case("FREQ=HOURLY;COUNT=2", "FIELD_INVALID")]
    #[case("FREQ=DAILY;BYHOUR=3;COUNT=2", "FIELD_INVALID")]
    #[case("FREQ=DAILY;COUNT=2;UNTIL=20250401", "FIELD_INVALID")]
    #[case("FREQ=DAILY;COUNT=2;COUNT=3", "FIELD_INVALID")]
    #[case("FREQ=DAILY;COUNT=0", "FIELD_INVALID")]
    #[case("FREQ=DAILY;UNTIL=tomorrow", "FIELD_INVALID")]
    #[case("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=2", "FIELD_INVALID")]
    #[case("RRULE:FREQ=DAILY;COUNT=2", "FIELD_INVALID")]
    #[case("FREQ=DAILY;COUNT=2\nRRULE:FREQ=DAILY", "FIELD_INVALID")]
    #[case("nonsense", "FIELD_INVALID")]
    fn wrong_rules_are_named(#[case] rule: &str, #[case] reason: &str) {
        let error = expand_in("America/Chicago", "2025-03-03T15:00:00", rule).expect_err("wrong");
        assert_eq!((error.reason, error.violations[0].field.as_str()), (reason, "rrule"), "{rule}");
    }

    #[test]
    fn the_start_must_be_a_date_of_the_rule() {
        let error =
            expand_in("UTC", "2025-03-03T15:00:00", "FREQ=WEEKLY;BYDAY=TU;COUNT=2").expect_err("a Monday");
        assert_eq!(error.violations[0].field, "start.local");
        assert!(error.message.contains("2025-03-04T15:00:00"), "{}", error.message);
    }

    #[test]
    fn another_implementation_agrees() {
        let lines =
            include_str!("../../tests/data/recurrences.txt").lines().filter(|line| !line.starts_with('#'));
        for line in lines {
            let parts: Vec<&str> = line.split('|').collect();
            let [start, zone, rule, expected] = parts[..] else { panic!("four parts: {line}") };
            let found = expand_in(zone, start, rule).expect("valid");
            let found: Vec<String> = found.iter().map(Timestamp::to_string).collect();
            assert_eq!(found.join(","), expected, "{start} {zone} {rule}");
        }
    }

    proptest! {
        #[test]
        fn a_wall_clock_that_exists_is_kept(
            zone in prop::sample::select(&["America/Chicago", "Europe/London", "Australia/Lord_Howe", "Asia/Tokyo"][..]),
            day in 1_i8..=28, month in 1_i8..=12, hour in 4_i8..24, count in 1_usize..60,
            frequency in prop::sample::select(&["DAILY", "WEEKLY", "MONTHLY", "YEARLY"][..]),
        ) {
            let zone = TimeZone::get(zone).expect("known");
            let start = civil::date(2025, month, day).at(hour, 30, 0, 0);
            let starts = expand(start, &zone, &format!("FREQ={frequency};COUNT={count}")).expect("valid");
            prop_assert_eq!(starts.len(), count);
            prop_assert!(starts.windows(2).all(|pair| pair[0] < pair[1]));
            for instant in starts {
                prop_assert_eq!(zone.to_datetime(instant).time(), start.time());
            }
        }

        #[test]
        fn no_text_breaks_it(rule in "(FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY);(COUNT|UNTIL)=[0-9TZ]{1,16}(;(BYDAY|BYSETPOS|INTERVAL|BYMONTHDAY|BYWEEKNO|BYYEARDAY|WKST|BYMONTH)=[-+0-9A-Z,]{0,12}){0,3})|\\PC{0,60}") {
            if let Ok(starts) = expand_in("Europe/London", "2025-03-03T15:00:00", &rule) {
                prop_assert!(!starts.is_empty() && starts.len() <= usize::from(MAX_MEETINGS));
            }
        }
    }
}
