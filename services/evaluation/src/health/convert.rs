//! Health on the wire.

use super::store::Stored;
use crate::convert;
use contracts::{mentor::evaluation::v1 as wire, time::timestamp};

pub(crate) fn health(stored: Stored) -> wire::Health {
    let reasons = stored.assessment.reasons.into_iter().map(|reason| wire::HealthReason {
        signal: convert::signal(reason.signal).into(),
        points: reason.points,
        text: reason.text,
    });
    wire::Health {
        match_id: stored.match_id.to_string(),
        program_id: stored.program_id.to_string(),
        class: convert::class(stored.assessment.class).into(),
        score: stored.assessment.score,
        reasons: reasons.collect(),
        computed_at: Some(timestamp(stored.computed_at)),
    }
}
