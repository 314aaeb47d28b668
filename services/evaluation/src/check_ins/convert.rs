//! Check-ins on the wire.

use super::check_in::{Answer, CheckIn};
use crate::convert;
use contracts::{mentor::evaluation::v1 as wire, time::timestamp};

pub(crate) fn check_in(check_in: CheckIn) -> wire::CheckIn {
    wire::CheckIn {
        check_in_id: check_in.id.to_string(),
        match_id: check_in.match_id.to_string(),
        program_id: check_in.program_id.to_string(),
        person_id: check_in.person_id.to_string(),
        role: convert::role(check_in.role).into(),
        number: check_in.number,
        state: convert::check_in_state(check_in.state).into(),
        opened_at: Some(timestamp(check_in.opened_at)),
        closes_at: Some(timestamp(check_in.closes_at)),
        answered_at: check_in.answered_at.map(timestamp),
        answer: check_in.answer.map(|answer| wire::CheckInAnswer {
            rating: answer.rating,
            met_as_agreed: answer.met_as_agreed,
            progress: answer.progress,
            wants_help: answer.wants_help,
            comment: answer.comment,
        }),
    }
}

pub(crate) fn read_answer(answer: wire::CheckInAnswer) -> Answer {
    Answer {
        rating: answer.rating,
        met_as_agreed: answer.met_as_agreed,
        progress: answer.progress,
        wants_help: answer.wants_help,
        comment: answer.comment,
    }
}
