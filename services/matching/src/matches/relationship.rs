//! Domain: a match from proposal to end: who may do what when, and what has then happened.

use jiff::{Timestamp, ToSpan, tz::TimeZone};
use kernel::{Actor, Error, Result, Role, Uuid};

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Mentor,
    Mentee,
}

impl Side {
    /// The name in the database and in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Side::Mentor => "mentor",
            Side::Mentee => "mentee",
        }
    }
}

/// Where a match is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Proposed,
    Accepted,
    Active,
    Completed,
    Dissolved,
    Declined,
    Expired,
}

impl State {
    /// Every state.
    pub(crate) const ALL: [State; 7] = [
        State::Proposed,
        State::Accepted,
        State::Active,
        State::Completed,
        State::Dissolved,
        State::Declined,
        State::Expired,
    ];

    /// The name in the database and in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            State::Proposed => "proposed",
            State::Accepted => "accepted",
            State::Active => "active",
            State::Completed => "completed",
            State::Dissolved => "dissolved",
            State::Declined => "declined",
            State::Expired => "expired",
        }
    }

    /// Whether the two are or may yet come together.
    pub(crate) fn is_open(self) -> bool {
        matches!(self, State::Proposed | State::Accepted | State::Active)
    }

    /// Whether an answer is awaited.
    pub(crate) fn waits(self) -> bool {
        matches!(self, State::Proposed | State::Accepted)
    }
}

/// Why a match ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Completed,
    NoFault,
    Leaver,
    Withdrawn,
    ProgramClosed,
    ReportingLine,
}

impl Ending {
    /// Every ending.
    pub(crate) const ALL: [Ending; 6] = [
        Ending::Completed,
        Ending::NoFault,
        Ending::Leaver,
        Ending::Withdrawn,
        Ending::ProgramClosed,
        Ending::ReportingLine,
    ];

    /// The name in the database.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Ending::Completed => "completed",
            Ending::NoFault => "no_fault",
            Ending::Leaver => "leaver",
            Ending::Withdrawn => "withdrawn",
            Ending::ProgramClosed => "program_closed",
            Ending::ReportingLine => "reporting_line",
        }
    }
}

/// Why somebody declined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeclineReason {
    NoTime,
    NotAFit,
    ConflictOfInterest,
    Other,
}

impl DeclineReason {
    /// Every reason.
    pub(crate) const ALL: [DeclineReason; 4] = [
        DeclineReason::NoTime,
        DeclineReason::NotAFit,
        DeclineReason::ConflictOfInterest,
        DeclineReason::Other,
    ];

    /// The name in the database.
    pub(crate) fn name(self) -> &'static str {
        match self {
            DeclineReason::NoTime => "no_time",
            DeclineReason::NotAFit => "not_a_fit",
            DeclineReason::ConflictOfInterest => "conflict_of_interest",
            DeclineReason::Other => "other",
        }
    }
}

/// Somebody of a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Party {
    pub(crate) participant: Uuid,
    pub(crate) person: Uuid,
}

/// A mentoring relationship.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Match {
    pub(crate) id: Uuid,
    pub(crate) program: Uuid,
    pub(crate) run: Uuid,
    pub(crate) mentor: Party,
    pub(crate) mentee: Party,
    pub(crate) state: State,
    pub(crate) score: i32,
    /// 1 for the run's own pair, 2 for the first next choice, …
    pub(crate) choice: i32,
    /// The mentor's place it holds, while accepted or active.
    pub(crate) place: Option<i32>,
    pub(crate) proposed_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) mentor_accepted_at: Option<Timestamp>,
    pub(crate) mentee_accepted_at: Option<Timestamp>,
    pub(crate) activated_at: Option<Timestamp>,
    pub(crate) completes_at: Option<Timestamp>,
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) ending: Option<Ending>,
    pub(crate) rematch: bool,
    pub(crate) declined_by: Option<Side>,
    pub(crate) decline_reason: Option<DeclineReason>,
    pub(crate) note: String,
    pub(crate) version: i64,
}

/// What an acceptance led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Accepted {
    /// Waits for the other side.
    ByOne,
    /// The relationship has begun.
    ByBoth,
}

/// Whether the caller may see everybody's matches.
pub(crate) fn sees_all(actor: &Actor) -> bool {
    [Role::ProgramManager, Role::Auditor, Role::HrClient, Role::System].into_iter().any(|role| actor.is(role))
}

impl Match {
    /// A match that waits for both answers.
    pub(crate) fn proposed(id: Uuid, program: Uuid, run: Uuid, pair: (Party, Party), score: i32) -> Self {
        Match {
            id,
            program,
            run,
            mentor: pair.0,
            mentee: pair.1,
            state: State::Proposed,
            score,
            choice: 1,
            place: None,
            proposed_at: Timestamp::UNIX_EPOCH,
            expires_at: Timestamp::UNIX_EPOCH,
            mentor_accepted_at: None,
            mentee_accepted_at: None,
            activated_at: None,
            completes_at: None,
            ended_at: None,
            ending: None,
            rematch: false,
            declined_by: None,
            decline_reason: None,
            note: String::new(),
            version: 1,
        }
    }

    /// Sets when it was proposed and how long it waits.
    pub(crate) fn waiting(mut self, now: Timestamp, answer_days: i32, choice: i32) -> Self {
        self.proposed_at = now;
        self.expires_at = now + jiff::SignedDuration::from_hours(24 * i64::from(answer_days));
        self.choice = choice;
        self
    }

