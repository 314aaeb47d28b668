//! Puts a recurring meeting into both calendars, all of it or nothing.

use super::{
    convert,
    meeting::{self, Meeting, MeetingEvent, Pair},
    series, store,
};
use crate::{Scheduling, events, time::Span, time::zone};
use contracts::mentor::{
    common::v1::CivilTime,
    scheduling::v1::{ScheduleSeriesRequest, ScheduleSeriesResponse},
};
use jiff::{Timestamp, civil::DateTime};
use kernel::{Error, Result, parse_id};
use storage::{Audit, Tx};

pub(crate) async fn handle(
    _service: &Scheduling,
    tx: &mut Tx,
    request: ScheduleSeriesRequest,
) -> Result<ScheduleSeriesResponse> {
    let now = tx.now();
    let start = request.start.as_ref().ok_or_else(|| Error::field("start", "must be set"))?;
    let starts = starts(start, &request.rrule)?;
    let pair = store::pair(tx, parse_id("match_id", &request.match_id)?).await?;
    meeting::authorize(tx.actor(), pair.mentor, pair.mentee)?;
    pair.may_meet()?;
    let spans = spans(&starts, pair.minutes(request.duration_minutes)?, now)?;
    if let Some((person, at)) = store::first_taken(tx, &pair, &spans).await? {
        return Err(taken(&pair, person, at));
    }

    let series_id = tx.new_id();
    store::insert_series(tx, series_id, pair.match_id, [&start.local, &start.zone], &request.rrule).await?;
    let new = |span: Span| Meeting {
        series_id: Some(series_id),
        ..pair.meeting(tx.new_id(), span, &request.title, &request.location, now)
    };
    let meetings: Vec<Meeting> = spans.into_iter().map(new).collect();
    store::insert(tx, &meetings).await?;
    for meeting in &meetings {
        events::emit(tx, meeting, MeetingEvent::Scheduled);
    }
    if let Some(first) = meetings.first() {
        tx.audit(Audit::of("series", series_id).about(first.other_than(tx.actor())));
    }
    let meetings = meetings.iter().map(convert::to_proto).collect();
    Ok(ScheduleSeriesResponse { series_id: series_id.to_string(), meetings })
}

fn starts(start: &CivilTime, rrule: &str) -> Result<Vec<Timestamp>> {
    let local: DateTime = start.local.parse().map_err(|_| {
        Error::field("start.local", "must be a date and time that exist, such as 2025-03-03T15:00:00")
    })?;
    series::expand(local, &zone("start.zone", &start.zone)?, rrule)
}

/// The time of each meeting: within bounds, none into the next.
fn spans(starts: &[Timestamp], minutes: i32, now: Timestamp) -> Result<Vec<Span>> {
    let span = |(i, at): (usize, &Timestamp)| {
        meeting::span(if i == 0 { "start.local" } else { "rrule" }, *at, minutes, now)
    };
    let spans: Vec<Span> = starts.iter().enumerate().map(span).collect::<Result<_>>()?;
    match meeting::first_overlap(&spans) {
        Some((a, b)) => {
            let message =
                format!("the meetings at {} and {} overlap; shorten them or space them out", a.from, b.from);
            Err(Error::field("rrule", message))
        }
        None => Ok(spans),
    }
}

fn taken(pair: &Pair, person: kernel::Uuid, at: Timestamp) -> Box<Error> {
    let who = if person == pair.mentor { "mentor" } else { "mentee" };
    Error::precondition("SLOT_TAKEN", format!("the {who} has another meeting that starts at {at:.0}"))
        .with("starts_at", format!("{at:.0}"))
}
