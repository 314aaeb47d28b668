//! Changes profile or capacity of a participant.

use super::{
    convert::{change, participant_out},
    store,
};
use crate::{
    Enrollment,
    access::{View, own_or_managed},
    events,
};
use contracts::mentor::enrollment::v1::{UpdateParticipantRequest, UpdateParticipantResponse};
use kernel::{Result, parse_id};
use storage::{Audit, Tx, check_etag};

pub(crate) async fn handle(
    _: &Enrollment,
    tx: &mut Tx,
    request: UpdateParticipantRequest,
) -> Result<UpdateParticipantResponse> {
    let change = change(request.update_mask, request.profile, request.capacity)?;
    let mut participant = store::lock(tx, parse_id("participant_id", &request.participant_id)?).await?;
    own_or_managed(tx.actor(), participant.person)?;
    check_etag("participant", &request.etag, participant.version)?;
    let before = participant.clone();
    let event = participant.update(change)?;
    if participant != before {
        store::save(tx, &mut participant).await?;
    }
    if let Some(event) = event {
        events::participant(tx, &participant, event);
    }
    tx.audit(Audit::of("participant", participant.id).about(participant.person));
    Ok(UpdateParticipantResponse { participant: Some(participant_out(&participant, View::Full)) })
}
