//! Starts a run: a worker takes it within a second or two.

use super::{
    connectors,
    convert::{mapping_in, mode_in, run_out, settings},
    run::Run,
    store::{self, files, runs},
};
use crate::Gateway;
use contracts::mentor::gateway::v1::{StartSyncRequest, StartSyncResponse};
use kernel::{Error, Result, Uuid, parse_id};
use prost::Message;
use storage::{Audit, Tx};

pub(crate) async fn handle(_: &Gateway, tx: &mut Tx, request: StartSyncRequest) -> Result<StartSyncResponse> {
    let source = store::lock(tx, parse_id("source_id", &request.source_id)?).await?;
    let mut run = Run::queued(tx.new_id(), source.id, tx.now());
    (run.dry, run.mode) = (request.dry_run, mode_in(request.mode));
    let own = connectors::csv(&settings(&source)?);
    if !request.file_id.is_empty() {
        if own.is_none() {
            return Err(Error::field("file_id", "must be empty: the source has no files"));
        }
        let file = files::find(tx, source.id, parse_id("file_id", &request.file_id)?).await?;
        (run.file, run.file_name) = (Some(file.id), file.name);
    } else if source.kind == "upload" {
        return Err(Error::field("file_id", "must name a file that was handed over with UploadFile"));
    }
    if let Some(csv) = request.csv {
        if run.file.is_none() {
            return Err(Error::field("csv", "goes with file_id; the source has settings of its own"));
        }
        if !csv.mapping.is_empty() {
            mapping_in("csv", &csv.mapping)?;
        }
        run.csv = Some(csv.encode_to_vec());
    }
    start(tx, &run).await?;
    tx.audit(Audit::of("sync_run", run.id).because(if run.dry { "started, a dry run" } else { "started" }));
    Ok(StartSyncResponse { run: Some(run_out(&run)) })
}

/// Adds a run. One that waits for confirmation is overtaken by it, unless it writes nothing.
pub(super) async fn start(tx: &mut Tx, run: &Run) -> Result<()> {
    if !run.dry {
        for mut waiting in runs::lock_awaiting(tx, run.source).await? {
            waiting.cancel("a later run was started", tx.now())?;
            save_ended(tx, &waiting).await?;
        }
    }
    runs::insert(tx, run).await
}

/// Writes a run that was stopped from outside.
pub(super) async fn save_ended(tx: &mut Tx, run: &Run) -> Result<()> {
    runs::save(tx, run, None).await?;
    store::told::drop_pages(tx, run.id).await
}

/// Starts a run by itself, unless one is under way; whether it was started.
pub(crate) async fn start_automatic(tx: &mut Tx, source: Uuid) -> Result<bool> {
    if runs::pending(tx, source).await?.is_some() {
        return Ok(false);
    }
    let run = Run { automatic: true, ..Run::queued(tx.new_id(), source, tx.now()) };
    start(tx, &run).await?;
    tx.audit(Audit::of("sync_run", run.id).because("started by itself"));
    Ok(true)
}
