//! Knows when it is planned now.

use super::convert;
use crate::{Evaluation, projections::store};
use contracts::mentor::scheduling::events::v1::MeetingRescheduled;
use kernel::Result;
use storage::Tx;

pub(crate) async fn handle(_: &Evaluation, tx: &mut Tx, event: MeetingRescheduled) -> Result<()> {
    let meeting = convert::meeting(&event.meeting_id, event.meeting.as_ref(), "scheduled")?;
    store::upsert_meeting(tx, &meeting).await
}
