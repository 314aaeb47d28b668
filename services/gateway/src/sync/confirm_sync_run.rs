//! Lets the people leave for whom a run waits.

use super::{
    convert::run_out,
    store::{self, runs},
};
use crate::Gateway;
use contracts::mentor::gateway::v1::{ConfirmSyncRunRequest, ConfirmSyncRunResponse};
use kernel::{Error, Result, parse_id};
use storage::{Audit, Tx};

pub(crate) async fn handle(
    _: &Gateway,
    tx: &mut Tx,
    request: ConfirmSyncRunRequest,
) -> Result<ConfirmSyncRunResponse> {
    let id = parse_id("sync_run_id", &request.sync_run_id)?;
    // The source first, as whoever starts a run does.
    let source = runs::find(tx, id).await?.source;
    store::lock(tx, source).await?;
    let mut run = runs::lock(tx, id).await?;
    run.confirm(tx.now())?;
    if runs::pending(tx, source).await?.is_some() {
        let message = "another run of this source is under way; wait until it has ended";
        return Err(Error::precondition("SYNC_RUNNING", message));
    }
    runs::save(tx, &run, None).await?;
    tx.audit(Audit::of("sync_run", run.id).because("the mass deactivation was confirmed"));
    Ok(ConfirmSyncRunResponse { run: Some(run_out(&run)) })
}
