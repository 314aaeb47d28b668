//! The rows that a run left out, as a file to correct.

use super::{
    run::Run,
    store::{runs, told},
};
use crate::Gateway;
use contracts::mentor::gateway::v1::{ExportRejectedRequest, ExportRejectedResponse};
use futures::{StreamExt, stream};
use grpc::ResponseStream;
use kernel::{Context, Result, parse_id};

/// Rows of one message.
const ROWS: i64 = 200;

/// The first line: the file's own columns, then ours.
pub(super) fn header(run: &Run) -> String {
    format!("{},line_number,what_is_wrong\n", run.header)
}

/// A row as the file wrote it, with its number and what is wrong.
pub(super) fn line(number: i64, raw: &str, wrong: &str) -> String {
    format!("{raw},{}\n", sheet::line([number.to_string().as_str(), wrong]))
}

pub(crate) async fn handle(
    service: Gateway,
    ctx: Context,
    request: ExportRejectedRequest,
) -> Result<ResponseStream<ExportRejectedResponse>> {
    let id = parse_id("sync_run_id", &request.sync_run_id)?;
    let mut tx = service.db.read(&ctx).await?;
    let run = runs::find(&mut tx, id).await?;
    tx.commit().await?;
    let state = Some((service, ctx, run, 0));
    let chunks = stream::unfold(state, |state| async move {
        let (service, ctx, run, after) = state?;
        match next(&service, &ctx, &run, after).await {
            Ok(Some((text, last))) => {
                let chunk = ExportRejectedResponse { chunk: text.into_bytes() };
                Some((Ok(chunk), Some((service, ctx, run, last))))
            }
            Ok(None) => None,
            Err(error) => Some((Err(grpc::status(error)), None)),
        }
    });
    Ok(chunks.boxed())
}

/// The next rows, with the header before the first.
async fn next(service: &Gateway, ctx: &Context, run: &Run, after: i64) -> Result<Option<(String, i64)>> {
    let mut tx = service.db.read(ctx).await?;
    let rows = told::rejected(&mut tx, run.id, after, ROWS).await?;
    tx.commit().await?;
    let Some((last, ..)) = rows.last() else { return Ok(None) };
    let last = *last;
    let mut text = if after == 0 { header(run) } else { String::new() };
    text.extend(rows.iter().map(|(_, number, raw, wrong)| line(*number, raw, wrong)));
    Ok(Some((text, last)))
}
