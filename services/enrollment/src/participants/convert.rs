//! Participants between the contract and the domain.

use super::participant::{Change, Participant, Reason, State};
use crate::{
    access::View,
    convert::{profile, profile_out, role},
};
use contracts::time::timestamp_some;
use contracts::{
    mentor::{common::v1 as common, enrollment::v1 as pb},
    time::timestamp,
};
use kernel::{Error, Result};

/// What an update names.
///
/// # Errors
/// `FIELD_INVALID` for an empty mask, an unknown path or a missing profile.
pub(crate) fn change(
    mask: Option<prost_types::FieldMask>,
    new_profile: Option<common::Profile>,
    capacity: i32,
) -> Result<Change> {
    let paths = mask.map(|mask| mask.paths).unwrap_or_default();
    if paths.is_empty() {
        return Err(Error::field("update_mask", "must name at least one field"));
    }
    let mut change = Change::default();
    for (i, path) in paths.iter().enumerate() {
        match path.as_str() {
            "profile" => change.profile = Some(profile("profile", new_profile.clone())?),
            "capacity" => change.capacity = Some(capacity),
            _ => {
                return Err(Error::field(
                    format!("update_mask.paths[{i}]"),
                    "must be one of profile, capacity",
                ));
            }
        }
    }
    Ok(change)
}

/// A state as a filter; unspecified is any.
///
/// # Errors
/// `FIELD_INVALID` for a number that means nothing.
pub(crate) fn state_filter(state: i32) -> Result<Option<State>> {
    match pb::ParticipantState::try_from(state) {
        Ok(pb::ParticipantState::Unspecified) => Ok(None),
        Ok(pb::ParticipantState::InTraining) => Ok(Some(State::InTraining)),
        Ok(pb::ParticipantState::Ready) => Ok(Some(State::Ready)),
        Ok(pb::ParticipantState::Withdrawn) => Ok(Some(State::Withdrawn)),
        Err(_) => Err(Error::field("state", "is not a known state")),
    }
}

fn state_out(state: State) -> pb::ParticipantState {
    match state {
        State::InTraining => pb::ParticipantState::InTraining,
        State::Ready => pb::ParticipantState::Ready,
        State::Withdrawn => pb::ParticipantState::Withdrawn,
    }
}

fn reason_out(reason: Option<Reason>) -> pb::ParticipantWithdrawalReason {
    match reason {
        None => pb::ParticipantWithdrawalReason::Unspecified,
        Some(Reason::OwnWish) => pb::ParticipantWithdrawalReason::OwnWish,
        Some(Reason::Leaver) => pb::ParticipantWithdrawalReason::Leaver,
        Some(Reason::ProgramManager) => pb::ParticipantWithdrawalReason::ProgramManager,
    }
}

/// A participant for an answer, as much of it as the caller sees.
pub(crate) fn participant_out(participant: &Participant, view: View) -> pb::Participant {
    let full = view == View::Full;
    pb::Participant {
        participant_id: participant.id.to_string(),
        program_id: participant.program.to_string(),
        person_id: participant.person.to_string(),
        role: role(participant.side).into(),
        state: state_out(participant.state).into(),
        capacity: if full { participant.capacity } else { 0 },
        profile: full.then(|| profile_out(&participant.profile)),
        application_id: participant.application.to_string(),
        joined_at: Some(timestamp(participant.joined_at)),
        ready_at: timestamp_some(participant.ready_at),
        withdrawn_at: timestamp_some(participant.withdrawn_at),
        withdrawal_reason: reason_out(participant.reason).into(),
        etag: storage::etag(participant.version),
    }
}
