//! Records that somebody completed a course.

use super::{convert::completion_out, gate, store};
use crate::{
    Enrollment,
    access::{own_or_managed, own_person},
    convert::id_filter,
    directory,
    error::no_person,
    participants,
};
use contracts::mentor::enrollment::v1::{CompleteCourseRequest, CompleteCourseResponse};
use kernel::{Result, Uuid, parse_id};
use storage::{Audit, Tx};

pub(crate) async fn handle(
    _: &Enrollment,
    tx: &mut Tx,
    request: CompleteCourseRequest,
) -> Result<CompleteCourseResponse> {
    let course = parse_id("course_id", &request.course_id)?;
    let person = match id_filter("person_id", &request.person_id)? {
        Some(person) => person,
        None => own_person(tx.actor())?,
    };
    own_or_managed(tx.actor(), person)?;
    // Two completions at once, or one while being accepted: the second sees the first.
    directory::store::hold(tx, person).await?.ok_or_else(|| no_person(person))?;
    let completion = store::complete(tx, person, course).await?;
    let passing = participants::store::lock_passing_of_person(tx, person).await?;
    let ready = gate::pass(tx, passing).await?;
    tx.audit(Audit::of("course", course).about(person));
    Ok(CompleteCourseResponse {
        completion: Some(completion_out(&completion)),
        ready_participant_ids: ready.iter().map(Uuid::to_string).collect(),
    })
}
