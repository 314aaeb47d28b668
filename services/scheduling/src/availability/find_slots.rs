//! Finds the slots that people have in common.

use super::{
    convert,
    slots::{self, Agenda},
    store,
};
use crate::{Scheduling, meetings};
use contracts::{
    mentor::scheduling::v1::{FindSlotsRequest, FindSlotsResponse, Slot},
    time::timestamp,
};
use kernel::{Error, Result, parse_id};
use storage::{Audit, Tx};
use uuid::Uuid;

pub(crate) async fn handle(
    _service: &Scheduling,
    tx: &mut Tx,
    request: FindSlotsRequest,
) -> Result<FindSlotsResponse> {
    let ids = request.person_ids.iter().enumerate();
    let people: Vec<Uuid> =
        ids.map(|(i, id)| parse_id(&format!("person_ids[{i}]"), id)).collect::<Result<_>>()?;
    let search = convert::search(&request, tx.now())?;
    authorize(tx, &people).await?;
    let ignored = ignored_meeting(tx, &request.ignore_meeting_id).await?;
    let Some(search) = search else { return Ok(FindSlotsResponse::default()) };

    let known = store::of_people(tx, &people).await?;
    let unavailable: Vec<String> = people
        .iter()
        .filter(|person| !known.iter().any(|availability| availability.person == **person))
        .map(Uuid::to_string)
        .collect();
    if !unavailable.is_empty() {
        return Ok(FindSlotsResponse { slots: Vec::new(), unavailable_person_ids: unavailable });
    }
    let mut taken = store::meetings_of(tx, &people, search.range, ignored).await?;
    let agenda = |availability: super::availability::Availability| {
        let meetings = taken.remove(&availability.person).unwrap_or_default();
        Agenda { availability, meetings }
    };
    let agendas: Vec<Agenda> = known.into_iter().map(agenda).collect();
    let slot = |span: crate::time::Span| Slot {
        starts_at: Some(timestamp(span.from)),
        ends_at: Some(timestamp(span.to)),
    };
    let slots = slots::find(search, &agendas).into_iter().map(slot).collect();
    Ok(FindSlotsResponse { slots, unavailable_person_ids: Vec::new() })
}

/// People may ask about themselves and about the other person of an active match of theirs.
async fn authorize(tx: &mut Tx, people: &[Uuid]) -> Result<()> {
    let others: Vec<Uuid> = people.iter().copied().filter(|person| !tx.actor().is_person(*person)).collect();
    if !others.is_empty() && !tx.actor().manages_programs() {
        let denied = || Error::denied("slots are for the people of one's own active match");
        let caller = tx.actor().person.ok_or_else(denied)?;
        if !store::is_matched_with(tx, caller, people).await? {
            return Err(denied());
        }
    }
    for person in others {
        tx.audit(Audit::of("availability", person).about(person));
    }
    Ok(())
}

/// The meeting whose time counts as free; the caller must be allowed to see it.
async fn ignored_meeting(tx: &mut Tx, id: &str) -> Result<Option<Uuid>> {
    if id.is_empty() {
        return Ok(None);
    }
    let meeting = meetings::store::get(tx, parse_id("ignore_meeting_id", id)?).await?;
    meetings::meeting::authorize(tx.actor(), meeting.mentor, meeting.mentee)?;
    Ok(Some(meeting.id))
}
