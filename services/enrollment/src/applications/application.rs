//! Domain: an application: submitted, endorsed, waitlisted, then accepted, rejected, withdrawn or expired. Pure.

use crate::{
    profile::{Profile, Side},
    words::words,
};
use jiff::Timestamp;
use kernel::{Error, ErrorKind, Result, Uuid};
use serde::{Deserialize, Serialize};

words! {
    /// Where an application stands.
    pub(crate) enum State {
        /// Waits for endorsement or decision.
        Submitted = "submitted",
        /// Endorsed by the line manager, waits for the decision.
        Endorsed = "endorsed",
        /// Waits for a place.
        Waitlisted = "waitlisted",
        /// Became a participant.
        Accepted = "accepted",
        /// Turned down.
        Rejected = "rejected",
        /// Taken back, or the applicant left.
        Withdrawn = "withdrawn",
        /// Not decided in time.
        Expired = "expired",
    }
}

/// One question of the form and its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FormAnswer {
    pub(crate) question: String,
    pub(crate) answer: Answer,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    Text(String),
    Choice(String),
    Scale { value: i32, max: i32 },
}

/// What the program manager decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Becomes a participant with this id.
    Accept { participant: Uuid },
    /// Waits for a place.
    Waitlist,
    /// Turned down.
    Reject,
}

/// An application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Application {
    pub(crate) id: Uuid,
    pub(crate) program: Uuid,
    pub(crate) person: Uuid,
    pub(crate) side: Side,
    pub(crate) state: State,
    pub(crate) answers: Vec<FormAnswer>,
    pub(crate) profile: Profile,
    pub(crate) capacity: i32,
    pub(crate) submitted_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) endorsed_at: Option<Timestamp>,
    pub(crate) endorsed_by: Option<Uuid>,
    pub(crate) decided_at: Option<Timestamp>,
    pub(crate) decision_reason: String,
    pub(crate) participant: Option<Uuid>,
    pub(crate) version: i64,
}

/// What happened to an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ApplicationEvent {
    /// Somebody applied.
    Submitted,
    /// The line manager endorsed.
    Endorsed,
    /// It was decided, withdrawn or expired, as its state tells.
    Decided,
}

impl State {
    /// Whether it still waits for something.
    pub(crate) fn is_open(self) -> bool {
        matches!(self, State::Submitted | State::Endorsed | State::Waitlisted)
    }
}

impl Application {
    /// The line manager endorses the time commitment. A waitlisted application stays on the list.
    ///
    /// # Errors
    /// `NOT_LINE_MANAGER`; `APPLICATION_STATE` when closed or endorsed before.
    pub(crate) fn endorse(
        &mut self,
        by: Option<Uuid>,
        manager: Option<Uuid>,
        now: Timestamp,
    ) -> Result<ApplicationEvent> {
        let (Some(by), true) = (by, by.is_some() && by == manager) else {
            let message = "only the line manager may endorse this application";
            return Err(Error::new(ErrorKind::PermissionDenied, "NOT_LINE_MANAGER", message));
        };
        if !self.state.is_open() {
            return Err(self.refuse("can't be endorsed"));
        }
        if self.endorsed_at.is_some() {
            return Err(self.refuse("was endorsed before"));
        }
        if self.state == State::Submitted {
            self.state = State::Endorsed;
        }
        self.endorsed_at = Some(now);
        self.endorsed_by = Some(by);
        Ok(ApplicationEvent::Endorsed)
    }

