//! Adds a course.

use super::{convert::course_out, course::Course, store};
use crate::{Enrollment, convert::text};
use contracts::mentor::enrollment::v1::{CreateCourseRequest, CreateCourseResponse};
use kernel::Result;
use storage::{Audit, Tx};

pub(crate) async fn handle(
    _: &Enrollment,
    tx: &mut Tx,
    request: CreateCourseRequest,
) -> Result<CreateCourseResponse> {
    let (title, description) = (text("title", request.title)?, text("description", request.description)?);
    let course = Course::new(tx.new_id(), &title, description, request.duration_minutes, tx.now())?;
    store::insert_course(tx, &course).await?;
    tx.audit(Audit::of("course", course.id));
    Ok(CreateCourseResponse { course: Some(course_out(&course)) })
}
