//! Knows what is planned.

use super::convert;
use crate::{Evaluation, projections::store};
use contracts::mentor::scheduling::events::v1::MeetingScheduled;
use kernel::Result;
use storage::Tx;

pub(crate) async fn handle(_: &Evaluation, tx: &mut Tx, event: MeetingScheduled) -> Result<()> {
    let meeting = convert::meeting(&event.meeting_id, event.meeting.as_ref(), "scheduled")?;
    store::upsert_meeting(tx, &meeting).await
}
