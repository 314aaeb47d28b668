//! Says whether a meeting took place.

use super::{convert, meeting, store};
use crate::{Scheduling, events};
use contracts::mentor::scheduling::v1::{RecordAttendanceRequest, RecordAttendanceResponse};
use kernel::{Result, parse_id};
use storage::{Audit, Tx};

pub(crate) async fn handle(
    _service: &Scheduling,
    tx: &mut Tx,
    request: RecordAttendanceRequest,
) -> Result<RecordAttendanceResponse> {
    let outcome = convert::outcome(request.outcome)?;
    let mut recorded = store::lock(tx, parse_id("meeting_id", &request.meeting_id)?).await?;
    meeting::authorize(tx.actor(), recorded.mentor, recorded.mentee)?;
    let event = recorded.record(outcome, tx.now())?;
    store::save(tx, std::slice::from_ref(&recorded)).await?;
    events::emit(tx, &recorded, event);
    let audit = Audit::of("meeting", recorded.id).about(recorded.other_than(tx.actor()));
    tx.audit(audit.because(recorded.reason.clone()));
    Ok(RecordAttendanceResponse { meeting: Some(convert::to_proto(&recorded)) })
}
