//! Counts against the pair.

use super::convert;
use crate::{Evaluation, projections::store};
use contracts::mentor::scheduling::events::v1::MeetingMissed;
use kernel::Result;
use storage::Tx;

pub(crate) async fn handle(_: &Evaluation, tx: &mut Tx, event: MeetingMissed) -> Result<()> {
    let meeting = convert::meeting(&event.meeting_id, event.meeting.as_ref(), "missed")?;
    store::upsert_meeting(tx, &meeting).await
}
