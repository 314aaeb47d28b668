//! Domain: a participant: in training, ready, withdrawn. Pure.

use crate::{
    applications::application::Application,
    profile::{Profile, Side, places},
    words::words,
};
use jiff::Timestamp;
use kernel::{Error, Result, Uuid};

words! {
    /// Where a participant stands.
    pub(crate) enum State {
        /// Has required courses to complete.
        InTraining = "in_training",
        /// Can be matched.
        Ready = "ready",
        /// Is out of the program.
        Withdrawn = "withdrawn",
    }
}

words! {
    /// Why a participant is out.
    pub(crate) enum Reason {
        /// The participant's own wish.
        OwnWish = "own_wish",
        /// The person left the organisation.
        Leaver = "leaver",
        /// The program manager took the participant out.
        ProgramManager = "program_manager",
    }
}

/// A participant: an accepted application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Participant {
    pub(crate) id: Uuid,
    pub(crate) program: Uuid,
    pub(crate) person: Uuid,
    pub(crate) side: Side,
    pub(crate) state: State,
    pub(crate) capacity: i32,
    pub(crate) profile: Profile,
    pub(crate) application: Uuid,
    pub(crate) joined_at: Timestamp,
    pub(crate) ready_at: Option<Timestamp>,
    pub(crate) withdrawn_at: Option<Timestamp>,
    pub(crate) reason: Option<Reason>,
    pub(crate) version: i64,
}

/// What happened to a participant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParticipantEvent {
    /// Every requirement is met.
    Ready,
    /// Profile or capacity changed.
    ProfileChanged,
    /// Out of the program.
    Withdrawn(Reason),
}

/// What an update changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) profile: Option<Profile>,
    pub(crate) capacity: Option<i32>,
}

impl Participant {
    /// An accepted application joins, to be trained.
    ///
    /// # Errors
    /// `INTERNAL` unless the application was accepted.
    pub(crate) fn join(application: &Application, now: Timestamp) -> Result<Participant> {
        let id =
            application.participant.ok_or_else(|| Error::internal("the application was not accepted"))?;
        Ok(Participant {
            id,
            program: application.program,
            person: application.person,
            side: application.side,
            state: State::InTraining,
            capacity: application.capacity,
            profile: application.profile.clone(),
            application: application.id,
            joined_at: now,
            ready_at: None,
            withdrawn_at: None,
            reason: None,
            version: 1,
        })
    }

    /// Passes the gate. `None`: something is missing, or it was passed before.
    pub(crate) fn pass_gate(&mut self, missing_courses: i64, now: Timestamp) -> Option<ParticipantEvent> {
        if self.state != State::InTraining || missing_courses > 0 {
            return None;
        }
        self.state = State::Ready;
        self.ready_at = Some(now);
        Some(ParticipantEvent::Ready)
    }

    /// Takes a change of profile or capacity over. `None`: nothing that anybody needs to know.
    ///
    /// # Errors
    /// `PARTICIPANT_STATE` when withdrawn; `FIELD_INVALID` or `ZONE_UNKNOWN`.
    pub(crate) fn update(&mut self, change: Change) -> Result<Option<ParticipantEvent>> {
        if self.state == State::Withdrawn {
            return Err(refuse("the participant has withdrawn and can't be changed"));
        }
        let before = (self.profile.clone(), self.capacity);
        if let Some(profile) = change.profile {
            profile.check("profile")?;
            self.profile = profile;
        }
        if let Some(capacity) = change.capacity {
            if capacity == 0 {
                return Err(Error::field("capacity", "must be at least 1"));
            }
            self.capacity = places(self.side, capacity)?;
        }
        // Who is in training is told about on becoming ready, with the whole state.
        let told = self.state == State::Ready && before != (self.profile.clone(), self.capacity);
        Ok(told.then_some(ParticipantEvent::ProfileChanged))
    }

    /// Leaves the program for good.
    ///
    /// # Errors
    /// `PARTICIPANT_STATE` when withdrawn before.
    pub(crate) fn withdraw(&mut self, reason: Reason, now: Timestamp) -> Result<ParticipantEvent> {
        if self.state == State::Withdrawn {
            return Err(refuse("the participant has withdrawn before"));
        }
        self.state = State::Withdrawn;
        self.withdrawn_at = Some(now);
        self.reason = Some(reason);
        Ok(ParticipantEvent::Withdrawn(reason))
    }
}

fn refuse(message: &'static str) -> Box<Error> {
    Error::precondition("PARTICIPANT_STATE", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{profile::tests::profile, programs::program::tests::at};

    fn in_training(side: Side) -> Participant {
        Participant {
            id: Uuid::from_u128(1),
            program: Uuid::from_u128(2),
            person: Uuid::from_u128(3),
            side,
            state: State::InTraining,
            capacity: 1,
            profile: profile(),
            application: Uuid::from_u128(4),
            joined_at: at(0),
            ready_at: None,
            withdrawn_at: None,
            reason: None,
            version: 1,
        }
    }

    #[test]
    fn the_gate_opens_once_nothing_is_missing() {
        let mut participant = in_training(Side::Mentee);
        assert_eq!(participant.pass_gate(1, at(1)), None);
        assert_eq!(participant.pass_gate(0, at(2)), Some(ParticipantEvent::Ready));
        assert_eq!(participant.ready_at, Some(at(2)));
        assert_eq!(participant.pass_gate(0, at(3)), None);
        participant.withdraw(Reason::OwnWish, at(4)).expect("present");
        assert_eq!(participant.pass_gate(0, at(5)), None, "who is out stays out");
    }

    #[test]
    fn a_change_is_told_once_ready() {
        let mut participant = in_training(Side::Mentor);
        let places = |capacity| Change { profile: None, capacity: Some(capacity) };
        assert_eq!(participant.update(places(3)).expect("valid"), None);
        participant.pass_gate(0, at(1));
        assert_eq!(participant.update(places(3)).expect("valid"), None, "nothing changed");
        assert_eq!(participant.update(places(4)).expect("valid"), Some(ParticipantEvent::ProfileChanged));
        assert_eq!(participant.update(places(0)).expect_err("none").violations[0].field, "capacity");
        assert!(in_training(Side::Mentee).update(places(2)).is_err());
    }

    #[test]
    fn out_is_out() {
        let mut participant = in_training(Side::Mentor);
        let event = participant.withdraw(Reason::Leaver, at(1)).expect("present");
        assert_eq!(event, ParticipantEvent::Withdrawn(Reason::Leaver));
        assert_eq!(
            participant.withdraw(Reason::OwnWish, at(2)).expect_err("twice").reason,
            "PARTICIPANT_STATE"
        );
        assert_eq!(participant.update(Change::default()).expect_err("out").reason, "PARTICIPANT_STATE");
    }
}
