//! Domain: a run from its start to its end. Pure.

use super::employee::Fault;
use jiff::{SignedDuration, Timestamp};
use kernel::{Error, Result, Uuid};

/// Faults that are kept one by one; more are only counted.
pub(crate) const MAX_FAULTS: i64 = 10_000;
/// The first wait for a source that does not answer; each next is twice as long.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(15);
/// The longest.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(30);

/// Where a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Queued,
    Running,
    Awaiting,
    Succeeded,
    Failed,
    Cancelled,
}

impl State {
    const ALL: [State; 6] =
        [State::Queued, State::Running, State::Awaiting, State::Succeeded, State::Failed, State::Cancelled];

    /// The name in the database and in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            State::Queued => "queued",
            State::Running => "running",
            State::Awaiting => "awaiting_confirmation",
            State::Succeeded => "succeeded",
            State::Failed => "failed",
            State::Cancelled => "cancelled",
        }
    }

    /// The state of a name.
    pub(crate) fn of(name: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether a worker has it, or will.
    pub(crate) fn is_pending(self) -> bool {
        matches!(self, State::Queued | State::Running)
    }
}

/// How a run treats people that it does not name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    /// As the source is set up.
    #[default]
    Own,
    /// Whoever is not named has left.
    Snapshot,
    /// Whoever is not named stays.
    Delta,
}

impl Mode {
    /// The name in the database.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Mode::Own => "",
            Mode::Snapshot => "snapshot",
            Mode::Delta => "delta",
        }
    }

    /// The mode of a name.
    pub(crate) fn of(name: &str) -> Mode {
        [Mode::Snapshot, Mode::Delta].into_iter().find(|mode| mode.name() == name).unwrap_or_default()
    }
}

/// What a run did so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) read: i64,
    pub(crate) total: i64,
    pub(crate) created: i64,
    pub(crate) updated: i64,
    pub(crate) reactivated: i64,
    pub(crate) deactivated: i64,
    pub(crate) unchanged: i64,
    pub(crate) rejected: i64,
    pub(crate) errors: i64,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) id: Uuid,
    pub(crate) source: Uuid,
    pub(crate) state: State,
    pub(crate) dry: bool,
    pub(crate) automatic: bool,
    pub(crate) mode: Mode,
    /// Instead of the source's own: how the file is read, as the contract's message.
    pub(crate) csv: Option<Vec<u8>>,
    pub(crate) file: Option<Uuid>,
    pub(crate) file_name: String,
    /// More files wait at the source.
    pub(crate) more: bool,
    /// The header of the file, for the file of rejected rows.
    pub(crate) header: String,
    pub(crate) since: Option<String>,
    pub(crate) cursor: Option<String>,
    pub(crate) mark: Option<String>,
    /// Everybody was named.
    pub(crate) complete: bool,
    /// A record could not be read, so that nobody may be taken for absent.
    pub(crate) doubtful: bool,
    /// All pages are read; leavers are let go.
    pub(crate) leaving: bool,
    /// However many may leave.
    pub(crate) confirmed: bool,
    pub(crate) counts: Counts,
    /// Pages committed.
    pub(crate) pages: i32,
    /// Attempts at the page at hand.
    pub(crate) attempts: i32,
    pub(crate) message: String,
    pub(crate) next_at: Timestamp,
    pub(crate) created_at: Timestamp,
    pub(crate) finished_at: Option<Timestamp>,
}

impl Run {
    /// A run that waits for a worker.
    pub(crate) fn queued(id: Uuid, source: Uuid, now: Timestamp) -> Run {
        Run {
            id,
            source,
            state: State::Queued,
            dry: false,
            automatic: false,
            mode: Mode::Own,
            csv: None,
            file: None,
            file_name: String::new(),
            more: false,
            header: String::new(),
            since: None,
            cursor: None,
            mark: None,
            complete: false,
            doubtful: false,
            leaving: false,
            confirmed: false,
            counts: Counts::default(),
            pages: 0,
            attempts: 0,
            message: String::new(),
            next_at: now,
            created_at: now,
            finished_at: None,
        }
    }

    /// Ends it.
    pub(crate) fn finish(&mut self, state: State, message: impl Into<String>, now: Timestamp) {
        self.state = state;
        self.message = message.into();
        self.finished_at = Some(now);
    }

