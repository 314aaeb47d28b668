//! A run is stopped; a worker that is at it notices and gives up.

use super::{convert, store};
use crate::{Matching, events::DomainEvent};
use contracts::mentor::matching::v1::{CancelMatchRunRequest, CancelMatchRunResponse};
use kernel::{Result, parse_id};
use storage::{Audit, Tx};

pub(crate) async fn handle(
    _: &Matching,
    tx: &mut Tx,
    request: CancelMatchRunRequest,
) -> Result<CancelMatchRunResponse> {
    let mut run = store::lock(tx, parse_id("run_id", &request.run_id)?).await?;
    run.cancel(tx.now())?;
    store::save(tx, &run).await?;
    DomainEvent::RunFailed(&run).emit(tx);
    tx.audit(Audit::of("match run", run.id).because("cancelled"));
    Ok(CancelMatchRunResponse { run: Some(convert::run(&run)) })
}
