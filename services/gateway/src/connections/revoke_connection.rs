//! Ends a connection: its tokens are refused from the commit on.

use super::{convert::connection_out, store};
use crate::Gateway;
use contracts::mentor::gateway::v1::{RevokeConnectionRequest, RevokeConnectionResponse};
use kernel::{Result, parse_id};
use storage::{Audit, Tx};

pub(crate) async fn handle(
    _: &Gateway,
    tx: &mut Tx,
    request: RevokeConnectionRequest,
) -> Result<RevokeConnectionResponse> {
    let mut connection = store::lock(tx, parse_id("connection_id", &request.connection_id)?).await?;
    connection.revoke(tx.now())?;
    store::revoke(tx, &connection).await?;
    tx.audit(Audit::of("connection", connection.id).because("revoked"));
    Ok(RevokeConnectionResponse { connection: Some(connection_out(&connection)) })
}
