//! Plain reads of runs.

use super::convert;
use super::store::{self, pairs};
use crate::{Matching, projection};
use contracts::mentor::matching::v1::*;
use kernel::{Page, Result, Uuid, parse_id};
use storage::Tx;

pub(crate) async fn get_match_run(
    _: &Matching,
    tx: &mut Tx,
    request: GetMatchRunRequest,
) -> Result<GetMatchRunResponse> {
    let run = store::get(tx, parse_id("run_id", &request.run_id)?).await?;
    Ok(GetMatchRunResponse { run: Some(convert::run(&run)) })
}

pub(crate) async fn list_match_runs(
    _: &Matching,
    tx: &mut Tx,
    request: ListMatchRunsRequest,
) -> Result<ListMatchRunsResponse> {
    let program = parse_id("program_id", &request.program_id)?;
    projection::store::program(tx, program).await?;
    let state = convert::state_name(request.state);
    let list = format!("runs {program} {}", state.unwrap_or_default());
    let page = Page::<Uuid>::read(request.page_size, &request.page_token, list)?;
    let rows = store::list(tx, program, state, page.after, page.limit()).await?;
    let (rows, next_page_token) = page.finish(rows, |row| row.id);
    Ok(ListMatchRunsResponse { runs: rows.iter().map(convert::run).collect(), next_page_token })
}

pub(crate) async fn list_proposals(
    _: &Matching,
    tx: &mut Tx,
    request: ListProposalsRequest,
) -> Result<ListProposalsResponse> {
    let id = parse_id("run_id", &request.run_id)?;
    store::get(tx, id).await?.check_result()?;
    let page = Page::<(i32, Uuid)>::read(request.page_size, &request.page_token, format!("proposals {id}"))?;
    let rows = store::proposals(tx, id, page.after, page.limit()).await?;
    let (rows, next_page_token) = page.finish(rows, |row| (row.score, row.mentee_participant_id));
    Ok(ListProposalsResponse { proposals: rows.iter().map(convert::proposal).collect(), next_page_token })
}

pub(crate) async fn list_unmatched(
    _: &Matching,
    tx: &mut Tx,
    request: ListUnmatchedRequest,
) -> Result<ListUnmatchedResponse> {
    let id = parse_id("run_id", &request.run_id)?;
    store::get(tx, id).await?.check_result()?;
    let page = Page::<Uuid>::read(request.page_size, &request.page_token, format!("unmatched {id}"))?;
    let rows = store::unmatched(tx, id, page.after, page.limit()).await?;
    let (rows, next_page_token) = page.finish(rows, |row| row.mentee_participant_id);
    Ok(ListUnmatchedResponse { mentees: rows.iter().map(convert::unmatched).collect(), next_page_token })
}

pub(crate) async fn list_pair_rules(
    _: &Matching,
    tx: &mut Tx,
    request: ListPairRulesRequest,
) -> Result<ListPairRulesResponse> {
    let program = parse_id("program_id", &request.program_id)?;
    projection::store::program(tx, program).await?;
    let kind = convert::read_kind(request.kind);
    let list = format!("pair rules {program} {kind:?}");
    let page = Page::<(Uuid, Uuid)>::read(request.page_size, &request.page_token, list)?;
    let rows = pairs::list(tx, program, kind, page.after, page.limit()).await?;
    let (rows, next_page_token) = page.finish(rows, |row| (row.key.mentee, row.key.mentor));
    Ok(ListPairRulesResponse { rules: rows.iter().map(convert::pair_rule).collect(), next_page_token })
}
