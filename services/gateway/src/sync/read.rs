//! Reads sources, runs, and what runs tell.

use super::{
    convert::{change_out, error_out, run_out, source_out},
    store::{self, runs, told},
};
use crate::Gateway;
use contracts::mentor::gateway::v1::*;
use kernel::{Page, Result, Uuid, parse_id};
use storage::Tx;

pub(crate) async fn get_source(
    _: &Gateway,
    tx: &mut Tx,
    request: GetSourceRequest,
) -> Result<GetSourceResponse> {
    let source = store::find(tx, parse_id("source_id", &request.source_id)?).await?;
    let people = store::people(tx, &[source.id]).await?.first().map_or(0, |(_, people)| *people);
    Ok(GetSourceResponse { source: Some(source_out(&source, people)?) })
}

pub(crate) async fn list_sources(
    _: &Gateway,
    tx: &mut Tx,
    request: ListSourcesRequest,
) -> Result<ListSourcesResponse> {
    let page = Page::read(request.page_size, &request.page_token, "sources")?;
    let found = store::list(tx, &page).await?;
    let (found, next_page_token) = page.finish(found, |source| source.id);
    let ids: Vec<Uuid> = found.iter().map(|source| source.id).collect();
    let people = store::people(tx, &ids).await?;
    let count = |id: Uuid| people.iter().find(|(source, _)| *source == id).map_or(0, |(_, people)| *people);
    let sources = found.iter().map(|source| source_out(source, count(source.id))).collect::<Result<_>>()?;
    Ok(ListSourcesResponse { sources, next_page_token })
}

pub(crate) async fn get_sync_run(
    _: &Gateway,
    tx: &mut Tx,
    request: GetSyncRunRequest,
) -> Result<GetSyncRunResponse> {
    let run = runs::find(tx, parse_id("sync_run_id", &request.sync_run_id)?).await?;
    Ok(GetSyncRunResponse { run: Some(run_out(&run)) })
}

pub(crate) async fn list_sync_runs(
    _: &Gateway,
    tx: &mut Tx,
    request: ListSyncRunsRequest,
) -> Result<ListSyncRunsResponse> {
    let source = match request.source_id.as_str() {
        "" => None,
        id => Some(parse_id("source_id", id)?),
    };
    let page =
        Page::read(request.page_size, &request.page_token, format!("sync runs {}", request.source_id))?;
    let found = runs::list(tx, &page, source).await?;
    let (found, next_page_token) = page.finish(found, |run| run.id);
    Ok(ListSyncRunsResponse { runs: found.iter().map(run_out).collect(), next_page_token })
}

pub(crate) async fn list_sync_errors(
    _: &Gateway,
    tx: &mut Tx,
    request: ListSyncErrorsRequest,
) -> Result<ListSyncErrorsResponse> {
    let run = runs::find(tx, parse_id("sync_run_id", &request.sync_run_id)?).await?;
    let page = Page::read(request.page_size, &request.page_token, format!("sync errors {}", run.id))?;
    let found = told::errors(tx, run.id, &page).await?;
    let (found, next_page_token) = page.finish(found, |(number, _)| *number);
    let errors = found.into_iter().map(|(_, fault)| error_out(fault)).collect();
    Ok(ListSyncErrorsResponse { errors, next_page_token })
}

pub(crate) async fn list_sync_changes(
    _: &Gateway,
    tx: &mut Tx,
    request: ListSyncChangesRequest,
) -> Result<ListSyncChangesResponse> {
    let run = runs::find(tx, parse_id("sync_run_id", &request.sync_run_id)?).await?;
    let page = Page::read(request.page_size, &request.page_token, format!("sync changes {}", run.id))?;
    let found = told::changes(tx, run.id, &page).await?;
    let (found, next_page_token) = page.finish(found, |change| change.external_id.clone());
    Ok(ListSyncChangesResponse { changes: found.into_iter().map(change_out).collect(), next_page_token })
}
