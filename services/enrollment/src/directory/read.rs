//! Reads people.

use super::{
    convert::{person_out, state_filter},
    person::State,
    store,
};
use crate::{Enrollment, convert::id_filter, error::no_person};
use contracts::mentor::enrollment::v1::{
    GetPersonRequest, GetPersonResponse, ListPeopleRequest, ListPeopleResponse,
};
use kernel::{Page, Result, parse_id};
use storage::{Audit, Tx};

pub(crate) async fn get_person(
    _: &Enrollment,
    tx: &mut Tx,
    request: GetPersonRequest,
) -> Result<GetPersonResponse> {
    let id = parse_id("person_id", &request.person_id)?;
    let person = store::find(tx, id).await?.ok_or_else(|| no_person(id))?;
    if !tx.actor().is_person(id) {
        tx.audit(Audit::of("person", id).about(id));
    }
    Ok(GetPersonResponse { person: Some(person_out(&person)) })
}

pub(crate) async fn list_people(
    _: &Enrollment,
    tx: &mut Tx,
    request: ListPeopleRequest,
) -> Result<ListPeopleResponse> {
    let list = format!("people {} {} {}", request.state, request.manager_id, request.unit);
    let page: Page<String> = Page::read(request.page_size, &request.page_token, list)?;
    let unit = crate::convert::text("unit", request.unit)?;
    let filter = store::Filter {
        unit: (!unit.is_empty()).then_some(unit),
        below: id_filter("manager_id", &request.manager_id)?,
        state: state_filter(request.state)?.map(State::word),
    };
    let people = store::list(tx, &page, &filter).await?;
    let (people, next_page_token) = page.finish(people, |person| person.external_id.clone());
    for person in &people {
        tx.audit(Audit::of("person", person.id).about(person.id));
    }
    Ok(ListPeopleResponse { people: people.iter().map(person_out).collect(), next_page_token })
}
