//! What happened to a meeting, as the contract tells it.

use crate::meetings::meeting::{Meeting, MeetingEvent};
use contracts::{
    mentor::scheduling::events::v1::{
        MeetingCancelled, MeetingHeld, MeetingInfo, MeetingMissed, MeetingRescheduled, MeetingScheduled,
    },
    time::timestamp,
};
use storage::Tx;

/// Publishes the fact with the transaction.
pub(crate) fn emit(tx: &mut Tx, meeting: &Meeting, event: MeetingEvent) {
    let meeting_id = meeting.id.to_string();
    let info = Some(info(meeting));
    match event {
        MeetingEvent::Scheduled => tx.emit(&MeetingScheduled { meeting_id, meeting: info }),
        MeetingEvent::Rescheduled => tx.emit(&MeetingRescheduled { meeting_id, meeting: info }),
        MeetingEvent::Cancelled => tx.emit(&MeetingCancelled { meeting_id, meeting: info }),
        MeetingEvent::Held => tx.emit(&MeetingHeld { meeting_id, meeting: info }),
        MeetingEvent::Missed => {
            tx.emit(&MeetingMissed { meeting_id, meeting: info, unreported: meeting.unreported });
        }
    }
}

fn info(meeting: &Meeting) -> MeetingInfo {
    MeetingInfo {
        match_id: meeting.match_id.to_string(),
        program_id: meeting.program_id.to_string(),
        starts_at: Some(timestamp(meeting.span.from)),
        ends_at: Some(timestamp(meeting.span.to)),
        sequence: meeting.sequence,
    }
}
