//! Takes a participant out of the program for good.

use super::{convert::participant_out, participant::Reason, store};
use crate::{
    Enrollment,
    access::{View, own_or_managed},
    convert::text,
    events,
};
use contracts::mentor::enrollment::v1::{WithdrawParticipantRequest, WithdrawParticipantResponse};
use kernel::{Result, parse_id};
use storage::{Audit, Tx};

pub(crate) async fn handle(
    _: &Enrollment,
    tx: &mut Tx,
    request: WithdrawParticipantRequest,
) -> Result<WithdrawParticipantResponse> {
    let note = text("note", request.note)?;
    let mut participant = store::lock(tx, parse_id("participant_id", &request.participant_id)?).await?;
    own_or_managed(tx.actor(), participant.person)?;
    let own = tx.actor().is_person(participant.person);
    let reason = if own { Reason::OwnWish } else { Reason::ProgramManager };
    let event = participant.withdraw(reason, tx.now())?;
    store::save(tx, &mut participant).await?;
    events::participant(tx, &participant, event);
    tx.audit(Audit::of("participant", participant.id).about(participant.person).because(note));
    Ok(WithdrawParticipantResponse { participant: Some(participant_out(&participant, View::Full)) })
}
