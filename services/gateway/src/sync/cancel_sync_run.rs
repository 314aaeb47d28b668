//! Stops a run: its worker notices at the next page.

use super::{convert::run_out, start_sync::save_ended, store::runs};
use crate::Gateway;
use contracts::mentor::gateway::v1::{CancelSyncRunRequest, CancelSyncRunResponse};
use kernel::{Result, parse_id};
use storage::{Audit, Tx};

pub(crate) async fn handle(
    _: &Gateway,
    tx: &mut Tx,
    request: CancelSyncRunRequest,
) -> Result<CancelSyncRunResponse> {
    let mut run = runs::lock(tx, parse_id("sync_run_id", &request.sync_run_id)?).await?;
    run.cancel("cancelled; what was committed stays", tx.now())?;
    save_ended(tx, &run).await?;
    tx.audit(Audit::of("sync_run", run.id).because("cancelled"));
    Ok(CancelSyncRunResponse { run: Some(run_out(&run)) })
}