    /// Stops it.
    ///
    /// # Errors
    /// `SYNC_STATE` when it has ended.
    pub(crate) fn cancel(&mut self, message: &str, now: Timestamp) -> Result<()> {
        if !self.state.is_pending() && self.state != State::Awaiting {
            return Err(
                self.wrong(format!("the run has {} and can't be cancelled any more", self.state.name()))
            );
        }
        self.finish(State::Cancelled, message, now);
        Ok(())
    }

    /// Lets it go on however many leave.
    ///
    /// # Errors
    /// `SYNC_STATE` when it does not wait for that.
    pub(crate) fn confirm(&mut self, now: Timestamp) -> Result<()> {
        if self.state != State::Awaiting {
            return Err(self.wrong(format!("the run is {} and waits for nobody", self.state.name())));
        }
        self.state = State::Queued;
        self.confirmed = true;
        self.next_at = now;
        self.message.clear();
        Ok(())
    }

    /// Lets it rest after an attempt at a page that the source did not answer, or ends it after too many.
    pub(crate) fn rest(&mut self, error: &Error, most: i32, now: Timestamp) {
        self.attempts += 1;
        if self.attempts >= most {
            self.finish(State::Failed, error.message.to_string(), now);
            return;
        }
        let doubled = FIRST_WAIT.checked_mul(1 << self.attempts.clamp(1, 16).saturating_sub(1));
        let asked =
            error.retry_after.and_then(|after| SignedDuration::try_from(after).ok()).unwrap_or_default();
        let wait = doubled.unwrap_or(LONGEST_WAIT).max(asked).min(LONGEST_WAIT);
        self.state = State::Queued;
        self.next_at = now.checked_add(wait).unwrap_or(now);
        self.message =
            format!("{}; the run goes on at {}", error.message, self.next_at.strftime("%H:%M:%S UTC"));
    }

    /// Whether so many leavers need somebody's word.
    pub(crate) fn must_ask(&self, leaving: i64, active: i64, max_percent: i64) -> bool {
        !self.confirmed && leaving > 0 && leaving.saturating_mul(100) > max_percent.saturating_mul(active)
    }

    /// Counts a fault; whether there is room to keep it.
    pub(crate) fn count(&mut self, fault: &Fault) -> bool {
        self.counts.errors += 1;
        self.counts.rejected += i64::from(fault.rejected);
        self.doubtful |= fault.unknown;
        self.counts.errors <= MAX_FAULTS
    }

    fn wrong(&self, message: String) -> Box<Error> {
        Error::precondition("SYNC_STATE", message).with("state", self.state.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::ErrorKind;
    use std::time::Duration;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    fn run(state: State) -> Run {
        Run { state, ..Run::queued(Uuid::from_u128(1), Uuid::from_u128(2), at(0)) }
    }

    #[test]
    fn every_state_allows_what_it_should() {
        for state in State::ALL {
            assert_eq!(State::of(state.name()), Some(state));
            let waits = state == State::Awaiting;
            assert_eq!(run(state).confirm(at(1)).is_ok(), waits, "{state:?}");
            assert_eq!(run(state).cancel("", at(1)).is_ok(), waits || state.is_pending(), "{state:?}");
        }
    }

    #[test]
    fn a_silent_source_is_asked_again_later_and_later_and_at_last_no_more() {
        let silent = Error::new(ErrorKind::Unavailable, "SOURCE_UNAVAILABLE", "no answer");
        let mut resting = run(State::Running);
        let mut waits = Vec::new();
        for _ in 0..3 {
            resting.rest(&silent, 4, at(0));
            waits.push(resting.next_at.as_second());
        }
        assert_eq!((waits, resting.state), (vec![15, 30, 60], State::Queued));
        resting.rest(&silent, 4, at(0));
        assert_eq!((resting.state, resting.message.as_str()), (State::Failed, "no answer"));
        let asked = silent.retry_after(Duration::from_secs(100));
        let mut patient = run(State::Running);
        patient.rest(&asked, 4, at(0));
        assert_eq!(patient.next_at, at(100));
    }

    #[test]
    fn many_leavers_need_a_word() {
        let mut run = run(State::Running);
        assert!(!run.must_ask(10, 100, 10) && run.must_ask(11, 100, 10) && run.must_ask(1, 1, 99));
        assert!(!run.must_ask(0, 0, 10));
        run.confirmed = true;
        assert!(!run.must_ask(100, 100, 10));
    }
}
