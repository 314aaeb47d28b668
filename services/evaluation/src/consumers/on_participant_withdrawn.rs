//! Counts who left the program, and why.

use super::convert;
use crate::{
    Evaluation,
    projections::store::{self, Participant},
};
use contracts::mentor::enrollment::events::v1::{ParticipantWithdrawn, WithdrawalReason};
use kernel::{Error, Result, parse_id};
use storage::Tx;

pub(crate) async fn handle(_: &Evaluation, tx: &mut Tx, event: ParticipantWithdrawn) -> Result<()> {
    let participant = Participant {
        id: parse_id("participant_id", &event.participant_id)?,
        program: parse_id("program_id", &event.program_id)?,
        person: parse_id("person_id", &event.person_id)?,
        role: convert::role(event.role())?,
        ready: false,
        withdrawal: reason(event.reason())?,
    };
    store::upsert_participant(tx, &participant).await
}

fn reason(reason: WithdrawalReason) -> Result<&'static str> {
    Ok(match reason {
        WithdrawalReason::Unspecified => return Err(Error::field("reason", "must be set")),
        WithdrawalReason::OwnWish => "own_wish",
        WithdrawalReason::Leaver => "leaver",
        WithdrawalReason::ProgramManager => "program_manager",
    })
}
