//! Between the contract and the domain; errors name the field.

use super::meeting::{Meeting, Outcome, State};
use crate::time::Span;
use contracts::{
    mentor::{
        common::v1::ParticipantRole,
        scheduling::v1::{self as proto, MeetingState, record_attendance_request},
    },
    time::{instant, timestamp},
};
use jiff::Timestamp;
use kernel::{Error, Result, Uuid, parse_id};

/// Filters reach from here, when nothing is said.
const EARLIEST: Timestamp = Timestamp::UNIX_EPOCH;
/// Filters reach to here, when nothing is said: 1 January 3000.
const LATEST: Timestamp = Timestamp::constant(32_503_680_000, 0);

/// A meeting for the caller.
pub(crate) fn to_proto(meeting: &Meeting) -> proto::Meeting {
    let person = |id: Uuid, role: ParticipantRole, attended: bool| proto::MeetingParticipant {
        person_id: id.to_string(),
        role: role.into(),
        attended,
    };
    proto::Meeting {
        meeting_id: meeting.id.to_string(),
        match_id: meeting.match_id.to_string(),
        program_id: meeting.program_id.to_string(),
        series_id: meeting.series_id.map(|id| id.to_string()).unwrap_or_default(),
        state: state_to_proto(meeting.state).into(),
        starts_at: Some(timestamp(meeting.span.from)),
        ends_at: Some(timestamp(meeting.span.to)),
        title: meeting.title.clone(),
        location: meeting.location.clone(),
        participants: vec![
            person(meeting.mentor, ParticipantRole::Mentor, meeting.mentor_attended),
            person(meeting.mentee, ParticipantRole::Mentee, meeting.mentee_attended),
        ],
        uid: meeting.id.to_string(),
        sequence: meeting.sequence,
        reason: meeting.reason.clone(),
        unreported: meeting.unreported,
        create_time: Some(timestamp(meeting.created_at)),
        update_time: Some(timestamp(meeting.updated_at)),
        etag: storage::etag(meeting.version),
    }
}

fn state_to_proto(state: State) -> MeetingState {
    match state {
        State::Scheduled => MeetingState::Scheduled,
        State::Held => MeetingState::Held,
        State::Missed => MeetingState::Missed,
        State::Cancelled => MeetingState::Cancelled,
    }
}

/// A state to filter by; `None` for any.
pub(crate) fn state(state: MeetingState) -> Option<State> {
    match state {
        MeetingState::Unspecified => None,
        MeetingState::Scheduled => Some(State::Scheduled),
        MeetingState::Held => Some(State::Held),
        MeetingState::Missed => Some(State::Missed),
        MeetingState::Cancelled => Some(State::Cancelled),
    }
}

/// An id that may be empty.
pub(crate) fn optional_id(field: &str, text: &str) -> Result<Option<Uuid>> {
    if text.is_empty() { Ok(None) } else { parse_id(field, text).map(Some) }
}

/// An instant that may be absent.
pub(crate) fn optional_instant(
    field: &str,
    given: &Option<prost_types::Timestamp>,
) -> Result<Option<Timestamp>> {
    if given.is_none() { Ok(None) } else { instant(field, given).map(Some) }
}

/// The range in which meetings start.
pub(crate) fn starts(from: Option<Timestamp>, before: Option<Timestamp>) -> Result<Span> {
    let from = from.unwrap_or(EARLIEST).clamp(EARLIEST, LATEST);
    let before = before.unwrap_or(LATEST).clamp(EARLIEST, LATEST);
    Span::new(from, before).ok_or_else(|| Error::field("starts_before", "must be after starts_from"))
}

/// How a meeting came out.
pub(crate) fn outcome(given: Option<record_attendance_request::Outcome>) -> Result<Outcome> {
    use record_attendance_request::Outcome as Given;
    let people = |field: &str, ids: &[String]| {
        let ids = ids.iter().enumerate();
        ids.map(|(i, id)| parse_id(&format!("{field}.attended_person_ids[{i}]"), id))
            .collect::<Result<Vec<Uuid>>>()
    };
    match given {
        Some(Given::Held(held)) => Ok(Outcome::Held(people("held", &held.attended_person_ids)?)),
        Some(Given::Missed(missed)) => {
            Ok(Outcome::Missed(missed.reason, people("missed", &missed.attended_person_ids)?))
        }
        None => Err(Error::field("outcome", "must be held or missed")),
    }
}
