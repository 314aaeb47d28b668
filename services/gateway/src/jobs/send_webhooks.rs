//! Looks for webhooks that have something due and lets the sender begin: it goes on by itself, so that a slow receiver
//! does not keep other jobs waiting.

use crate::{
    Gateway,
    webhooks::{store::queue, telemetry::Waiting},
};
use kernel::{Context, Result};

pub(crate) async fn run(service: &Gateway, ctx: &Context) -> Result<()> {
    let mut tx = service.db.read(ctx).await?;
    let waits = queue::waits(&mut tx).await?;
    tx.commit().await?;
    let mut waiting = Waiting::default();
    for wait in waits {
        let since = service.webhooks.began_at(wait.give_up_at);
        waiting.since = Some(waiting.since.map_or(since, |oldest| oldest.min(since)));
        if wait.next_at > ctx.now || wait.paused_until.is_some_and(|until| until > ctx.now) {
            continue;
        }
        // Of one that paused, what came due meanwhile is late only since its pause ended.
        let due = wait.paused_until.map_or(wait.next_at, |until| until.max(wait.next_at));
        waiting.due_since = Some(waiting.due_since.map_or(due, |oldest| oldest.min(due)));
        service.webhooks.begin(ctx.tenant(), wait.webhook);
    }
    service.webhooks.observe(ctx.tenant(), waiting, ctx.now);
    Ok(())
}