    /// The caller's side.
    ///
    /// # Errors
    /// `PERMISSION_DENIED` for everybody else.
    pub(crate) fn side_of(&self, actor: &Actor) -> Result<Side> {
        if actor.is_person(self.mentor.person) {
            Ok(Side::Mentor)
        } else if actor.is_person(self.mentee.person) {
            Ok(Side::Mentee)
        } else {
            Err(Error::denied("only the mentor and the mentee of a match may answer it"))
        }
    }

    /// Refuses who may not read it.
    pub(crate) fn check_reader(&self, actor: &Actor) -> Result<()> {
        if sees_all(actor) || self.side_of(actor).is_ok() {
            Ok(())
        } else {
            Err(Error::denied("only the mentor and the mentee of a match may read it"))
        }
    }

    /// Whether the side can accept now; asked before a place is looked for.
    pub(crate) fn check_acceptable(&self, side: Side, now: Timestamp) -> Result<()> {
        self.check_waiting(now)?;
        match self.accepted_at(side) {
            None => Ok(()),
            Some(at) => Err(self.wrong(format!("the {} accepted the match on {}", side.name(), day(at)))),
        }
    }

    /// One side accepts. The first acceptance takes `free_place` of the mentor; the second begins the
    /// relationship, for `duration_months`.
    pub(crate) fn accept(
        &mut self,
        side: Side,
        now: Timestamp,
        free_place: Option<i32>,
        duration_months: i32,
    ) -> Result<Accepted> {
        self.check_acceptable(side, now)?;
        if self.place.is_none() {
            self.place = Some(free_place.ok_or_else(mentor_full)?);
        }
        match side {
            Side::Mentor => self.mentor_accepted_at = Some(now),
            Side::Mentee => self.mentee_accepted_at = Some(now),
        }
        if self.mentor_accepted_at.is_none() || self.mentee_accepted_at.is_none() {
            self.state = State::Accepted;
            return Ok(Accepted::ByOne);
        }
        self.state = State::Active;
        self.activated_at = Some(now);
        self.completes_at = Some(months_after(now, duration_months));
        Ok(Accepted::ByBoth)
    }

    /// One side declines.
    pub(crate) fn decline(
        &mut self,
        side: Side,
        reason: DeclineReason,
        note: &str,
        now: Timestamp,
    ) -> Result<()> {
        self.check_waiting(now)?;
        self.close(State::Declined, now);
        self.declined_by = Some(side);
        self.decline_reason = Some(reason);
        note.clone_into(&mut self.note);
        Ok(())
    }

    /// The deadline passed: `false` when it has not, or the match was answered meanwhile.
    pub(crate) fn expire(&mut self, now: Timestamp) -> bool {
        let due = self.state.waits() && self.expires_at <= now;
        if due {
            self.close(State::Expired, now);
        }
        due
    }

    /// The planned time is over: `false` when it is not, or the match ended before.
    pub(crate) fn complete(&mut self, now: Timestamp) -> bool {
        let due = self.state == State::Active && self.completes_at.is_some_and(|at| at <= now);
        if due {
            self.close(State::Completed, now);
            self.ending = Some(Ending::Completed);
        }
        due
    }

    /// Ends an open match; `None` when it has ended before, else whether it had been active.
    pub(crate) fn end(&mut self, ending: Ending, rematch: bool, now: Timestamp) -> Option<bool> {
        if !self.state.is_open() {
            return None;
        }
        let was_active = self.state == State::Active;
        self.close(State::Dissolved, now);
        self.ending = Some(ending);
        self.rematch = rematch;
        Some(was_active)
    }

    /// Whether the caller may end it now: program managers any open one, the two an active one.
    pub(crate) fn check_end(&self, actor: &Actor) -> Result<()> {
        let manages = actor.manages_programs();
        if !manages {
            self.side_of(actor)
                .map_err(|_| Error::denied("only the mentor and the mentee may end a match"))?;
        }
        if !self.state.is_open() {
            return Err(self.wrong(self.past()));
        }
        if !manages && self.state != State::Active {
            return Err(self.wrong("the match is not active yet; decline it instead".to_owned()));
        }
        Ok(())
    }

    fn close(&mut self, state: State, now: Timestamp) {
        self.state = state;
        self.place = None;
        self.ended_at = Some(now);
    }

    fn accepted_at(&self, side: Side) -> Option<Timestamp> {
        match side {
            Side::Mentor => self.mentor_accepted_at,
            Side::Mentee => self.mentee_accepted_at,
        }
    }

    fn check_waiting(&self, now: Timestamp) -> Result<()> {
        if !self.state.waits() {
            return Err(self.wrong(self.past()));
        }
        if self.expires_at <= now {
            return Err(self.wrong(format!("the match expired on {}", day(self.expires_at))));
        }
        Ok(())
    }

    fn past(&self) -> String {
        match self.ended_at.or(self.activated_at) {
            Some(at) => format!("the match is {} since {}", self.state.name(), day(at)),
            None => format!("the match is {}", self.state.name()),
        }
    }

    fn wrong(&self, message: String) -> Box<Error> {
        Error::precondition("MATCH_STATE", message).with("state", self.state.name())
    }
}

/// The mentor has no place left.
pub(crate) fn mentor_full() -> Box<Error> {
    Error::precondition("MENTOR_FULL", "all places of the mentor are taken")
}

fn day(at: Timestamp) -> jiff::civil::Date {
    at.to_zoned(TimeZone::UTC).date()
}

/// The same day and time that many months later, in UTC; the month's last day where it is shorter.
fn months_after(start: Timestamp, months: i32) -> Timestamp {
    let start_utc = start.to_zoned(TimeZone::UTC);
    start_utc.checked_add(months.months()).map_or(Timestamp::MAX, |end| end.timestamp())
}

#[cfg(test)]
mod tests;
