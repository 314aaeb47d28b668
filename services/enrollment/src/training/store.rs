//! The SQL of training.

use super::course::{Completion, Course, Requirement};
use crate::{error::exists, profile::Side};
use jiff::Timestamp;
use kernel::{Error, Page, Result, Uuid};
use storage::time::at;
use storage::{DbResult, Tx};

fn no_course(id: Uuid) -> Box<Error> {
    Error::not_found("course", id)
}

/// Adds a course.
///
/// # Errors
/// `ALREADY_EXISTS` for a title in use.
pub(crate) async fn insert_course(tx: &mut Tx, course: &Course) -> Result<()> {
    sqlx::query!(
        "insert into enrollment.course (tenant_id, course_id, title, description, duration_minutes, created_at) \
         values ($1, $2, $3, $4, $5, $6)",
        tx.tenant(),
        course.id,
        course.title,
        course.description,
        course.duration_minutes,
        at(course.created_at)
    )
    .execute(tx.conn())
    .await
    .violates("course_title_key", || exists("a course with this title exists"))
    .db()?;
    Ok(())
}

/// A page of courses by title, of all or of those that a program requires.
pub(crate) async fn list_courses(
    tx: &mut Tx,
    page: &Page<String>,
    program: Option<Uuid>,
    side: Option<Side>,
) -> Result<Vec<Course>> {
    let rows = sqlx::query!(
        "select course_id, title, description, duration_minutes, created_at from enrollment.course c \
         where tenant_id = $1 and ($2::text is null or title > $2) \
           and ($3::uuid is null or exists (\
                select 1 from enrollment.course_requirement r \
                where r.tenant_id = $1 and r.program_id = $3 and r.course_id = c.course_id \
                  and ($4::text is null or r.role = $4))) \
         order by title limit $5",
        tx.tenant(),
        page.after.as_deref(),
        program,
        side.map(Side::word),
        page.limit()
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    Ok(rows
        .into_iter()
        .map(|row| Course {
            id: row.course_id,
            title: row.title,
            description: row.description,
            duration_minutes: row.duration_minutes,
            created_at: row.created_at.to_jiff(),
        })
        .collect())
}

/// What a program (or every one) requires of these courses (or of all).
pub(crate) async fn requirements(
    tx: &mut Tx,
    program: Option<Uuid>,
    courses: Option<&[Uuid]>,
) -> Result<Vec<Requirement>> {
    let rows = sqlx::query!(
        "select program_id, role, course_id from enrollment.course_requirement \
         where tenant_id = $1 and ($2::uuid is null or program_id = $2) and ($3::uuid[] is null or course_id = any($3)) \
         order by program_id, role, course_id",
        tx.tenant(),
        program,
        courses
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    let read = |program, role: &str, course| Ok(Requirement { program, side: Side::read(role)?, course });
    rows.into_iter().map(|row| read(row.program_id, &row.role, row.course_id)).collect()
}

/// Requires a course of a role.
///
/// # Errors
/// `NOT_FOUND` without such a course.
pub(crate) async fn require(tx: &mut Tx, requirement: Requirement) -> Result<()> {
    sqlx::query!(
        "insert into enrollment.course_requirement (tenant_id, program_id, role, course_id) values ($1, $2, $3, $4) \
         on conflict do nothing",
        tx.tenant(),
        requirement.program,
        requirement.side.word(),
        requirement.course
    )
    .execute(tx.conn())
    .await
    .violates("course_requirement_course_fkey", || no_course(requirement.course))
    .db()?;
    Ok(())
}

/// Requires a course no more.
///
/// # Errors
/// `NOT_FOUND` without such a course.
pub(crate) async fn release(tx: &mut Tx, requirement: Requirement) -> Result<()> {
    let is_there = sqlx::query_scalar!(
        r#"with released as (
               delete from enrollment.course_requirement
               where tenant_id = $1 and program_id = $2 and role = $3 and course_id = $4
           )
           select exists (select 1 from enrollment.course where tenant_id = $1 and course_id = $4) as "is_there!""#,
        tx.tenant(),
        requirement.program,
        requirement.side.word(),
        requirement.course
    )
    .fetch_one(tx.conn())
    .await
    .db()?;
    if is_there { Ok(()) } else { Err(no_course(requirement.course)) }
}

/// Records a completion; the first one counts.
///
/// # Errors
/// `NOT_FOUND` without such a course.
pub(crate) async fn complete(tx: &mut Tx, person: Uuid, course: Uuid) -> Result<Completion> {
    let completed_at = sqlx::query_scalar!(
        "insert into enrollment.completion (tenant_id, person_id, course_id, completed_at) values ($1, $2, $3, $4) \
         on conflict (tenant_id, person_id, course_id) do update set completed_at = completion.completed_at \
         returning completed_at",
        tx.tenant(),
        person,
        course,
        at(tx.now())
    )
    .fetch_one(tx.conn())
    .await
    .violates("completion_course_fkey", || no_course(course))
    .db()?;
    Ok(Completion { person, course, completed_at: completed_at.to_jiff() })
}

/// A page of completions, oldest first.
pub(crate) async fn list_completions(
    tx: &mut Tx,
    page: &Page<(Timestamp, Uuid, Uuid)>,
    person: Option<Uuid>,
    course: Option<Uuid>,
    visible_to: Option<Uuid>,
) -> Result<Vec<Completion>> {
    let after = page.after.as_ref();
    let rows = sqlx::query!(
        "select person_id, course_id, completed_at from enrollment.completion \
         where tenant_id = $1 and ($2::timestamptz is null or (completed_at, person_id, course_id) > ($2, $3, $4)) \
           and ($5::uuid is null or person_id = $5) and ($6::uuid is null or course_id = $6) \
           and ($7::uuid is null or person_id = $7) \
         order by completed_at, person_id, course_id limit $8",
        tx.tenant(),
        after.map(|(completed_at, ..)| at(*completed_at)),
        after.map(|(_, person, _)| *person),
        after.map(|(.., course)| *course),
        person,
        course,
        visible_to,
        page.limit()
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    Ok(rows
        .into_iter()
        .map(|row| Completion {
            person: row.person_id,
            course: row.course_id,
            completed_at: row.completed_at.to_jiff(),
        })
        .collect())
}
