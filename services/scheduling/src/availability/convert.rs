//! Between the contract and the domain; errors name the field.

use super::{
    availability::{Availability, Exception, Kind, Source, Window},
    slots::Search,
};
use crate::time::{Span, zone};
use contracts::{
    mentor::{
        common::v1::WeeklyWindow,
        scheduling::v1::{self as proto, AvailabilityExceptionKind, AvailabilitySource, FindSlotsRequest},
    },
    time::{instant, timestamp},
};
use jiff::{SignedDuration, Timestamp};
use kernel::{Error, Result, parse_id};

/// The widest range searched for slots.
const MAX_RANGE: SignedDuration = SignedDuration::from_hours(92 * 24);
const DEFAULT_STEP: i32 = 30;
const DEFAULT_RESULTS: i32 = 20;

/// A window as the wall clock has it.
pub(crate) fn window(field: &str, window: &WeeklyWindow) -> Result<Window> {
    let bound = |name: &str, minute: i32| {
        let error = || Error::field(format!("{field}.{name}"), "must be between 0 and 1440");
        i16::try_from(minute).ok().filter(|minute| (0..=1440).contains(minute)).ok_or_else(error)
    };
    let day = i8::try_from(window.day).ok().filter(|day| (1..=7).contains(day));
    Ok(Window {
        day: day.ok_or_else(|| Error::field(format!("{field}.day"), "must be a day of the week"))?,
        start: bound("start_minute", window.start_minute)?,
        end: bound("end_minute", window.end_minute)?,
    })
}

/// What a caller sets.
pub(crate) fn availability(given: &proto::Availability, now: Timestamp) -> Result<Availability> {
    let windows = given.windows.iter().enumerate();
    let exceptions = given.exceptions.iter().enumerate();
    Ok(Availability {
        person: parse_id("availability.person_id", &given.person_id)?,
        zone: zone("availability.zone", &given.zone)?,
        windows: windows
            .map(|(i, w)| window(&format!("availability.windows[{i}]"), w))
            .collect::<Result<_>>()?,
        exceptions: exceptions
            .map(|(i, e)| exception(&format!("availability.exceptions[{i}]"), e))
            .collect::<Result<_>>()?,
        source: Source::Person,
        updated_at: now,
        version: 0,
    })
}

fn exception(field: &str, given: &proto::AvailabilityException) -> Result<Exception> {
    let kind = match given.kind() {
        AvailabilityExceptionKind::Busy => Kind::Busy,
        AvailabilityExceptionKind::Free => Kind::Free,
        AvailabilityExceptionKind::Unspecified => {
            return Err(Error::field(format!("{field}.kind"), "must be busy or free"));
        }
    };
    let from = instant(&format!("{field}.starts_at"), &given.starts_at)?;
    let to = instant(&format!("{field}.ends_at"), &given.ends_at)?;
    Ok(Exception { kind, span: Span { from, to } })
}

/// An availability for the caller.
pub(crate) fn to_proto(availability: &Availability) -> proto::Availability {
    let window = |w: &Window| WeeklyWindow {
        day: i32::from(w.day),
        start_minute: i32::from(w.start),
        end_minute: i32::from(w.end),
    };
    let source = match availability.source {
        Source::Person => AvailabilitySource::Person,
        Source::Profile => AvailabilitySource::Profile,
    };
    proto::Availability {
        person_id: availability.person.to_string(),
        zone: availability.zone.iana_name().unwrap_or_default().to_owned(),
        windows: availability.windows.iter().map(window).collect(),
        exceptions: availability.exceptions.iter().map(exception_to_proto).collect(),
        source: source.into(),
        update_time: Some(timestamp(availability.updated_at)),
        etag: storage::etag(availability.version),
    }
}

fn exception_to_proto(exception: &Exception) -> proto::AvailabilityException {
    let kind = match exception.kind {
        Kind::Busy => AvailabilityExceptionKind::Busy,
        Kind::Free => AvailabilityExceptionKind::Free,
    };
    proto::AvailabilityException {
        kind: kind.into(),
        starts_at: Some(timestamp(exception.span.from)),
        ends_at: Some(timestamp(exception.span.to)),
    }
}

/// What is searched for; `None` when the whole range has passed.
pub(crate) fn search(request: &FindSlotsRequest, now: Timestamp) -> Result<Option<Search>> {
    let from = instant("not_before", &request.not_before)?;
    let to = instant("not_after", &request.not_after)?;
    if to <= from || to.duration_since(from) > MAX_RANGE {
        return Err(Error::field("not_after", "must be after not_before, at most 92 days later"));
    }
    let or = |given: i32, default: i32| i64::from(if given == 0 { default } else { given });
    Ok(Span::new(from.max(now), to).map(|range| Search {
        range,
        duration: SignedDuration::from_mins(i64::from(request.duration_minutes)),
        step: SignedDuration::from_mins(or(request.step_minutes, DEFAULT_STEP)),
        limit: usize::try_from(or(request.max_results, DEFAULT_RESULTS)).unwrap_or(0),
    }))
}
