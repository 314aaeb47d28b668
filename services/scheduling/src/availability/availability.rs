//! Domain: When a person has time: weekly windows of the wall clock, and the spans that differ from them.

use crate::time::{Span, first_showing};
use jiff::{SignedDuration, Timestamp, ToSpan, civil::Weekday, tz::TimeZone};
use kernel::{Actor, Error, FieldViolation, Result};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The longest exception.
const MAX_EXCEPTION: SignedDuration = SignedDuration::from_hours(366 * 24);

/// A window of the wall clock that comes back every week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Window {
    /// Monday is 1, Sunday 7.
    pub(crate) day: i8,
    /// Local start, minutes after midnight, 0..1439.
    pub(crate) start: i16,
    /// Local end, minutes after midnight, 1..1440.
    pub(crate) end: i16,
}

/// What an exception says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// No time, whatever else says so.
    Busy,
    /// Time outside the windows.
    Free,
}

/// A span that differs from the windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Exception {
    /// Busy or free.
    pub(crate) kind: Kind,
    /// When.
    #[serde(flatten)]
    pub(crate) span: Span,
}

/// Who said so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The person, or a program manager.
    Person,
    /// The profile of a participant.
    Profile,
}

/// A person's availability.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Availability {
    /// Whose.
    pub(crate) person: Uuid,
    /// Zone of the windows.
    pub(crate) zone: TimeZone,
    /// Weekly windows.
    pub(crate) windows: Vec<Window>,
    /// What differs.
    pub(crate) exceptions: Vec<Exception>,
    /// Who said so.
    pub(crate) source: Source,
    /// When it was last changed.
    pub(crate) updated_at: Timestamp,
    /// Grows with each change.
    pub(crate) version: i64,
}

/// Whether the caller may see or change this person's availability.
///
/// # Errors
/// `PERMISSION_DENIED` for somebody else's.
pub(crate) fn authorize(actor: &Actor, person: Uuid) -> Result<()> {
    if actor.manages_programs() || actor.is_person(person) {
        return Ok(());
    }
    Err(Error::denied("an availability is for the person and for program managers only"))
}

/// Checks windows and exceptions; `path` is where they stand in the request.
///
/// # Errors
/// `FIELD_INVALID` with every field that is wrong.
pub(crate) fn check(path: &str, windows: &[Window], exceptions: &[Exception]) -> Result<()> {
    let mut violations = Vec::new();
    for (i, window) in windows.iter().enumerate() {
        if window.end <= window.start {
            violations.push(FieldViolation {
                field: format!("{path}.windows[{i}].end_minute"),
                description: format!("must be after start_minute, which is {}", window.start),
            });
        } else if let Some(other) = windows.iter().take(i).position(|other| overlap(window, other)) {
            violations.push(FieldViolation {
                field: format!("{path}.windows[{i}]"),
                description: format!("overlaps windows[{other}]; join the two"),
            });
        }
    }
    for (i, exception) in exceptions.iter().enumerate() {
        let length = exception.span.to.duration_since(exception.span.from);
        if !length.is_positive() || length > MAX_EXCEPTION {
            violations.push(FieldViolation {
                field: format!("{path}.exceptions[{i}].ends_at"),
                description: "must be after starts_at, at most 366 days later".to_owned(),
            });
        }
    }
    if violations.is_empty() { Ok(()) } else { Err(Error::fields(violations)) }
}

/// Joins windows that overlap or touch, and drops those that are empty.
pub(crate) fn merge(mut windows: Vec<Window>) -> Vec<Window> {
    windows.retain(|window| window.start < window.end);
    windows.sort_unstable();
    let mut joined: Vec<Window> = Vec::with_capacity(windows.len());
    for window in windows {
        match joined.last_mut() {
            Some(last) if last.day == window.day && window.start <= last.end => {
                last.end = last.end.max(window.end)
            }
            _ => joined.push(window),
        }
    }
    joined
}

fn overlap(a: &Window, b: &Window) -> bool {
    a.day == b.day && a.start < b.end && b.start < a.end
}

