//! Events to projections.

use crate::{
    convert::read_role,
    projections::store::{Match, Meeting, Program},
    words::Role,
};
use contracts::{
    mentor::{
        common::v1::{ParticipantRole, Policy},
        matching::events::v1::Pair,
        scheduling::events::v1::MeetingInfo,
    },
    time::instant,
};
use kernel::{Error, Result, Uuid, parse_id};

pub(crate) fn role(role: ParticipantRole) -> Result<&'static str> {
    read_role(role).map(Role::name).ok_or_else(|| Error::field("role", "must be set"))
}

pub(crate) fn program<'a>(id: Uuid, name: &'a str, policy: Option<&Policy>) -> Program<'a> {
    let policy = policy.cloned().unwrap_or_default();
    Program {
        id,
        name,
        meetings_per_month: policy.meetings_per_month,
        review_day: policy.review_day,
        check_in_days: policy.check_in_days,
    }
}

/// A match as every event of it carries it; what only some carry is left out.
pub(crate) fn pair(match_id: &str, pair: Option<&Pair>, state: &'static str) -> Result<Match> {
    let pair = pair.ok_or_else(|| Error::field("pair", "must be set"))?;
    Ok(Match {
        id: parse_id("match_id", match_id)?,
        program: parse_id("pair.program_id", &pair.program_id)?,
        mentor_participant: parse_id("pair.mentor_participant_id", &pair.mentor_participant_id)?,
        mentor_person: parse_id("pair.mentor_person_id", &pair.mentor_person_id)?,
        mentee_participant: parse_id("pair.mentee_participant_id", &pair.mentee_participant_id)?,
        mentee_person: parse_id("pair.mentee_person_id", &pair.mentee_person_id)?,
        state,
        score: None,
        activated_at: None,
        ended_at: None,
        ending: "",
    })
}

pub(crate) fn meeting(meeting_id: &str, info: Option<&MeetingInfo>, state: &'static str) -> Result<Meeting> {
    let info = info.ok_or_else(|| Error::field("meeting", "must be set"))?;
    Ok(Meeting {
        id: parse_id("meeting_id", meeting_id)?,
        match_id: parse_id("meeting.match_id", &info.match_id)?,
        program: parse_id("meeting.program_id", &info.program_id)?,
        starts_at: instant("meeting.starts_at", &info.starts_at)?,
        ends_at: instant("meeting.ends_at", &info.ends_at)?,
        state,
    })
}
