//! Erases sessions that are over, and what was remembered of tokens that could not come again.

use crate::{Gateway, sessions::store};
use jiff::SignedDuration;
use kernel::{Context, Result};
use storage::Audit;

/// Sessions of one commit.
const BATCH: i64 = 1_000;
/// A session that is over is kept this long: the audit trail has the rest.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

pub(crate) async fn run(service: &Gateway, ctx: &Context) -> Result<()> {
    loop {
        let mut tx = service.db.write(ctx).await?;
        let before = tx.now().checked_sub(KEPT).unwrap_or(jiff::Timestamp::MIN);
        let erased = store::purge(&mut tx, before, BATCH).await?;
        store::purge_taken(&mut tx, ctx.now).await?;
        if erased > 0 {
            tx.audit(Audit::of("session", "over").because(format!("{erased} were over for a day")));
        }
        tx.commit().await?;
        if erased < BATCH.unsigned_abs() {
            return Ok(());
        }
    }
}
