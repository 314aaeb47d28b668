//! Counts for the cadence, and is a sign of life.

use super::convert;
use crate::{Evaluation, projections::store};
use contracts::mentor::scheduling::events::v1::MeetingHeld;
use kernel::Result;
use storage::Tx;

pub(crate) async fn handle(_: &Evaluation, tx: &mut Tx, event: MeetingHeld) -> Result<()> {
    let meeting = convert::meeting(&event.meeting_id, event.meeting.as_ref(), "held")?;
    store::upsert_meeting(tx, &meeting).await
}
