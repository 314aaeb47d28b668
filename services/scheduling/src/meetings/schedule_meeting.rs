//! Puts one meeting into both calendars.

use super::{
    convert,
    meeting::{self, MeetingEvent},
    store,
};
use crate::{Scheduling, events};
use contracts::{
    mentor::scheduling::v1::{ScheduleMeetingRequest, ScheduleMeetingResponse},
    time::instant,
};
use kernel::{Result, parse_id};
use storage::{Audit, Tx};

pub(crate) async fn handle(
    _service: &Scheduling,
    tx: &mut Tx,
    request: ScheduleMeetingRequest,
) -> Result<ScheduleMeetingResponse> {
    let now = tx.now();
    let starts_at = instant("starts_at", &request.starts_at)?;
    let pair = store::pair(tx, parse_id("match_id", &request.match_id)?).await?;
    meeting::authorize(tx.actor(), pair.mentor, pair.mentee)?;
    pair.may_meet()?;
    let span = meeting::span("starts_at", starts_at, pair.minutes(request.duration_minutes)?, now)?;
    let new = pair.meeting(tx.new_id(), span, &request.title, &request.location, now);
    store::insert(tx, std::slice::from_ref(&new)).await?;
    events::emit(tx, &new, MeetingEvent::Scheduled);
    tx.audit(Audit::of("meeting", new.id).about(new.other_than(tx.actor())));
    Ok(ScheduleMeetingResponse { meeting: Some(convert::to_proto(&new)) })
}
