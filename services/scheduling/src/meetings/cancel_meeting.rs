//! Calls off a meeting, or the rest of a series.

use super::{
    convert,
    meeting::{self, Meeting},
    store,
};
use crate::{Scheduling, events};
use contracts::mentor::scheduling::v1::{CancelMeetingRequest, CancelMeetingResponse, CancelScope};
use kernel::{Error, Result, parse_id};
use storage::{Audit, Tx, check_etag};

pub(crate) async fn handle(
    _service: &Scheduling,
    tx: &mut Tx,
    request: CancelMeetingRequest,
) -> Result<CancelMeetingResponse> {
    let named = store::lock(tx, parse_id("meeting_id", &request.meeting_id)?).await?;
    meeting::authorize(tx.actor(), named.mentor, named.mentee)?;
    check_etag("meeting", &request.etag, named.version)?;
    let mut meetings = match (request.scope(), named.series_id) {
        (CancelScope::RestOfSeries, Some(series_id)) => {
            store::lock_later_of_series(tx, &named, series_id).await?
        }
        (CancelScope::RestOfSeries, None) => {
            return Err(Error::field("scope", "the meeting does not belong to a series; cancel the one"));
        }
        (CancelScope::One | CancelScope::Unspecified, _) => Vec::new(),
    };
    meetings.insert(0, named);
    cancel(tx, &mut meetings, &request.reason).await?;
    Ok(CancelMeetingResponse { meetings: meetings.iter().map(convert::to_proto).collect() })
}

/// Cancels locked meetings that lie ahead, with their events and audit rows.
pub(crate) async fn cancel(tx: &mut Tx, meetings: &mut [Meeting], reason: &str) -> Result<()> {
    let now = tx.now();
    for meeting in meetings.iter_mut() {
        let event = meeting.cancel(reason, now)?;
        events::emit(tx, meeting, event);
        let audit = Audit::of("meeting", meeting.id).about(meeting.other_than(tx.actor()));
        tx.audit(audit.because(reason.to_owned()));
    }
    if meetings.is_empty() {
        return Ok(());
    }
    store::save(tx, meetings).await?;
    store::free(tx, meetings).await
}
