//! Domain: Civil time at its borders: zones by name, the wall clock of a day, spans of instants.

use jiff::{
    Timestamp,
    civil::DateTime,
    tz::{AmbiguousOffset, TimeZone},
};
use kernel::{Error, ErrorKind, FieldViolation, Result};
use serde::{Deserialize, Serialize};

/// A span of time: from an instant up to, and without, a later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Span {
    /// First instant.
    pub(crate) from: Timestamp,
    /// First instant after it.
    pub(crate) to: Timestamp,
}

impl Span {
    /// A span, when it is not empty.
    pub(crate) fn new(from: Timestamp, to: Timestamp) -> Option<Span> {
        (from < to).then_some(Span { from, to })
    }

    /// Whether the two share an instant.
    pub(crate) fn overlaps(&self, other: &Span) -> bool {
        self.from < other.to && other.from < self.to
    }

    /// What the two share.
    pub(crate) fn intersection(&self, other: &Span) -> Option<Span> {
        Span::new(self.from.max(other.from), self.to.min(other.to))
    }
}

/// Looks a zone up in the IANA database.
///
/// # Errors
/// `ZONE_UNKNOWN` naming the field.
pub(crate) fn zone(field: &str, name: &str) -> Result<TimeZone> {
    let known = TimeZone::get(name).ok().filter(|zone| zone.iana_name().is_some());
    known.ok_or_else(|| {
        let description = format!("'{name}' is not an IANA time zone, such as 'Europe/London'");
        let mut error =
            Error::new(ErrorKind::InvalidArgument, "ZONE_UNKNOWN", format!("{field}: {description}"));
        error.violations.push(FieldViolation { field: field.to_owned(), description });
        error
    })
}

/// The first instant at which the zone's clock shows this time or a later one: of a time that exists twice the
/// first, of a time that does not exist the moment the clock jumps over it.
pub(crate) fn first_showing(zone: &TimeZone, local: DateTime) -> Option<Timestamp> {
    match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(local).ok(),
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(local).ok(),
        AmbiguousOffset::Gap { after, .. } => {
            let before_the_jump = after.to_timestamp(local).ok()?;
            zone.following(before_the_jump).next().map(|jump| jump.timestamp())
        }
    }
}

/// The instant of a civil time after RFC 5545, 3.3.5: a time that does not exist is read with the offset before
/// the gap (so it moves later by the gap), one that exists twice is the first.
pub(crate) fn instant_of(zone: &TimeZone, local: DateTime) -> Option<Timestamp> {
    zone.to_ambiguous_timestamp(local).compatible().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    #[test]
    fn an_unknown_zone_names_its_field() {
        for name in ["Mars/Olympus", "", "Local", "../etc/passwd", "Etc/Unknown", "+01:00"] {
            let error = zone("availability.zone", name).expect_err("unknown");
            assert_eq!(
                (error.reason, error.violations[0].field.as_str()),
                ("ZONE_UNKNOWN", "availability.zone")
            );
        }
        for name in ["America/Chicago", "UTC", "Asia/Kathmandu", "Europe/London"] {
            zone("zone", name).expect("known");
        }
    }

    #[test]
    fn gaps_and_folds_of_chicago() {
        let chicago = zone("zone", "America/Chicago").expect("known");
        let local = |text: &str| text.parse::<DateTime>().expect("local");
        // 9 March 2025, 02:00 -> 03:00.
        let jump = at("2025-03-09T08:00:00Z");
        assert_eq!(first_showing(&chicago, local("2025-03-09T02:30:00")), Some(jump));
        assert_eq!(instant_of(&chicago, local("2025-03-09T02:30:00")), Some(at("2025-03-09T08:30:00Z")));
        // 2 November 2025, 02:00 -> 01:00: the first 01:30 is the one of summer time.
        let first = at("2025-11-02T06:30:00Z");
        assert_eq!(first_showing(&chicago, local("2025-11-02T01:30:00")), Some(first));
        assert_eq!(instant_of(&chicago, local("2025-11-02T01:30:00")), Some(first));
    }
}
