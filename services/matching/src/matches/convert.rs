//! Between the contract's matches and the domain's.

use super::relationship::{DeclineReason, Match, State};
use crate::events;
use contracts::mentor::common::v1::{MatchEnding, ParticipantRole};
use contracts::mentor::matching::v1 as pb;
use contracts::time::timestamp;
use kernel::{Actor, Error, Result};

/// A match as the caller may see it: notes are for program managers.
pub(crate) fn shown(found: &Match, actor: &Actor) -> pb::Match {
    let ending = found.ending.map_or(MatchEnding::Unspecified, events::reason);
    let declined_by = found.declined_by.map_or(ParticipantRole::Unspecified, events::side);
    let decline_reason = found.decline_reason.map_or(pb::DeclineReason::Unspecified, reason);
    pb::Match {
        match_id: found.id.to_string(),
        program_id: found.program.to_string(),
        run_id: found.run.to_string(),
        mentor_participant_id: found.mentor.participant.to_string(),
        mentor_person_id: found.mentor.person.to_string(),
        mentee_participant_id: found.mentee.participant.to_string(),
        mentee_person_id: found.mentee.person.to_string(),
        state: state(found.state).into(),
        score: found.score,
        choice: found.choice,
        proposed_at: Some(timestamp(found.proposed_at)),
        expires_at: Some(timestamp(found.expires_at)),
        mentor_accepted_at: found.mentor_accepted_at.map(timestamp),
        mentee_accepted_at: found.mentee_accepted_at.map(timestamp),
        activated_at: found.activated_at.map(timestamp),
        completes_at: found.completes_at.map(timestamp),
        ended_at: found.ended_at.map(timestamp),
        ending: ending.into(),
        rematch: found.rematch,
        declined_by: declined_by.into(),
        decline_reason: decline_reason.into(),
        note: if actor.manages_programs() { found.note.clone() } else { String::new() },
        etag: storage::etag(found.version),
    }
}

fn state(state: State) -> pb::MatchState {
    match state {
        State::Proposed => pb::MatchState::Proposed,
        State::Accepted => pb::MatchState::Accepted,
        State::Active => pb::MatchState::Active,
        State::Completed => pb::MatchState::Completed,
        State::Dissolved => pb::MatchState::Dissolved,
        State::Declined => pb::MatchState::Declined,
        State::Expired => pb::MatchState::Expired,
    }
}

/// The database's names of states asked for.
pub(crate) fn state_names(states: &[i32]) -> Vec<String> {
    let asked = |other: &State| states.contains(&state(*other).into());
    State::ALL.into_iter().filter(asked).map(|state| state.name().to_owned()).collect()
}

fn reason(reason: DeclineReason) -> pb::DeclineReason {
    match reason {
        DeclineReason::NoTime => pb::DeclineReason::NoTime,
        DeclineReason::NotAFit => pb::DeclineReason::NotAFit,
        DeclineReason::ConflictOfInterest => pb::DeclineReason::ConflictOfInterest,
        DeclineReason::Other => pb::DeclineReason::Other,
    }
}

/// The reason of a request.
pub(crate) fn read_reason(given: i32) -> Result<DeclineReason> {
    let known = |other: &DeclineReason| i32::from(reason(*other)) == given;
    DeclineReason::ALL.into_iter().find(known).ok_or_else(|| Error::field("reason", "must say why"))
}
