//! Ends a client: it gets no tokens any more, and those it has are refused.

use super::{convert::client_out, store};
use crate::Gateway;
use contracts::mentor::gateway::v1::{RevokeClientRequest, RevokeClientResponse};
use kernel::{Result, parse_id};
use storage::{Audit, Tx};

pub(crate) async fn handle(
    gateway: &Gateway,
    tx: &mut Tx,
    request: RevokeClientRequest,
) -> Result<RevokeClientResponse> {
    let mut client = store::lock(tx, parse_id("client_id", &request.client_id)?).await?;
    client.revoke(tx.now())?;
    store::revoke(tx, &client).await?;
    let tenant = tx.ctx().tenant();
    // Its tokens name it as their session.
    gateway.ended_sessions.add(tenant, client.id).await;
    tx.audit(Audit::of("client", client.id).because("revoked"));
    Ok(RevokeClientResponse { client: Some(client_out(tenant, &client)) })
}
