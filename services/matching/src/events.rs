//! What this service tells the others.

use crate::matches::relationship::{Ending, Match, Side};
use crate::runs::run::{Run, State};
use contracts::mentor::common::v1::{MatchEnding, ParticipantRole};
use contracts::mentor::matching::events::v1 as pb;
use contracts::time::timestamp;
use kernel::Uuid;
use storage::Tx;

/// A fact of the domain.
#[derive(Clone, Copy, Debug)]
pub(crate) enum DomainEvent<'a> {
    RunStarted { run: Uuid, program: Uuid },
    RunCompleted(&'a Run),
    RunFailed(&'a Run),
    Proposed(&'a Match),
    Activated(&'a Match),
    Declined(&'a Match, Side),
    Expired(&'a Match),
    Ended { ended: &'a Match, ending: Ending, was_active: bool },
}

impl DomainEvent<'_> {
    /// Publishes the fact with the commit of the transaction.
    pub(crate) fn emit(self, tx: &mut Tx) {
        match self {
            DomainEvent::RunStarted { run, program } => {
                tx.emit(&pb::MatchRunStarted { run_id: run.to_string(), program_id: program.to_string() });
            }
            DomainEvent::RunCompleted(run) => tx.emit(&pb::MatchRunCompleted {
                run_id: run.id.to_string(),
                program_id: run.program.to_string(),
                pairs: run.pairs,
                unmatched: run.unmatched,
                total_score: run.total_score,
            }),
            DomainEvent::RunFailed(run) => tx.emit(&pb::MatchRunFailed {
                run_id: run.id.to_string(),
                program_id: run.program.to_string(),
                cancelled: run.state == State::Cancelled,
                failure: run.failure.clone(),
            }),
            DomainEvent::Proposed(proposed) => tx.emit(&pb::MatchProposed {
                match_id: proposed.id.to_string(),
                pair: Some(pair(proposed)),
                score: proposed.score,
                expires_at: Some(timestamp(proposed.expires_at)),
            }),
            DomainEvent::Activated(active) => tx.emit(&pb::MatchActivated {
                match_id: active.id.to_string(),
                pair: Some(pair(active)),
                score: active.score,
                activated_at: active.activated_at.map(timestamp),
            }),
            DomainEvent::Declined(declined, by) => tx.emit(&pb::MatchDeclined {
                match_id: declined.id.to_string(),
                pair: Some(pair(declined)),
                declined_by: side(by).into(),
            }),
            DomainEvent::Expired(expired) => {
                tx.emit(&pb::MatchExpired { match_id: expired.id.to_string(), pair: Some(pair(expired)) });
            }
            DomainEvent::Ended { ended, ending, was_active } => tx.emit(&pb::MatchEnded {
                match_id: ended.id.to_string(),
                pair: Some(pair(ended)),
                ending: reason(ending).into(),
                rematch: ended.rematch,
                ended_at: ended.ended_at.map(timestamp),
                was_active,
            }),
        }
    }
}

fn pair(of: &Match) -> pb::Pair {
    pb::Pair {
        program_id: of.program.to_string(),
        mentor_participant_id: of.mentor.participant.to_string(),
        mentor_person_id: of.mentor.person.to_string(),
        mentee_participant_id: of.mentee.participant.to_string(),
        mentee_person_id: of.mentee.person.to_string(),
    }
}

/// An ending as the contract names it.
pub(crate) fn reason(ending: Ending) -> MatchEnding {
    match ending {
        Ending::Completed => MatchEnding::Completed,
        Ending::NoFault => MatchEnding::NoFault,
        Ending::Leaver => MatchEnding::Leaver,
        Ending::Withdrawn => MatchEnding::Withdrawn,
        Ending::ProgramClosed => MatchEnding::ProgramClosed,
        Ending::ReportingLine => MatchEnding::ReportingLine,
    }
}

/// A side as the contract names it.
pub(crate) fn side(side: Side) -> ParticipantRole {
    match side {
        Side::Mentor => ParticipantRole::Mentor,
        Side::Mentee => ParticipantRole::Mentee,
    }
}
