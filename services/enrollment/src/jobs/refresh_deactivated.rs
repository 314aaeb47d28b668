//! Keeps the set of deactivated people filled, so that processes that do not know the directory refuse leavers
//! again within a second after the cache was wiped.

use crate::{Enrollment, directory::store};
use kernel::{Context, Result, TenantId, Uuid};

pub(crate) async fn run(service: &Enrollment, ctx: &Context) -> Result<()> {
    // From `people`; a set that is there costs one look.
    service.deactivated.refill(ctx.tenant()).await
}

/// Everybody who has left.
pub(crate) async fn people(service: &Enrollment, tenant: TenantId) -> Result<Vec<Uuid>> {
    let clock = service.db.clock();
    let ctx =
        Context::system(tenant, service.db.service(), "refresh_deactivated", clock.now(), clock.new_id());
    let mut tx = service.db.read(&ctx).await?;
    let people = store::deactivated(&mut tx).await?;
    tx.commit().await?;
    Ok(people)
}
