//! Reading check-ins.

use super::{convert, store};
use crate::{
    Evaluation,
    convert::{optional_id, read_check_in_state},
};
use contracts::mentor::evaluation::v1::{
    GetCheckInRequest, GetCheckInResponse, ListCheckInsRequest, ListCheckInsResponse,
};
use kernel::{Error, Page, Result, parse_id};
use storage::{Audit, Tx};

pub(crate) async fn get_check_in(
    _: &Evaluation,
    tx: &mut Tx,
    request: GetCheckInRequest,
) -> Result<GetCheckInResponse> {
    let id = parse_id("check_in_id", &request.check_in_id)?;
    let check_in = store::get(tx, id).await?;
    check_in.may_read(tx.actor())?;
    if !tx.actor().is_person(check_in.person_id) {
        tx.audit(Audit::of("check_in", id).about(check_in.person_id));
    }
    Ok(GetCheckInResponse { check_in: Some(convert::check_in(check_in)) })
}

pub(crate) async fn list_check_ins(
    _: &Evaluation,
    tx: &mut Tx,
    request: ListCheckInsRequest,
) -> Result<ListCheckInsResponse> {
    let state = request.state();
    let mut filter = store::Filter {
        program: optional_id("program_id", &request.program_id)?,
        about: optional_id("match_id", &request.match_id)?,
        person: optional_id("person_id", &request.person_id)?,
        state: read_check_in_state(state),
    };
    if !tx.actor().manages_programs() {
        filter.person = Some(only_self(tx, filter.person)?);
    }
    let page = Page::read(request.page_size, &request.page_token, format!("check_ins {filter:?}"))?;
    let rows = store::list(tx, &filter, &page).await?;
    let (rows, next_page_token) = page.finish(rows, |row| row.id);
    for row in rows.iter().filter(|row| !tx.actor().is_person(row.person_id)).cloned().collect::<Vec<_>>() {
        tx.audit(Audit::of("check_in", row.id).about(row.person_id));
    }
    Ok(ListCheckInsResponse { check_ins: rows.into_iter().map(convert::check_in).collect(), next_page_token })
}

/// An employee lists their own.
fn only_self(tx: &Tx, asked: Option<kernel::Uuid>) -> Result<kernel::Uuid> {
    let own = tx.actor().person.ok_or_else(|| Error::denied("check-ins are listed by people"))?;
    if asked.is_some_and(|person| person != own) {
        return Err(Error::denied("these check-ins ask somebody else"));
    }
    Ok(own)
}
