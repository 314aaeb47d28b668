//! Erases resources that were deleted long enough ago.

use crate::{Gateway, scim::store};
use jiff::SignedDuration;
use kernel::{Context, Result};
use storage::Audit;

/// Resources of one commit.
const BATCH: i64 = 1_000;

pub(crate) async fn run(service: &Gateway, ctx: &Context) -> Result<()> {
    let kept = SignedDuration::from_hours(24 * i64::from(service.settings.deleted_days));
    loop {
        let mut tx = service.db.write(ctx).await?;
        let before = tx.now().checked_sub(kept).unwrap_or(jiff::Timestamp::MIN);
        let erased = store::purge(&mut tx, before, BATCH).await?;
        for id in &erased {
            tx.audit(Audit::of("scim_resource", id).because("kept long enough after it was deleted"));
        }
        tx.commit().await?;
        if erased.is_empty() {
            return Ok(());
        }
    }
}
