//! Plain reads of criteria.

use super::{convert, store};
use crate::{Matching, projection};
use contracts::mentor::matching::v1::*;
use kernel::{Error, Page, Result, parse_id};
use storage::Tx;

pub(crate) async fn get_criteria(
    _: &Matching,
    tx: &mut Tx,
    request: GetCriteriaRequest,
) -> Result<GetCriteriaResponse> {
    let program = parse_id("program_id", &request.program_id)?;
    projection::store::program(tx, program).await?;
    let stored = store::get(tx, program, request.version).await?;
    let stored = stored.ok_or_else(|| Error::not_found("criteria version", request.version))?;
    Ok(GetCriteriaResponse { criteria: Some(convert::criteria(program, &stored)) })
}

pub(crate) async fn list_criteria_versions(
    _: &Matching,
    tx: &mut Tx,
    request: ListCriteriaVersionsRequest,
) -> Result<ListCriteriaVersionsResponse> {
    let program = parse_id("program_id", &request.program_id)?;
    projection::store::program(tx, program).await?;
    let list = format!("criteria {program}");
    let page = Page::<i32>::read(request.page_size, &request.page_token, list)?;
    let rows = store::list(tx, program, page.after, page.limit()).await?;
    let (rows, next_page_token) = page.finish(rows, |row| row.criteria.version);
    let criteria = rows.iter().map(|stored| convert::criteria(program, stored)).collect();
    Ok(ListCriteriaVersionsResponse { criteria, next_page_token })
}
