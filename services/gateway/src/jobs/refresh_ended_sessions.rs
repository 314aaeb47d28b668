//! Keeps the set of ended sessions filled, so that processes that do not know them refuse their tokens again at once after the
//! cache was wiped.

use crate::{
    Gateway,
    sessions::{live, store},
};
use jiff::SignedDuration;
use kernel::{Context, Result, TenantId, Uuid};

/// Longer than tokens of the suite live, and than those of most providers.
const LONGEST: SignedDuration = SignedDuration::from_hours(1);

pub(crate) async fn run(service: &Gateway, ctx: &Context) -> Result<()> {
    // From `names`; a set that is there costs one look.
    service.ended_sessions.refill(ctx.tenant()).await
}

/// The names of all that ended while tokens of theirs may live.
pub(crate) async fn names(service: &Gateway, tenant: TenantId) -> Result<Vec<Uuid>> {
    let clock = service.db.clock();
    let ctx = Context::system(tenant, "gateway", "refresh_ended_sessions", clock.now(), clock.new_id());
    let mut tx = service.db.read(&ctx).await?;
    let since = ctx.now.checked_sub(LONGEST).unwrap_or(jiff::Timestamp::MIN);
    let ended = store::ended_since(&mut tx, since).await?;
    tx.commit().await?;
    Ok(ended.iter().flat_map(|(id, name)| live::names(*id, name)).collect())
}
