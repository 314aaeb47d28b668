//! Reviews on the wire.

use super::review::Review;
use crate::convert;
use contracts::{mentor::evaluation::v1 as wire, time::timestamp};

/// A review; whoever does not manage programs sees the facts, but no health drawn from the other's answers.
pub(crate) fn review(review: Review, with_health: bool) -> wire::Review {
    let suggestion = convert::decision(review.evidence.suggestion());
    let evidence = review.evidence;
    wire::Review {
        review_id: review.id.to_string(),
        match_id: review.match_id.to_string(),
        program_id: review.program_id.to_string(),
        state: convert::review_state(review.state).into(),
        opened_at: Some(timestamp(review.opened_at)),
        evidence: Some(wire::ReviewEvidence {
            meetings_required: evidence.meetings_required,
            meetings_held: evidence.meetings_held,
            meetings_missed: evidence.meetings_missed,
            check_ins_opened: evidence.check_ins_opened,
            check_ins_answered: evidence.check_ins_answered,
            health_class: if with_health { convert::class(evidence.health_class).into() } else { 0 },
            health_score: if with_health { evidence.health_score } else { 0 },
            suggestion: if with_health { suggestion.into() } else { 0 },
        }),
        decision: review.decision.map(convert::decision).unwrap_or_default().into(),
        rematch: review.rematch,
        decided_at: review.decided_at.map(timestamp),
    }
}
