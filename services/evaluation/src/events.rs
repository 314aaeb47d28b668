//! What this service tells the others. Answers stay here.

use crate::{
    convert,
    words::{Class, Decision, Role},
};
use contracts::mentor::evaluation::events::v1 as events;
use jiff::Timestamp;
use kernel::Uuid;
use storage::Tx;

/// A fact of this service's domain.
pub(crate) enum DomainEvent {
    /// A check-in waits for an answer.
    CheckInOpened { check_in: Uuid, about: Uuid, person: Uuid, role: Role, closes_at: Timestamp },
    /// A check-in was answered.
    CheckInAnswered { check_in: Uuid, about: Uuid, wants_help: bool },
    /// The class of a match changed; `before` is none at the first time.
    HealthChanged { about: Uuid, before: Option<Class>, after: Class },
    /// A review waits for a decision.
    ReviewOpened { review: Uuid, about: Uuid },
    /// A review was decided.
    ReviewDecided { review: Uuid, about: Uuid, decision: Decision, rematch: bool },
}

/// Publishes a fact with the transaction's commit.
pub(crate) fn emit(tx: &mut Tx, event: DomainEvent) {
    match event {
        DomainEvent::CheckInOpened { check_in, about, person, role, closes_at } => {
            tx.emit(&events::CheckInOpened {
                check_in_id: check_in.to_string(),
                match_id: about.to_string(),
                person_id: person.to_string(),
                role: convert::role(role).into(),
                closes_at: Some(contracts::time::timestamp(closes_at)),
            });
        }
        DomainEvent::CheckInAnswered { check_in, about, wants_help } => {
            tx.emit(&events::CheckInAnswered {
                check_in_id: check_in.to_string(),
                match_id: about.to_string(),
                wants_help,
            });
        }
        DomainEvent::HealthChanged { about, before, after } => {
            tx.emit(&events::HealthChanged {
                match_id: about.to_string(),
                before: before.map(convert::class).unwrap_or_default().into(),
                after: convert::class(after).into(),
            });
        }
        DomainEvent::ReviewOpened { review, about } => {
            tx.emit(&events::ReviewOpened { review_id: review.to_string(), match_id: about.to_string() });
        }
        DomainEvent::ReviewDecided { review, about, decision, rematch } => {
            let outcome = match decision {
                Decision::Continue => events::ReviewOutcome::Continue,
                Decision::EndNoFault => events::ReviewOutcome::EndNoFault,
            };
            tx.emit(&events::ReviewDecided {
                review_id: review.to_string(),
                match_id: about.to_string(),
                outcome: outcome.into(),
                rematch,
            });
        }
    }
}
