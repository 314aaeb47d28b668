//! A cancelled meeting counts for nothing.

use super::convert;
use crate::{Evaluation, projections::store};
use contracts::mentor::scheduling::events::v1::MeetingCancelled;
use kernel::Result;
use storage::Tx;

pub(crate) async fn handle(_: &Evaluation, tx: &mut Tx, event: MeetingCancelled) -> Result<()> {
    let meeting = convert::meeting(&event.meeting_id, event.meeting.as_ref(), "cancelled")?;
    store::upsert_meeting(tx, &meeting).await
}
