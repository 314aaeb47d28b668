//! A run is solved again from its stored snapshot, to show that it gives the same.

use super::run::digest;
use super::solver::Proven;
use super::store;
use super::work::{self, Watcher};
use crate::Matching;
use contracts::mentor::matching::v1::{ReplayMatchRunRequest, ReplayMatchRunResponse};
use kernel::{Context, Error, Result, parse_id};
use std::sync::Arc;

pub(crate) async fn handle(
    service: Matching,
    ctx: Context,
    request: ReplayMatchRunRequest,
) -> Result<ReplayMatchRunResponse> {
    let id = parse_id("run_id", &request.run_id)?;
    let mut tx = service.db().read(&ctx).await?;
    let run = store::get(&mut tx, id).await?;
    run.check_result()?;
    if run.found.is_some_and(|found| found.proven == Proven::Stopped) {
        // Where the search was depends on the machine: the result is checked, not found again.
        let (snapshot, solved) = store::record(&mut tx, id).await?;
        tx.commit().await?;
        let certified = work::verify(service.solver(), snapshot, solved).await?;
        return Ok(ReplayMatchRunResponse { identical: false, certified, result_digest: run.result_digest });
    }
    let bytes = store::snapshot_bytes(&mut tx, id).await?;
    tx.commit().await?;
    let bytes = bytes.ok_or_else(|| Error::not_found("match run", id))?;
    let same_input = digest(&bytes) == run.input_digest;
    let watcher = Arc::new(Watcher::default());
    // Work stops when the caller is gone.
    let guard = work::CancelOnDrop(watcher.clone());
    let outcome = work::solve(service.solver(), bytes, watcher).await;
    drop(guard);
    let outcome =
        outcome.map_err(|unsolved| Error::internal(format!("a replay has no result: {unsolved:?}")))?;
    let result_digest = digest(&outcome.result);
    Ok(ReplayMatchRunResponse {
        identical: same_input && result_digest == run.result_digest,
        certified: outcome.solved.certified,
        result_digest,
    })
}
