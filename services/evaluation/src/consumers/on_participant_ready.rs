//! Counts who met every requirement.

use super::convert;
use crate::{
    Evaluation,
    projections::store::{self, Participant},
};
use contracts::mentor::enrollment::events::v1::ParticipantReady;
use kernel::{Result, parse_id};
use storage::Tx;

pub(crate) async fn handle(_: &Evaluation, tx: &mut Tx, event: ParticipantReady) -> Result<()> {
    let participant = Participant {
        id: parse_id("participant_id", &event.participant_id)?,
        program: parse_id("program_id", &event.program_id)?,
        person: parse_id("person_id", &event.person_id)?,
        role: convert::role(event.role())?,
        ready: true,
        withdrawal: "",
    };
    store::upsert_participant(tx, &participant).await
}
