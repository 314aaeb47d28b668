//! Reads applications: all of one's own, the standing of one's reports', everything as a program manager.

use super::{
    convert::{application_out, state_filter},
    store,
};
use crate::{
    Enrollment,
    access::{narrowed, view},
    convert::{id_filter, side_filter},
};
use contracts::mentor::enrollment::v1::{
    GetApplicationRequest, GetApplicationResponse, ListApplicationsRequest, ListApplicationsResponse,
};
use kernel::{Page, Result, parse_id};
use storage::{Audit, Tx};

pub(crate) async fn get_application(
    _: &Enrollment,
    tx: &mut Tx,
    request: GetApplicationRequest,
) -> Result<GetApplicationResponse> {
    let found = store::find(tx, parse_id("application_id", &request.application_id)?).await?;
    Ok(GetApplicationResponse { application: Some(show(tx, &found)?) })
}

pub(crate) async fn list_applications(
    _: &Enrollment,
    tx: &mut Tx,
    request: ListApplicationsRequest,
) -> Result<ListApplicationsResponse> {
    let list = format!(
        "applications {} {} {} {} {}",
        request.program_id, request.person_id, request.state, request.role, request.manager_id
    );
    let page = Page::read(request.page_size, &request.page_token, list)?;
    let filter = store::Filter {
        program: id_filter("program_id", &request.program_id)?,
        person: id_filter("person_id", &request.person_id)?,
        state: state_filter(request.state)?,
        side: side_filter("role", request.role)?,
        manager: id_filter("manager_id", &request.manager_id)?,
        visible_to: narrowed(tx.actor())?,
    };
    let found = store::list(tx, &page, &filter).await?;
    let (found, next_page_token) = page.finish(found, |found| found.application.id);
    let applications = found.iter().map(|found| show(tx, found)).collect::<Result<_>>()?;
    Ok(ListApplicationsResponse { applications, next_page_token })
}

/// As much of it as the caller sees; seeing another person's leaves a trace.
fn show(tx: &mut Tx, found: &store::Managed) -> Result<contracts::mentor::enrollment::v1::Application> {
    let application = &found.application;
    let view = view(tx.actor(), application.person, found.manager)?;
    if !tx.actor().is_person(application.person) {
        tx.audit(Audit::of("application", application.id).about(application.person));
    }
    Ok(application_out(application, view))
}
