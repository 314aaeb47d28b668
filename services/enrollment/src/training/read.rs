//! Reads courses, requirements and completions.

use super::{
    convert::{completion_out, course_out, requirement_out},
    store,
};
use crate::{
    Enrollment,
    access::narrowed,
    convert::{id_filter, side_filter},
};
use contracts::mentor::enrollment::v1::{
    ListCompletionsRequest, ListCompletionsResponse, ListCoursesRequest, ListCoursesResponse,
};
use kernel::{Error, Page, Result, Uuid};
use storage::{Audit, Tx};

pub(crate) async fn list_courses(
    _: &Enrollment,
    tx: &mut Tx,
    request: ListCoursesRequest,
) -> Result<ListCoursesResponse> {
    let list = format!("courses {} {}", request.program_id, request.role);
    let page: Page<String> = Page::read(request.page_size, &request.page_token, list)?;
    let program = id_filter("program_id", &request.program_id)?;
    let side = side_filter("role", request.role)?;
    if program.is_none() && side.is_some() {
        return Err(Error::field("program_id", "is required together with role"));
    }
    let courses = store::list_courses(tx, &page, program, side).await?;
    let (courses, next_page_token) = page.finish(courses, |course| course.title.clone());
    let ids: Vec<Uuid> = courses.iter().map(|course| course.id).collect();
    let requirements = store::requirements(tx, program, Some(&ids)).await?;
    Ok(ListCoursesResponse {
        courses: courses.iter().map(course_out).collect(),
        requirements: requirements.iter().map(requirement_out).collect(),
        next_page_token,
    })
}

pub(crate) async fn list_completions(
    _: &Enrollment,
    tx: &mut Tx,
    request: ListCompletionsRequest,
) -> Result<ListCompletionsResponse> {
    let list = format!("completions {} {}", request.person_id, request.course_id);
    let page: Page<(jiff::Timestamp, Uuid, Uuid)> = Page::read(request.page_size, &request.page_token, list)?;
    let person = id_filter("person_id", &request.person_id)?;
    let course = id_filter("course_id", &request.course_id)?;
    let visible_to = narrowed(tx.actor())?;
    let completions = store::list_completions(tx, &page, person, course, visible_to).await?;
    let (completions, next_page_token) = page.finish(completions, |c| (c.completed_at, c.person, c.course));
    for completion in
        completions.iter().filter(|c| tx.ctx().actor.person != Some(c.person)).copied().collect::<Vec<_>>()
    {
        tx.audit(Audit::of("completion", completion.course).about(completion.person));
    }
    Ok(ListCompletionsResponse {
        completions: completions.iter().map(completion_out).collect(),
        next_page_token,
    })
}
