//! Moves a meeting that lies ahead.

use super::{convert, meeting, store};
use crate::{Scheduling, events};
use contracts::{
    mentor::scheduling::v1::{RescheduleMeetingRequest, RescheduleMeetingResponse},
    time::instant,
};
use kernel::{Result, parse_id};
use storage::{Audit, Tx, check_etag};

pub(crate) async fn handle(
    _service: &Scheduling,
    tx: &mut Tx,
    request: RescheduleMeetingRequest,
) -> Result<RescheduleMeetingResponse> {
    let now = tx.now();
    let id = parse_id("meeting_id", &request.meeting_id)?;
    let starts_at = instant("starts_at", &request.starts_at)?;
    // The match first, then the meeting: the order in which the end of a match locks them, too.
    let match_id = store::get(tx, id).await?.match_id;
    let pair = store::pair(tx, match_id).await?;
    meeting::authorize(tx.actor(), pair.mentor, pair.mentee)?;
    let mut moved = store::lock(tx, id).await?;
    check_etag("meeting", &request.etag, moved.version)?;
    let minutes = if request.duration_minutes == 0 { moved.minutes() } else { request.duration_minutes };
    let span = meeting::span("starts_at", starts_at, minutes, now)?;
    let event = moved.reschedule(span, now)?;
    pair.may_meet()?;
    store::save(tx, std::slice::from_ref(&moved)).await?;
    store::rebook(tx, &moved).await?;
    events::emit(tx, &moved, event);
    tx.audit(Audit::of("meeting", moved.id).about(moved.other_than(tx.actor())));
    Ok(RescheduleMeetingResponse { meeting: Some(convert::to_proto(&moved)) })
}
