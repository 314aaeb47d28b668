//! A run is watched: its row is read again and again, so that any replica can tell.

use super::{convert, run::Run, store};
use crate::Matching;
use contracts::mentor::matching::v1::{WatchMatchRunRequest, WatchMatchRunResponse};
use futures::stream;
use grpc::ResponseStream;
use kernel::{Context, Result, Uuid, parse_id};
use std::time::Duration;

/// How often the row is read.
const PERIOD: Duration = Duration::from_millis(200);

struct Watch {
    service: Matching,
    ctx: Context,
    id: Uuid,
    last: Option<Run>,
}

pub(crate) async fn handle(
    service: Matching,
    ctx: Context,
    request: WatchMatchRunRequest,
) -> Result<ResponseStream<WatchMatchRunResponse>> {
    let id = parse_id("run_id", &request.run_id)?;
    let mut tx = service.db().read(&ctx).await?;
    let first = store::get(&mut tx, id).await?;
    tx.commit().await?;
    let message = WatchMatchRunResponse { run: Some(convert::run(&first)) };
    let watch = Watch { service, ctx, id, last: Some(first) };
    let later = stream::unfold(watch, |watch| async move {
        match watch.next().await {
            Ok(Some((run, watch))) => {
                let message = WatchMatchRunResponse { run: Some(convert::run(&run)) };
                Some((Ok(message), watch))
            }
            Ok(None) => None,
            Err((error, watch)) => Some((Err(grpc::status(error)), watch)),
        }
    });
    Ok(Box::pin(stream::StreamExt::chain(stream::iter([Ok(message)]), later)))
}

impl Watch {
    /// The run after its next change; none once it will not change by itself any more.
    async fn next(mut self) -> Result<Option<(Run, Watch)>, (Box<kernel::Error>, Watch)> {
        let mut ticks = tokio::time::interval(PERIOD);
        ticks.tick().await;
        loop {
            match &self.last {
                Some(last) if last.state.is_pending() => {}
                _ => return Ok(None),
            }
            ticks.tick().await;
            match self.read().await {
                Ok(run) if self.last.as_ref() != Some(&run) => {
                    self.last = Some(run.clone());
                    return Ok(Some((run, self)));
                }
                Ok(_) => {}
                Err(error) => {
                    self.last = None;
                    return Err((error, self));
                }
            }
        }
    }

    async fn read(&self) -> Result<Run> {
        let mut tx = self.service.db().read(&self.ctx).await?;
        let run = store::get(&mut tx, self.id).await?;
        tx.commit().await?;
        Ok(run)
    }
}
