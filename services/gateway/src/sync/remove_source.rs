//! Removes a source. The people that it brought stay in the directory.

use super::store::{self, runs};
use crate::Gateway;
use contracts::mentor::gateway::v1::{RemoveSourceRequest, RemoveSourceResponse};
use kernel::{Error, Result, parse_id};
use storage::{Audit, Tx};

pub(crate) async fn handle(
    _: &Gateway,
    tx: &mut Tx,
    request: RemoveSourceRequest,
) -> Result<RemoveSourceResponse> {
    let source = store::lock(tx, parse_id("source_id", &request.source_id)?).await?;
    if let Some(run) = runs::pending(tx, source.id).await? {
        let message = format!("the run {} is under way; cancel it first", run.id);
        return Err(Error::precondition("SYNC_STATE", message));
    }
    store::remove(tx, source.id).await?;
    tx.audit(Audit::of("source", source.id).because("removed"));
    Ok(RemoveSourceResponse {})
}
