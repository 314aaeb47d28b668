//! Domain: a program: draft, published, started, closed. Pure.

use crate::words::words;
use jiff::{SignedDuration, Timestamp};
use kernel::{Error, Result, Uuid};
use serde::{Deserialize, Serialize};

words! {
    /// How people mentor each other.
    pub(crate) enum Format {
        /// One mentor, one mentee.
        OneOnOne = "one_on_one",
        /// One mentor, several mentees.
        Group = "group",
        /// Equals.
        Peer = "peer",
        /// The younger mentors the older.
        Reverse = "reverse",
        /// A single meeting.
        Flash = "flash",
    }
}

words! {
    /// Where a program is in its life.
    pub(crate) enum State {
        /// Being designed.
        Draft = "draft",
        /// Open for applications.
        Published = "published",
        /// Pairs are matched and meet; still open for applications.
        Started = "started",
        /// Over.
        Closed = "closed",
    }
}

/// Why a program exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Objective {
    pub(crate) text: String,
    pub(crate) organisation_goal: String,
}

/// The rules that services act on, with the bounds of the contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Policy {
    pub(crate) meetings_per_month: i32,
    pub(crate) meeting_minutes: i32,
    pub(crate) review_day: i32,
    pub(crate) answer_days: i32,
    pub(crate) application_days: i32,
    pub(crate) check_in_days: i32,
    pub(crate) duration_months: i32,
    pub(crate) endorsement_required: bool,
    pub(crate) contact_point: String,
    pub(crate) confidentiality_statement: String,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            meetings_per_month: 1,
            meeting_minutes: 60,
            review_day: 90,
            answer_days: 7,
            application_days: 30,
            check_in_days: 14,
            duration_months: 12,
            endorsement_required: true,
            contact_point: String::new(),
            confidentiality_statement: String::new(),
        }
    }
}

impl Policy {
    /// When an application of this instant expires.
    pub(crate) fn application_expires(&self, submitted: Timestamp) -> Timestamp {
        let days = SignedDuration::from_hours(24 * i64::from(self.application_days));
        submitted.checked_add(days).unwrap_or(Timestamp::MAX)
    }
}

/// What a program manager designs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spec {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) objectives: Vec<Objective>,
    pub(crate) audience_units: Vec<String>,
    pub(crate) audience_groups: Vec<String>,
    pub(crate) format: Format,
    pub(crate) policy: Policy,
}

/// A part of the design that an update can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Name,
    Description,
    Objectives,
    AudienceUnits,
    AudienceGroups,
    Format,
    Policy,
}

/// A program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) id: Uuid,
    pub(crate) spec: Spec,
    pub(crate) state: State,
    pub(crate) audience_size: i32,
    pub(crate) created_at: Timestamp,
    pub(crate) published_at: Option<Timestamp>,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) closed_at: Option<Timestamp>,
    pub(crate) version: i64,
}

/// What happened to a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProgramEvent {
    /// Opened for applications.
    Published,
    /// Changed while published or started.
    Updated,
    /// Matching and meeting begin.
    Started(Timestamp),
    /// Over.
    Closed(Timestamp),
}

impl Program {
    /// A new draft.
    ///
    /// # Errors
    /// `FIELD_INVALID` without a name.
    pub(crate) fn draft(id: Uuid, spec: Spec, now: Timestamp) -> Result<Program> {
        spec.check()?;
        Ok(Program {
            id,
            spec,
            state: State::Draft,
            audience_size: 0,
            created_at: now,
            published_at: None,
            started_at: None,
            closed_at: None,
            version: 1,
        })
    }

    /// Takes the named parts of a design over. `None`: nothing that anybody needs to know.
    ///
    /// # Errors
    /// `PROGRAM_STATE` when closed, `FIELD_INVALID` without a name.
    pub(crate) fn update(&mut self, spec: Spec, parts: &[Part]) -> Result<Option<ProgramEvent>> {
        if self.state == State::Closed {
            return Err(self.refuse("a closed program can't be changed"));
        }
        let before = self.spec.clone();
        for part in parts {
            match part {
                Part::Name => self.spec.name.clone_from(&spec.name),
                Part::Description => self.spec.description.clone_from(&spec.description),
                Part::Objectives => self.spec.objectives.clone_from(&spec.objectives),
                Part::AudienceUnits => self.spec.audience_units.clone_from(&spec.audience_units),
                Part::AudienceGroups => self.spec.audience_groups.clone_from(&spec.audience_groups),
                Part::Format => self.spec.format = spec.format,
                Part::Policy => self.spec.policy.clone_from(&spec.policy),
            }
        }
        self.spec.check()?;
        let told = self.accepts_applications() && before != self.spec;
        Ok(told.then_some(ProgramEvent::Updated))
    }

    /// Opens the draft for applications.
    ///
    /// # Errors
    /// `PROGRAM_STATE` unless a draft.
    pub(crate) fn publish(&mut self, audience_size: i32, now: Timestamp) -> Result<ProgramEvent> {
        if self.state != State::Draft {
            return Err(self.refuse("only a draft can be published"));
        }
        self.state = State::Published;
        self.audience_size = audience_size;
        self.published_at = Some(now);
        Ok(ProgramEvent::Published)
    }

    /// Starts the published program.
    ///
    /// # Errors
    /// `PROGRAM_STATE` unless published.
    pub(crate) fn start(&mut self, now: Timestamp) -> Result<ProgramEvent> {
        if self.state != State::Published {
            return Err(self.refuse("only a published program can be started"));
        }
        self.state = State::Started;
        self.started_at = Some(now);
        Ok(ProgramEvent::Started(now))
    }

