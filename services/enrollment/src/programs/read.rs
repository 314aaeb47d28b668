//! Reads programs. Who is only an employee does not see drafts.

use super::{
    convert::{program_out, state_filter},
    store,
};
use crate::{Enrollment, error::no_program};
use contracts::mentor::enrollment::v1::{
    GetProgramRequest, GetProgramResponse, ListProgramsRequest, ListProgramsResponse,
};
use kernel::{Actor, Page, Result, Role, parse_id};
use storage::Tx;

pub(crate) async fn get_program(
    _: &Enrollment,
    tx: &mut Tx,
    request: GetProgramRequest,
) -> Result<GetProgramResponse> {
    let id = parse_id("program_id", &request.program_id)?;
    let program = store::find(tx, id).await?;
    if published_only(tx.actor()) && program.published_at.is_none() {
        return Err(no_program(id));
    }
    Ok(GetProgramResponse { program: Some(program_out(&program)) })
}

pub(crate) async fn list_programs(
    _: &Enrollment,
    tx: &mut Tx,
    request: ListProgramsRequest,
) -> Result<ListProgramsResponse> {
    let list = format!("programs {}", request.state);
    let page = Page::read(request.page_size, &request.page_token, list)?;
    let published_only = published_only(tx.actor());
    let programs = store::list(tx, &page, state_filter(request.state)?, published_only).await?;
    let (programs, next_page_token) = page.finish(programs, |program| program.id);
    Ok(ListProgramsResponse { programs: programs.iter().map(program_out).collect(), next_page_token })
}

fn published_only(actor: &Actor) -> bool {
    actor.roles.iter().all(|role| *role == Role::Employee)
}
