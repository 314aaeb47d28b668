//! Domain: a program month by month. Months are months of UTC.

use crate::health::assessment;
use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// When a match was active.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) from: Timestamp,
    /// None while it is active.
    pub(crate) to: Option<Timestamp>,
}

/// A month of a program: from the first of a month (or later) to the first of the next (or now).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Month {
    /// Such as "2025-03".
    pub(crate) name: String,
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
}

/// The months between two instants, the last one as far as it has gone.
pub(crate) fn months(from: Timestamp, now: Timestamp) -> Vec<Month> {
    let mut first = from.to_zoned(TimeZone::UTC).date().first_of_month();
    let mut found = Vec::new();
    while let Some((start, next)) = bounds(first) {
        if start >= now {
            break;
        }
        found.push(Month { name: first.strftime("%Y-%m").to_string(), from: start, to: next.min(now) });
        first = first.last_of_month().tomorrow().unwrap_or(Date::MAX);
    }
    found
}

fn bounds(first: Date) -> Option<(Timestamp, Timestamp)> {
    let start = first.to_zoned(TimeZone::UTC).ok()?.timestamp();
    let next = first.last_of_month().tomorrow().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp();
    Some((start, next))
}

/// Meetings that the policy asked for of these matches within a month: the days they were active in it, together,
/// times meetings per month, rounded down once.
pub(crate) fn required_in(month: &Month, spans: &[Span], meetings_per_month: i32) -> i32 {
    let days: i64 = spans.iter().map(|span| active_days(month, span)).sum();
    assessment::required(meetings_per_month, days)
}

fn active_days(month: &Month, span: &Span) -> i64 {
    let from = span.from.max(month.from);
    let to = span.to.unwrap_or(month.to).min(month.to);
    assessment::days(from, to.max(from))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("valid")
    }

    #[test]
    fn months_run_to_now() {
        let found = months(at("2024-12-20T10:00:00Z"), at("2025-02-03T12:00:00Z"));
        let names: Vec<&str> = found.iter().map(|month| month.name.as_str()).collect();
        assert_eq!(names, ["2024-12", "2025-01", "2025-02"]);
        assert_eq!(found[2].to, at("2025-02-03T12:00:00Z"));
        assert_eq!(found[0].to, at("2025-01-01T00:00:00Z"));
    }

    #[test]
    fn required_counts_the_active_days_of_all_together() {
        let month = &months(at("2025-03-01T00:00:00Z"), at("2025-04-01T00:00:00Z"))[0];
        let whole = Span { from: at("2025-01-01T00:00:00Z"), to: None };
        let half = Span { from: at("2025-03-16T00:00:00Z"), to: None };
        let over = Span { from: at("2025-01-01T00:00:00Z"), to: Some(at("2025-02-01T00:00:00Z")) };
        assert_eq!(required_in(month, &[whole], 2), 2);
        assert_eq!(required_in(month, &[half, half], 2), 2);
        assert_eq!(required_in(month, &[over], 2), 0);
    }
}
