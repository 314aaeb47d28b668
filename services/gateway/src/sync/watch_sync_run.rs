//! Watches a run: its row is read again and again, so that any replica can tell.

use super::{convert::run_out, run::Run, store::runs};
use crate::Gateway;
use contracts::mentor::gateway::v1::{WatchSyncRunRequest, WatchSyncRunResponse};
use futures::{StreamExt, stream};
use grpc::ResponseStream;
use kernel::{Context, Result, Uuid, parse_id};
use std::time::Duration;

/// How often the row is read.
const PERIOD: Duration = Duration::from_millis(300);

struct Watch {
    service: Gateway,
    ctx: Context,
    id: Uuid,
    last: Run,
}

pub(crate) async fn handle(
    service: Gateway,
    ctx: Context,
    request: WatchSyncRunRequest,
) -> Result<ResponseStream<WatchSyncRunResponse>> {
    let id = parse_id("sync_run_id", &request.sync_run_id)?;
    let first = read(&service, &ctx, id).await?;
    let message = WatchSyncRunResponse { run: Some(run_out(&first)) };
    let watch = Watch { service, ctx, id, last: first };
    let later = stream::unfold(Some(watch), |watch| async move {
        let mut watch = watch?;
        match watch.next().await {
            Ok(true) => Some((Ok(WatchSyncRunResponse { run: Some(run_out(&watch.last)) }), Some(watch))),
            Ok(false) => None,
            Err(error) => Some((Err(grpc::status(error)), None)),
        }
    });
    Ok(Box::pin(stream::iter([Ok(message)]).chain(later)))
}

impl Watch {
    /// Waits for the next change; `false` once the run will not change by itself any more.
    async fn next(&mut self) -> Result<bool> {
        let mut ticks = tokio::time::interval(PERIOD);
        ticks.tick().await;
        while self.last.state.is_pending() {
            ticks.tick().await;
            let run = read(&self.service, &self.ctx, self.id).await?;
            if run != self.last {
                self.last = run;
                return Ok(true);
            }
        }
        Ok(false)
    }
}

async fn read(service: &Gateway, ctx: &Context, id: Uuid) -> Result<Run> {
    let mut tx = service.db.read(ctx).await?;
    let run = runs::find(&mut tx, id).await?;
    tx.commit().await?;
    Ok(run)
}
