//! Reading health.

use super::{convert, store};
use crate::{Evaluation, convert::read_class};
use contracts::mentor::evaluation::v1::{
    GetHealthRequest, GetHealthResponse, ListHealthHistoryRequest, ListHealthHistoryResponse,
    ListHealthRequest, ListHealthResponse,
};
use kernel::{Page, Result, parse_id};
use storage::Tx;

pub(crate) async fn get_health(
    _: &Evaluation,
    tx: &mut Tx,
    request: GetHealthRequest,
) -> Result<GetHealthResponse> {
    let about = parse_id("match_id", &request.match_id)?;
    let health = store::get(tx, about).await?;
    Ok(GetHealthResponse { health: Some(convert::health(health)) })
}

pub(crate) async fn list_health(
    _: &Evaluation,
    tx: &mut Tx,
    request: ListHealthRequest,
) -> Result<ListHealthResponse> {
    let program = parse_id("program_id", &request.program_id)?;
    let class = read_class(request.class());
    let page = Page::read(request.page_size, &request.page_token, format!("health {program} {class:?}"))?;
    let rows = store::list(tx, program, class, &page).await?;
    let (rows, next_page_token) = page.finish(rows, |row| row.match_id);
    Ok(ListHealthResponse { healths: rows.into_iter().map(convert::health).collect(), next_page_token })
}

pub(crate) async fn list_health_history(
    _: &Evaluation,
    tx: &mut Tx,
    request: ListHealthHistoryRequest,
) -> Result<ListHealthHistoryResponse> {
    let about = parse_id("match_id", &request.match_id)?;
    let page = Page::read(request.page_size, &request.page_token, format!("health_history {about}"))?;
    let rows = store::history(tx, about, &page).await?;
    let (rows, next_page_token) = page.finish(rows, |row| row.computed_at.as_microsecond());
    Ok(ListHealthHistoryResponse {
        healths: rows.into_iter().map(convert::health).collect(),
        next_page_token,
    })
}
