//! Removes an identity provider: its sessions end.

use super::store;
use crate::{Gateway, sessions};
use contracts::mentor::gateway::v1::{RemoveIdentityProviderRequest, RemoveIdentityProviderResponse};
use kernel::{Result, parse_id};
use storage::{Audit, Tx};

pub(crate) async fn handle(
    gateway: &Gateway,
    tx: &mut Tx,
    request: RemoveIdentityProviderRequest,
) -> Result<RemoveIdentityProviderResponse> {
    let id = parse_id("provider_id", &request.provider_id)?;
    store::lock(tx, id).await?;
    let ended =
        sessions::end(gateway, tx, sessions::Whose::Provider(id), "identity provider removed").await?;
    store::remove(tx, id).await?;
    tx.audit(Audit::of("identity_provider", id).because("removed"));
    Ok(RemoveIdentityProviderResponse { sessions_ended: ended })
}
