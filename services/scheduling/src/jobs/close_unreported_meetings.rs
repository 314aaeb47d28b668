//! Counts meetings as missed that ended some days ago without anybody saying how they came out.

use crate::{Scheduling, events, meetings::store};
use jiff::SignedDuration;
use kernel::{Context, Result};
use storage::{Audit, Tx};

/// Meetings closed in one transaction.
const BATCH: i64 = 200;

pub(crate) async fn run(service: &Scheduling, ctx: &Context) -> Result<()> {
    loop {
        let mut tx = service.db.write(ctx).await?;
        let closed = close_some(service, &mut tx).await?;
        tx.commit().await?;
        // Fewer than a batch: the rest is closed, or in the hands of another replica.
        if closed < usize::try_from(BATCH).unwrap_or(usize::MAX) {
            return Ok(());
        }
    }
}

async fn close_some(service: &Scheduling, tx: &mut Tx) -> Result<usize> {
    let now = tx.now();
    let days = SignedDuration::from_hours(24 * service.settings().report_days);
    let Ok(ended_by) = now.checked_sub(days) else { return Ok(0) };
    let mut meetings = store::lock_unreported(tx, ended_by, BATCH).await?;
    for meeting in &mut meetings {
        if let Some(event) = meeting.close_unreported(now) {
            events::emit(tx, meeting, event);
            tx.audit(
                Audit::of("meeting", meeting.id).about(meeting.mentee).because("nobody reported the meeting"),
            );
        }
    }
    if !meetings.is_empty() {
        store::save(tx, &meetings).await?;
    }
    Ok(meetings.len())
}