    /// The program manager decides. `needs_endorsement`: the policy asks for it and there is a line manager.
    ///
    /// # Errors
    /// `APPLICATION_STATE` when closed or waitlisted twice, `NOT_ENDORSED` on accepting without,
    /// `FIELD_INVALID` on rejecting without a reason.
    pub(crate) fn decide(
        &mut self,
        decision: Decision,
        reason: &str,
        needs_endorsement: bool,
        now: Timestamp,
    ) -> Result<ApplicationEvent> {
        if !self.state.is_open() {
            return Err(self.refuse("can't be decided"));
        }
        match decision {
            Decision::Accept { participant } => {
                if needs_endorsement && self.endorsed_at.is_none() {
                    let message = "the line manager has not endorsed this application yet";
                    return Err(Error::precondition("NOT_ENDORSED", message));
                }
                self.state = State::Accepted;
                self.participant = Some(participant);
            }
            Decision::Waitlist if self.state == State::Waitlisted => {
                return Err(self.refuse("waits for a place already"));
            }
            Decision::Waitlist => self.state = State::Waitlisted,
            Decision::Reject if reason.trim().is_empty() => {
                return Err(Error::field(
                    "reason",
                    "must say why the application is rejected; the applicant reads it",
                ));
            }
            Decision::Reject => self.state = State::Rejected,
        }
        self.decided_at = Some(now);
        reason.clone_into(&mut self.decision_reason);
        Ok(ApplicationEvent::Decided)
    }

    /// The applicant takes it back, or has left.
    ///
    /// # Errors
    /// `APPLICATION_STATE` unless open.
    pub(crate) fn withdraw(&mut self, reason: &str, now: Timestamp) -> Result<ApplicationEvent> {
        if !self.state.is_open() {
            return Err(self.refuse("can't be withdrawn"));
        }
        self.state = State::Withdrawn;
        self.decided_at = Some(now);
        reason.clone_into(&mut self.decision_reason);
        Ok(ApplicationEvent::Decided)
    }

    /// Nobody decided in time, or the program closed. A place on the waiting list lasts until the program closes.
    /// `None`: it is not its time.
    pub(crate) fn expire(&mut self, program_closed: bool, now: Timestamp) -> Option<ApplicationEvent> {
        let overdue = self.state != State::Waitlisted && self.expires_at <= now;
        if !self.state.is_open() || !(program_closed || overdue) {
            return None;
        }
        self.state = State::Expired;
        self.decided_at = Some(now);
        let reason = if program_closed { "the program was closed" } else { "nobody decided in time" };
        reason.clone_into(&mut self.decision_reason);
        Some(ApplicationEvent::Decided)
    }

    fn refuse(&self, why: &str) -> Box<Error> {
        let state = self.state.word();
        Error::precondition("APPLICATION_STATE", format!("the application is {state} and {why}"))
            .with("state", state)
    }
}

