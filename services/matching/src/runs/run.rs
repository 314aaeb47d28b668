//! Domain: a run from its start to its publication.

use super::found::Found;
use super::snapshot::Mode;
use super::solver::Unsolved;
use super::terms::Terms;
use jiff::Timestamp;
use kernel::{Error, Result, Uuid};

/// Where a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Queued,
    Solving,
    Completed,
    Published,
    Cancelled,
    Failed,
}

impl State {
    /// Every state.
    pub(crate) const ALL: [State; 6] =
        [State::Queued, State::Solving, State::Completed, State::Published, State::Cancelled, State::Failed];

    /// The name in the database and in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            State::Queued => "queued",
            State::Solving => "solving",
            State::Completed => "completed",
            State::Published => "published",
            State::Cancelled => "cancelled",
            State::Failed => "failed",
        }
    }

    /// Whether a worker has yet to finish it.
    pub(crate) fn is_pending(self) -> bool {
        matches!(self, State::Queued | State::Solving)
    }
}

/// A match run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) id: Uuid,
    pub(crate) program: Uuid,
    pub(crate) state: State,
    pub(crate) mode: Mode,
    pub(crate) seed: i64,
    pub(crate) criteria_version: i32,
    pub(crate) mentees: i32,
    pub(crate) mentors: i32,
    pub(crate) places: i32,
    pub(crate) feasible_pairs: i64,
    pub(crate) pairs: i32,
    pub(crate) unmatched: i32,
    pub(crate) total_score: i64,
    pub(crate) bound: i64,
    pub(crate) value: i64,
    pub(crate) progress: i32,
    pub(crate) phase: String,
    pub(crate) failure: String,
    pub(crate) input_digest: String,
    pub(crate) result_digest: String,
    pub(crate) created_at: Timestamp,
    pub(crate) finished_at: Option<Timestamp>,
    pub(crate) published_at: Option<Timestamp>,
    /// What else was asked for.
    pub(crate) terms: Terms,
    /// Repetition of the phase; 0 when it does not repeat.
    pub(crate) round: i32,
    /// How far the result at hand may be from the best, once known.
    pub(crate) gap: Option<i64>,
    /// What else came of it, once completed.
    pub(crate) found: Option<Found>,
}

impl Run {
    /// Stops it.
    pub(crate) fn cancel(&mut self, now: Timestamp) -> Result<()> {
        if !self.state.is_pending() {
            return Err(
                self.wrong(format!("the run is {} and can't be cancelled any more", self.state.name()))
            );
        }
        self.state = State::Cancelled;
        self.finished_at = Some(now);
        self.failure = Unsolved::Cancelled.sentence();
        self.phase.clear();
        self.round = 0;
        Ok(())
    }

    /// Its pairs become matches.
    pub(crate) fn publish(&mut self, now: Timestamp) -> Result<()> {
        match self.state {
            State::Completed => {
                self.state = State::Published;
                self.published_at = Some(now);
                Ok(())
            }
            State::Published => Err(self.wrong("the run was published before".to_owned())),
            _ => self.check_result(),
        }
    }

    /// Refuses to speak of a result that is not there.
    pub(crate) fn check_result(&self) -> Result<()> {
        match self.state {
            State::Completed | State::Published => Ok(()),
            State::Queued | State::Solving => {
                let message = format!("the run is still {}; wait until it has completed", self.state.name());
                Err(self.wrong(message))
            }
            State::Cancelled | State::Failed => {
                Err(self.wrong(format!("the run is {} and has no result", self.state.name())))
            }
        }
    }

    fn wrong(&self, message: String) -> Box<Error> {
        Error::precondition("RUN_STATE", message).with("state", self.state.name())
    }
}

/// SHA-256 in hexadecimal.
pub(crate) fn digest(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(state: State) -> Run {
        Run {
            id: Uuid::from_u128(1),
            program: Uuid::from_u128(2),
            state,
            mode: Mode::MaxTotal,
            seed: 0,
            criteria_version: 0,
            mentees: 1,
            mentors: 1,
            places: 1,
            feasible_pairs: 0,
            pairs: 0,
            unmatched: 0,
            total_score: 0,
            bound: 0,
            value: 0,
            progress: 0,
            phase: "scoring".to_owned(),
            failure: String::new(),
            input_digest: String::new(),
            result_digest: String::new(),
            created_at: Timestamp::UNIX_EPOCH,
            finished_at: None,
            published_at: None,
            terms: Terms::default(),
            round: 0,
            gap: None,
            found: None,
        }
    }

    #[test]
    fn every_state_allows_what_it_should() {
        for state in State::ALL {
            let cancels = matches!(state, State::Queued | State::Solving);
            assert_eq!(run(state).cancel(Timestamp::UNIX_EPOCH).is_ok(), cancels, "{state:?}");
            let publishes = state == State::Completed;
            assert_eq!(run(state).publish(Timestamp::UNIX_EPOCH).is_ok(), publishes, "{state:?}");
            let answers = matches!(state, State::Completed | State::Published);
            assert_eq!(run(state).check_result().is_ok(), answers, "{state:?}");
        }
    }

    #[test]
    fn a_digest_is_sha_256() {
        assert_eq!(digest(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
