//! From the domain to the contract.

use super::adherence::Record;
use contracts::{mentor::scheduling::v1::Adherence, time::timestamp};
use jiff::Timestamp;

/// The adherence at an instant.
pub(crate) fn to_proto(record: &Record, now: Timestamp) -> Adherence {
    let count = |number: i64| i32::try_from(number).unwrap_or(i32::MAX);
    Adherence {
        match_id: record.match_id.to_string(),
        program_id: record.program_id.to_string(),
        required: count(record.required(now)),
        planned: count(record.planned),
        held: count(record.held),
        missed: count(record.missed),
        unreported: count(record.unreported),
        cancelled: count(record.cancelled),
        percent: count(record.percent(now)),
        active_since: Some(timestamp(record.activated_at)),
        ended_at: record.ended_at.map(timestamp),
    }
}
