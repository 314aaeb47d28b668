//! Forgets runs, what they told, and files, once they were kept long enough.

use crate::{Gateway, sync::store::runs};
use jiff::SignedDuration;
use kernel::{Context, Result};
use storage::Audit;

pub(crate) async fn run(service: &Gateway, ctx: &Context) -> Result<()> {
    let kept = SignedDuration::from_hours(24 * i64::from(service.settings.sync.kept_days));
    let mut tx = service.db.write(ctx).await?;
    let before = tx.now().checked_sub(kept).unwrap_or(jiff::Timestamp::MIN);
    let gone = runs::purge(&mut tx, before).await?;
    if gone > 0 {
        tx.audit(Audit::of("sync_run", gone).because("runs were kept long enough"));
    }
    tx.commit().await
}
