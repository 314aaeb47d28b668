//! Whose token it is.

use super::{store, token};
use crate::Gateway;
use jiff::SignedDuration;
use kernel::{Context, Result, TenantId, Uuid};

/// The last use is written down this often at most: it is for people to look at.
const NOTED: SignedDuration = SignedDuration::from_secs(60);

/// The connection behind a request.
pub(crate) struct Authenticated {
    pub(crate) tenant: TenantId,
    pub(crate) id: Uuid,
}

/// The tenant that a token names, were it good.
pub(crate) fn tenant_of(text: &str) -> Option<TenantId> {
    token::tenant(text)
}

/// Finds the connection of a token; `None` for one that is not good. Asked anew for every request, so that a revoked
/// token is refused at once.
pub(crate) async fn authenticate(
    gateway: &Gateway,
    text: &str,
    correlation: Uuid,
) -> Result<Option<Authenticated>> {
    let Some(tenant) = token::tenant(text) else { return Ok(None) };
    let ctx = Context::system(tenant, "gateway", "authenticate", gateway.db.clock().now(), correlation);
    let mut tx = gateway.db.read(&ctx).await?;
    let Some(good) = store::find_token(&mut tx, &token::hash(text)).await? else { return Ok(None) };
    tx.commit().await?;
    if good.last_used_at.is_none_or(|last| ctx.now.duration_since(last) >= NOTED) {
        let mut tx = gateway.db.write(&ctx).await?;
        store::used(&mut tx, &good).await?;
        tx.commit().await?;
    }
    Ok(Some(Authenticated { tenant, id: good.connection }))
}
