//! A participant can be matched from now on.

use crate::projection::participant::{Participant, Role};
use crate::{Matching, projection};
use contracts::mentor::common::v1::Profile;
use contracts::mentor::enrollment::events::v1::ParticipantReady;
use kernel::{Result, parse_id};
use prost::Message;
use storage::Tx;

pub(crate) async fn handle(_: &Matching, tx: &mut Tx, event: ParticipantReady) -> Result<()> {
    let role = event.role();
    let ids = (&*event.participant_id, &*event.program_id, &*event.person_id);
    let participant = participant(ids, Role::read(role)?, event.capacity, event.profile)?;
    projection::store::lock_program(tx, participant.program).await?;
    projection::store::put_participant(tx, &participant).await
}

/// A participant of an event.
pub(super) fn participant(
    (participant, program, person): (&str, &str, &str),
    role: Role,
    capacity: i32,
    profile: Option<Profile>,
) -> Result<Participant> {
    Ok(Participant {
        id: parse_id("participant_id", participant)?,
        program: parse_id("program_id", program)?,
        person: parse_id("person_id", person)?,
        role,
        capacity: if role == Role::Mentee { 1 } else { capacity.max(1) },
        profile: profile.unwrap_or_default().encode_to_vec(),
    })
}
