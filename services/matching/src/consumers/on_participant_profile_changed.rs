//! A participant's profile or capacity changed. Matches stay; a lowered capacity counts from the next
//! acceptance on. Who is not ready yet comes whole with the event that says so.

use super::on_participant_ready::participant;
use crate::projection::participant::Role;
use crate::{Matching, projection};
use contracts::mentor::enrollment::events::v1::ParticipantProfileChanged;
use kernel::Result;
use storage::Tx;

pub(crate) async fn handle(_: &Matching, tx: &mut Tx, event: ParticipantProfileChanged) -> Result<()> {
    let role = event.role();
    let ids = (&*event.participant_id, &*event.program_id, &*event.person_id);
    let participant = participant(ids, Role::read(role)?, event.capacity, event.profile)?;
    projection::store::lock_program(tx, participant.program).await?;
    projection::store::change_participant(tx, &participant).await?;
    Ok(())
}
