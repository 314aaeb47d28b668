//! Gives up deliveries that nobody could try in time, and deletes the log of those that ended long enough ago.

use crate::{
    Gateway,
    webhooks::{
        store::{log, queue},
        telemetry,
    },
};
use jiff::{SignedDuration, Timestamp};
use kernel::{Context, Result};

/// Rows of one commit.
const BATCH: i64 = 1_000;
/// A message is written together with its deliveries; one that has had none for so long has lost them.
const ORPHANED: SignedDuration = SignedDuration::from_hours(1);

pub(crate) async fn run(service: &Gateway, ctx: &Context) -> Result<()> {
    let kept = SignedDuration::from_hours(24 * i64::from(service.webhooks.settings().log_days));
    let before = |kept| ctx.now.checked_sub(kept).unwrap_or(Timestamp::MIN);
    loop {
        let mut tx = service.db.write(ctx).await?;
        let expired = queue::expire(&mut tx, BATCH).await?;
        let deliveries = log::purge_deliveries(&mut tx, before(kept), BATCH).await?;
        let messages = log::purge_messages(&mut tx, before(ORPHANED), BATCH).await?;
        tx.commit().await?;
        telemetry::dead(expired);
        if expired + deliveries + messages == 0 {
            return Ok(());
        }
    }
}