/// Checks what the rules beside the fields can't say: a scale's value is not over its top.
///
/// # Errors
/// `FIELD_INVALID` with the field's path.
pub(crate) fn check_answers(answers: &[FormAnswer]) -> Result<()> {
    for (i, answer) in answers.iter().enumerate() {
        if let Answer::Scale { value, max } = answer.answer
            && value > max
        {
            return Err(Error::field(
                format!("answers[{i}].scale.value"),
                format!("must be at most max, which is {max}"),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{profile::tests::profile, programs::program::tests::at};
    use proptest::prelude::*;

    const MANAGER: Option<Uuid> = Some(Uuid::from_u128(7));

    fn submitted() -> Application {
        Application {
            id: Uuid::from_u128(1),
            program: Uuid::from_u128(2),
            person: Uuid::from_u128(3),
            side: Side::Mentee,
            state: State::Submitted,
            answers: Vec::new(),
            profile: profile(),
            capacity: 1,
            submitted_at: at(0),
            expires_at: at(100),
            endorsed_at: None,
            endorsed_by: None,
            decided_at: None,
            decision_reason: String::new(),
            participant: None,
            version: 1,
        }
    }

    fn accept() -> Decision {
        Decision::Accept { participant: Uuid::from_u128(9) }
    }

    #[test]
    fn only_the_line_manager_endorses_and_only_once() {
        let mut application = submitted();
        for stranger in [None, Some(Uuid::from_u128(3))] {
            assert_eq!(
                application.endorse(stranger, MANAGER, at(1)).expect_err("refused").reason,
                "NOT_LINE_MANAGER"
            );
        }
        assert_eq!(application.endorse(None, None, at(1)).expect_err("refused").reason, "NOT_LINE_MANAGER");
        application.endorse(MANAGER, MANAGER, at(1)).expect("the manager");
        assert_eq!((application.state, application.endorsed_by), (State::Endorsed, MANAGER));
        assert_eq!(
            application.endorse(MANAGER, MANAGER, at(2)).expect_err("twice").reason,
            "APPLICATION_STATE"
        );
    }

    #[test]
    fn accepting_waits_for_the_endorsement() {
        let mut application = submitted();
        assert_eq!(
            application.decide(accept(), "", true, at(1)).expect_err("not yet").reason,
            "NOT_ENDORSED"
        );
        assert_eq!(application.state, State::Submitted);
        application.decide(Decision::Waitlist, "", true, at(2)).expect("may wait");
        application.endorse(MANAGER, MANAGER, at(3)).expect("also while waiting");
        assert_eq!(application.state, State::Waitlisted);
        application.decide(accept(), "", true, at(4)).expect("endorsed");
        assert_eq!(application.participant, Some(Uuid::from_u128(9)));
    }

    #[test]
    fn a_rejection_has_a_reason() {
        let mut application = submitted();
        let error = application.decide(Decision::Reject, " ", false, at(1)).expect_err("refused");
        assert_eq!(error.violations[0].field, "reason");
        application.decide(Decision::Reject, "no place this year", false, at(1)).expect("told");
        assert_eq!(application.state, State::Rejected);
    }

    #[test]
    fn it_expires_at_its_deadline_and_not_before() {
        let mut application = submitted();
        assert_eq!(application.expire(false, at(99)), None);
        assert_eq!(application.expire(false, at(100)), Some(ApplicationEvent::Decided));
        assert_eq!(application.state, State::Expired);
        assert_eq!(application.expire(false, at(101)), None);
    }

    #[test]
    fn a_waiting_place_lasts_until_the_program_closes() {
        let mut application = submitted();
        application.decide(Decision::Waitlist, "", false, at(1)).expect("open");
        assert_eq!(application.expire(false, at(500)), None);
        assert!(application.expire(true, at(500)).is_some());
    }

    #[test]
    fn a_scale_has_a_top() {
        let answer = |value, max| FormAnswer { question: "?".into(), answer: Answer::Scale { value, max } };
        check_answers(&[answer(5, 5)]).expect("at the top");
        let error = check_answers(&[answer(5, 5), answer(6, 5)]).expect_err("over");
        assert_eq!(error.violations[0].field, "answers[1].scale.value");
    }

    proptest! {
        /// Once closed, nothing changes an application any more; a refusal changes nothing; an accepted one, and
        /// only that, has a participant.
        #[test]
        fn closed_is_closed(steps in prop::collection::vec((0..6usize, any::<bool>()), 0..12)) {
            let mut application = submitted();
            for (second, (step, flag)) in (1..).zip(steps) {
                let before = application.clone();
                let changed = match step {
                    0 => application.endorse(MANAGER, if flag { MANAGER } else { None }, at(second)).is_ok(),
                    1 => application.decide(accept(), "", flag, at(second)).is_ok(),
                    2 => application.decide(Decision::Waitlist, "", flag, at(second)).is_ok(),
                    3 => application.decide(Decision::Reject, if flag { "why" } else { "" }, true, at(second)).is_ok(),
                    4 => application.withdraw("", at(second)).is_ok(),
                    _ => application.expire(flag, at(second * 20)).is_some(),
                };
                prop_assert_eq!(changed, before != application);
                prop_assert!(before.state.is_open() || !changed);
                prop_assert_eq!(application.participant.is_some(), application.state == State::Accepted);
            }
        }
    }
}