impl Availability {
    /// The windows that fall into a range, as spans in order; they may touch the range's ends.
    pub(crate) fn windows_within(&self, range: Span) -> Vec<Span> {
        let local = |instant: Timestamp| self.zone.to_datetime(instant).date();
        // A day before and after: no zone's day is further from the instant's own.
        let (Ok(mut date), Ok(last)) =
            (local(range.from).checked_sub(1.day()), local(range.to).checked_add(1.day()))
        else {
            return Vec::new();
        };
        let mut spans = Vec::new();
        while date <= last {
            for window in self.windows.iter().filter(|window| window.day == monday_one(date.weekday())) {
                let midnight = date.at(0, 0, 0, 0);
                let bound = |minute: i16| {
                    first_showing(&self.zone, midnight.checked_add(i64::from(minute).minutes()).ok()?)
                };
                if let (Some(from), Some(to)) = (bound(window.start), bound(window.end)) {
                    spans.extend(Span::new(from, to).and_then(|span| span.intersection(&range)));
                }
            }
            let Ok(next) = date.tomorrow() else { break };
            date = next;
        }
        spans
    }
}

fn monday_one(day: Weekday) -> i8 {
    day.to_monday_one_offset()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERSON: Uuid = Uuid::from_u128(7);

    fn window(day: i8, start: i16, end: i16) -> Window {
        Window { day, start, end }
    }

    fn fields(windows: &[Window], exceptions: &[Exception]) -> Vec<String> {
        let error = check("availability", windows, exceptions).expect_err("invalid");
        error.violations.into_iter().map(|violation| violation.field).collect()
    }

    #[test]
    fn what_is_wrong_is_named() {
        let good = window(1, 540, 600);
        check("availability", &[good, window(1, 600, 660), window(2, 540, 600)], &[]).expect("valid");
        assert_eq!(fields(&[good, window(2, 600, 600)], &[]), ["availability.windows[1].end_minute"]);
        assert_eq!(fields(&[good, window(1, 599, 700)], &[]), ["availability.windows[1]"]);
        let now = Timestamp::UNIX_EPOCH;
        let backwards = Exception { kind: Kind::Busy, span: Span { from: now, to: now } };
        assert_eq!(fields(&[], &[backwards]), ["availability.exceptions[0].ends_at"]);
    }

    #[test]
    fn windows_that_touch_become_one() {
        let given = vec![window(2, 600, 660), window(1, 600, 660), window(1, 540, 600), window(1, 700, 700)];
        assert_eq!(merge(given), [window(1, 540, 660), window(2, 600, 660)]);
    }

    #[test]
    fn others_are_denied() {
        use kernel::{Role, TenantId};
        let mut actor = Actor {
            tenant: TenantId(Uuid::nil()),
            subject: "someone".to_owned(),
            person: Some(PERSON),
            roles: vec![Role::Employee],
        };
        authorize(&actor, PERSON).expect("own");
        let other = Uuid::from_u128(8);
        assert_eq!(authorize(&actor, other).expect_err("foreign").reason, "PERMISSION_DENIED");
        actor.roles.push(Role::ProgramManager);
        authorize(&actor, other).expect("a program manager");
    }

    #[test]
    fn a_window_keeps_the_wall_clock_across_the_jump() {
        let zone = TimeZone::get("America/Chicago").expect("known");
        let availability = Availability {
            person: PERSON,
            zone,
            windows: vec![window(1, 15 * 60, 16 * 60)],
            exceptions: Vec::new(),
            source: Source::Person,
            updated_at: Timestamp::UNIX_EPOCH,
            version: 1,
        };
        let at = |text: &str| text.parse::<Timestamp>().expect("instant");
        let spans = availability
            .windows_within(Span { from: at("2025-03-01T00:00:00Z"), to: at("2025-03-15T00:00:00Z") });
        let starts: Vec<Timestamp> = spans.iter().map(|span| span.from).collect();
        assert_eq!(starts, [at("2025-03-03T21:00:00Z"), at("2025-03-10T20:00:00Z")]);
    }
}