    /// Closes the program for good.
    ///
    /// # Errors
    /// `PROGRAM_STATE` when closed before.
    pub(crate) fn close(&mut self, now: Timestamp) -> Result<ProgramEvent> {
        if self.state == State::Closed {
            return Err(self.refuse("it can't be closed twice"));
        }
        self.state = State::Closed;
        self.closed_at = Some(now);
        Ok(ProgramEvent::Closed(now))
    }

    /// Whether people can apply and be accepted.
    pub(crate) fn accepts_applications(&self) -> bool {
        matches!(self.state, State::Published | State::Started)
    }

    /// Refuses unless people can apply and be accepted.
    ///
    /// # Errors
    /// `PROGRAM_STATE`.
    pub(crate) fn must_accept_applications(&self) -> Result<()> {
        if self.accepts_applications() {
            Ok(())
        } else {
            Err(self.refuse("applications need a published or started program"))
        }
    }

    /// Whether everybody of the unit may apply.
    pub(crate) fn invites(&self, unit: &str) -> bool {
        let spec = &self.spec;
        let everybody = spec.audience_units.is_empty() && spec.audience_groups.is_empty();
        everybody || spec.audience_units.iter().any(|invited| invited == unit)
    }

    /// The state says no.
    pub(crate) fn refuse(&self, why: &str) -> Box<Error> {
        Error::precondition("PROGRAM_STATE", format!("the program is {}; {why}", self.state.word()))
            .with("state", self.state.word())
    }
}

impl Spec {
    fn check(&self) -> Result<()> {
        if self.name.trim().is_empty() {
            return Err(Error::field("spec.name", "must not be empty"));
        }
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn spec() -> Spec {
        Spec {
            name: "Leaders of tomorrow".into(),
            description: String::new(),
            objectives: Vec::new(),
            audience_units: Vec::new(),
            audience_groups: Vec::new(),
            format: Format::OneOnOne,
            policy: Policy::default(),
        }
    }

    pub(crate) fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_736_000_000 + second).expect("in range")
    }

    fn draft() -> Program {
        Program::draft(Uuid::from_u128(1), spec(), at(0)).expect("valid")
    }

    #[test]
    fn a_program_needs_a_name() {
        let nameless = Spec { name: "  ".into(), ..spec() };
        let error = Program::draft(Uuid::nil(), nameless, at(0)).expect_err("refused");
        assert_eq!(error.violations[0].field, "spec.name");
    }

    #[test]
    fn it_lives_from_draft_to_closed() {
        let mut program = draft();
        assert!(program.must_accept_applications().is_err());
        assert_eq!(program.publish(412, at(1)).expect("draft"), ProgramEvent::Published);
        assert_eq!(program.audience_size, 412);
        assert!(program.must_accept_applications().is_ok());
        assert_eq!(program.start(at(2)).expect("published"), ProgramEvent::Started(at(2)));
        assert!(program.must_accept_applications().is_ok());
        assert_eq!(program.close(at(3)).expect("started"), ProgramEvent::Closed(at(3)));
        assert_eq!(program.must_accept_applications().expect_err("closed").reason, "PROGRAM_STATE");
    }

    #[test]
    fn an_update_takes_only_the_named_parts() {
        let mut program = draft();
        let new = Spec { name: "New".into(), description: "Also new".into(), ..spec() };
        assert_eq!(program.update(new.clone(), &[Part::Description]).expect("draft"), None);
        assert_eq!(
            (program.spec.name.as_str(), program.spec.description.as_str()),
            ("Leaders of tomorrow", "Also new")
        );
        program.publish(1, at(1)).expect("draft");
        assert_eq!(program.update(new.clone(), &[Part::Name]).expect("live"), Some(ProgramEvent::Updated));
        assert_eq!(program.update(new.clone(), &[Part::Name]).expect("live"), None, "nothing changed");
        program.close(at(2)).expect("live");
        assert_eq!(program.update(new, &[Part::Name]).expect_err("closed").reason, "PROGRAM_STATE");
    }

    #[test]
    fn the_audience_is_by_unit() {
        let mut program = draft();
        assert!(program.invites("Finance"));
        program.spec.audience_units = vec!["Finance".into()];
        assert!(program.invites("Finance"));
        assert!(!program.invites("Sales"));
    }

    proptest! {
        /// Whatever is tried in whatever order, a program only moves forward, and each step stamps its time.
        #[test]
        fn a_program_only_moves_forward(steps in prop::collection::vec(0..3usize, 0..12)) {
            let mut program = draft();
            let order = [State::Draft, State::Published, State::Started, State::Closed];
            let rank = |state| order.iter().position(|s| *s == state);
            for (second, step) in (1..).zip(steps) {
                let before = program.clone();
                let moved = match step {
                    0 => program.publish(1, at(second)),
                    1 => program.start(at(second)),
                    _ => program.close(at(second)),
                };
                match moved {
                    Ok(_) => prop_assert!(rank(program.state) > rank(before.state)),
                    Err(error) => {
                        prop_assert_eq!(error.reason, "PROGRAM_STATE");
                        prop_assert_eq!(&program, &before);
                    }
                }
                prop_assert_eq!(program.closed_at.is_some(), program.state == State::Closed);
            }
        }
    }
}
