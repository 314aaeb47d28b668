//! Plain reads.

use super::{adherence, convert, store};
use crate::Scheduling;
use contracts::mentor::scheduling::v1::{
    GetAdherenceRequest, GetAdherenceResponse, ListAdherenceRequest, ListAdherenceResponse,
};
use kernel::{Error, Page, Result, parse_id};
use storage::{Audit, Tx};

pub(crate) async fn get_adherence(
    _service: &Scheduling,
    tx: &mut Tx,
    request: GetAdherenceRequest,
) -> Result<GetAdherenceResponse> {
    let record = store::get(tx, parse_id("match_id", &request.match_id)?).await?;
    record.authorize(tx.actor())?;
    if !tx.actor().is_person(record.mentor) && !tx.actor().is_person(record.mentee) {
        tx.audit(Audit::of("adherence", record.match_id).about(record.mentee));
    }
    Ok(GetAdherenceResponse { adherence: Some(convert::to_proto(&record, tx.now())) })
}

pub(crate) async fn list_adherence(
    _service: &Scheduling,
    tx: &mut Tx,
    request: ListAdherenceRequest,
) -> Result<ListAdherenceResponse> {
    let program = parse_id("program_id", &request.program_id)?;
    let person = if adherence::sees_all(tx.actor()) {
        tx.audit(Audit::of("adherences", program));
        None
    } else {
        let denied =
            || Error::denied("adherence is for the two people of the match and for program managers only");
        Some(tx.actor().person.ok_or_else(denied)?)
    };
    let list = format!("adherence {program} {} {person:?}", request.active_only);
    let page = Page::read(request.page_size, &request.page_token, list)?;
    let rows = store::list(tx, program, request.active_only, person, &page).await?;
    let (records, next_page_token) = page.finish(rows, |record| record.match_id);
    let adherences = records.iter().map(|record| convert::to_proto(record, tx.now())).collect();
    Ok(ListAdherenceResponse { adherences, next_page_token })
}
