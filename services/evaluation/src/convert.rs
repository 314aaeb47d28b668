//! The domain's words on the wire.

use crate::words::{CheckInState, Class, Decision, Ending, ReviewState, Role, Signal};
use contracts::mentor::{
    common::v1::{HealthClass, MatchEnding, ParticipantRole},
    evaluation::v1 as wire,
};
use kernel::{Error, Result};

/// Reads a word that a table holds.
pub(crate) fn stored<T>(read: fn(&str) -> Option<T>, text: &str) -> Result<T> {
    read(text).ok_or_else(|| Error::internal(format!("a table holds the unknown word '{text}'")))
}

/// An id that a request may leave out; empty is none.
pub(crate) fn optional_id(field: &str, text: &str) -> Result<Option<kernel::Uuid>> {
    if text.is_empty() { Ok(None) } else { kernel::parse_id(field, text).map(Some) }
}

pub(crate) fn role(role: Role) -> ParticipantRole {
    match role {
        Role::Mentor => ParticipantRole::Mentor,
        Role::Mentee => ParticipantRole::Mentee,
    }
}

pub(crate) fn read_role(role: ParticipantRole) -> Option<Role> {
    match role {
        ParticipantRole::Unspecified => None,
        ParticipantRole::Mentor => Some(Role::Mentor),
        ParticipantRole::Mentee => Some(Role::Mentee),
    }
}

pub(crate) fn check_in_state(state: CheckInState) -> wire::CheckInState {
    match state {
        CheckInState::Open => wire::CheckInState::Open,
        CheckInState::Answered => wire::CheckInState::Answered,
        CheckInState::Closed => wire::CheckInState::Closed,
    }
}

pub(crate) fn read_check_in_state(state: wire::CheckInState) -> Option<CheckInState> {
    match state {
        wire::CheckInState::Unspecified => None,
        wire::CheckInState::Open => Some(CheckInState::Open),
        wire::CheckInState::Answered => Some(CheckInState::Answered),
        wire::CheckInState::Closed => Some(CheckInState::Closed),
    }
}

pub(crate) fn class(class: Class) -> HealthClass {
    match class {
        Class::TooEarly => HealthClass::TooEarly,
        Class::Healthy => HealthClass::Healthy,
        Class::Watch => HealthClass::Watch,
        Class::AtRisk => HealthClass::AtRisk,
    }
}

pub(crate) fn read_class(class: HealthClass) -> Option<Class> {
    match class {
        HealthClass::Unspecified => None,
        HealthClass::TooEarly => Some(Class::TooEarly),
        HealthClass::Healthy => Some(Class::Healthy),
        HealthClass::Watch => Some(Class::Watch),
        HealthClass::AtRisk => Some(Class::AtRisk),
    }
}

pub(crate) fn signal(signal: Signal) -> wire::HealthSignal {
    match signal {
        Signal::Cadence => wire::HealthSignal::Cadence,
        Signal::Rating => wire::HealthSignal::Rating,
        Signal::Silence => wire::HealthSignal::Silence,
        Signal::MissedMeetings => wire::HealthSignal::MissedMeetings,
        Signal::HelpWanted => wire::HealthSignal::HelpWanted,
    }
}

pub(crate) fn review_state(state: ReviewState) -> wire::ReviewState {
    match state {
        ReviewState::Open => wire::ReviewState::Open,
        ReviewState::Decided => wire::ReviewState::Decided,
        ReviewState::Lapsed => wire::ReviewState::Lapsed,
    }
}

pub(crate) fn read_review_state(state: wire::ReviewState) -> Option<ReviewState> {
    match state {
        wire::ReviewState::Unspecified => None,
        wire::ReviewState::Open => Some(ReviewState::Open),
        wire::ReviewState::Decided => Some(ReviewState::Decided),
        wire::ReviewState::Lapsed => Some(ReviewState::Lapsed),
    }
}

pub(crate) fn decision(decision: Decision) -> wire::ReviewDecision {
    match decision {
        Decision::Continue => wire::ReviewDecision::Continue,
        Decision::EndNoFault => wire::ReviewDecision::EndNoFault,
    }
}

pub(crate) fn read_decision(decision: wire::ReviewDecision) -> Option<Decision> {
    match decision {
        wire::ReviewDecision::Unspecified => None,
        wire::ReviewDecision::Continue => Some(Decision::Continue),
        wire::ReviewDecision::EndNoFault => Some(Decision::EndNoFault),
    }
}

pub(crate) fn ending(ending: Ending) -> MatchEnding {
    match ending {
        Ending::Completed => MatchEnding::Completed,
        Ending::NoFault => MatchEnding::NoFault,
        Ending::Leaver => MatchEnding::Leaver,
        Ending::Withdrawn => MatchEnding::Withdrawn,
        Ending::ProgramClosed => MatchEnding::ProgramClosed,
        Ending::ReportingLine => MatchEnding::ReportingLine,
    }
}

pub(crate) fn read_ending(ending: MatchEnding) -> Option<Ending> {
    match ending {
        MatchEnding::Unspecified => None,
        MatchEnding::Completed => Some(Ending::Completed),
        MatchEnding::NoFault => Some(Ending::NoFault),
        MatchEnding::Leaver => Some(Ending::Leaver),
        MatchEnding::Withdrawn => Some(Ending::Withdrawn),
        MatchEnding::ProgramClosed => Some(Ending::ProgramClosed),
        MatchEnding::ReportingLine => Some(Ending::ReportingLine),
    }
}
