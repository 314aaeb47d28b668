//! Reads participants: all of oneself, the standing of one's reports, everything as a program manager.

use super::{
    convert::{participant_out, state_filter},
    store,
};
use crate::{
    Enrollment,
    access::{narrowed, view},
    convert::{id_filter, side_filter},
};
use contracts::mentor::enrollment::v1::{
    GetParticipantRequest, GetParticipantResponse, ListParticipantsRequest, ListParticipantsResponse,
    Participant,
};
use kernel::{Page, Result, parse_id};
use storage::{Audit, Tx};

pub(crate) async fn get_participant(
    _: &Enrollment,
    tx: &mut Tx,
    request: GetParticipantRequest,
) -> Result<GetParticipantResponse> {
    let found = store::find(tx, parse_id("participant_id", &request.participant_id)?).await?;
    Ok(GetParticipantResponse { participant: Some(show(tx, &found)?) })
}

pub(crate) async fn list_participants(
    _: &Enrollment,
    tx: &mut Tx,
    request: ListParticipantsRequest,
) -> Result<ListParticipantsResponse> {
    let list = format!(
        "participants {} {} {} {} {}",
        request.program_id, request.person_id, request.role, request.state, request.manager_id
    );
    let page = Page::read(request.page_size, &request.page_token, list)?;
    let filter = store::Filter {
        program: id_filter("program_id", &request.program_id)?,
        person: id_filter("person_id", &request.person_id)?,
        side: side_filter("role", request.role)?,
        state: state_filter(request.state)?,
        manager: id_filter("manager_id", &request.manager_id)?,
        visible_to: narrowed(tx.actor())?,
    };
    let found = store::list(tx, &page, &filter).await?;
    let (found, next_page_token) = page.finish(found, |found| found.participant.id);
    let participants = found.iter().map(|found| show(tx, found)).collect::<Result<_>>()?;
    Ok(ListParticipantsResponse { participants, next_page_token })
}

/// As much of it as the caller sees; seeing another person's leaves a trace.
fn show(tx: &mut Tx, found: &store::Managed) -> Result<Participant> {
    let participant = &found.participant;
    let view = view(tx.actor(), participant.person, found.manager)?;
    if !tx.actor().is_person(participant.person) {
        tx.audit(Audit::of("participant", participant.id).about(participant.person));
    }
    Ok(participant_out(participant, view))
}
