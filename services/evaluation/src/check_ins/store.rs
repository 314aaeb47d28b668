//! Check-ins in the database.

use super::check_in::{Answer, CheckIn};
use crate::{
    convert::stored,
    words::{CheckInState, Role},
};
use jiff_sqlx::{Timestamp, ToSqlx};
use kernel::{Error, Page, Result, Uuid};
use storage::{DbResult, Tx};

/// What a list of check-ins is narrowed to.
#[derive(Debug)]
pub(crate) struct Filter {
    pub(crate) program: Option<Uuid>,
    pub(crate) about: Option<Uuid>,
    pub(crate) person: Option<Uuid>,
    pub(crate) state: Option<CheckInState>,
}

struct Row {
    check_in_id: Uuid,
    match_id: Uuid,
    program_id: Uuid,
    person_id: Uuid,
    role: String,
    number: i32,
    state: String,
    opened_at: Timestamp,
    closes_at: Timestamp,
    answered_at: Option<Timestamp>,
    rating: Option<i32>,
    met_as_agreed: Option<bool>,
    progress: Option<i32>,
    wants_help: Option<bool>,
    comment: Option<String>,
}

impl Row {
    fn check_in(self) -> Result<CheckIn> {
        let answer = self.rating.map(|rating| Answer {
            rating,
            met_as_agreed: self.met_as_agreed.unwrap_or_default(),
            progress: self.progress.unwrap_or_default(),
            wants_help: self.wants_help.unwrap_or_default(),
            comment: self.comment.unwrap_or_default(),
        });
        Ok(CheckIn {
            id: self.check_in_id,
            match_id: self.match_id,
            program_id: self.program_id,
            person_id: self.person_id,
            role: stored(Role::read, &self.role)?,
            number: self.number,
            state: stored(CheckInState::read, &self.state)?,
            opened_at: self.opened_at.to_jiff(),
            closes_at: self.closes_at.to_jiff(),
            answered_at: self.answered_at.map(Timestamp::to_jiff),
            answer,
        })
    }
}

pub(crate) async fn get(tx: &mut Tx, id: Uuid) -> Result<CheckIn> {
    let tenant = tx.tenant();
    let row = sqlx::query_as!(
        Row,
        "select check_in_id, match_id, program_id, person_id, role, number, state, opened_at, closes_at, answered_at,
                rating, met_as_agreed, progress, wants_help, comment
         from evaluation.check_in where tenant_id = $1 and check_in_id = $2",
        tenant,
        id
    )
    .fetch_optional(tx.conn())
    .await
    .db()?;
    row.ok_or_else(|| Error::not_found("check-in", id))?.check_in()
}

pub(crate) async fn lock(tx: &mut Tx, id: Uuid) -> Result<CheckIn> {
    let tenant = tx.tenant();
    let row = sqlx::query_as!(
        Row,
        "select check_in_id, match_id, program_id, person_id, role, number, state, opened_at, closes_at, answered_at,
                rating, met_as_agreed, progress, wants_help, comment
         from evaluation.check_in where tenant_id = $1 and check_in_id = $2 for update",
        tenant,
        id
    )
    .fetch_optional(tx.conn())
    .await
    .db()?;
    row.ok_or_else(|| Error::not_found("check-in", id))?.check_in()
}

pub(crate) async fn list(tx: &mut Tx, filter: &Filter, page: &Page<Uuid>) -> Result<Vec<CheckIn>> {
    let tenant = tx.tenant();
    let rows = sqlx::query_as!(
        Row,
        "select check_in_id, match_id, program_id, person_id, role, number, state, opened_at, closes_at, answered_at,
                rating, met_as_agreed, progress, wants_help, comment
         from evaluation.check_in
         where tenant_id = $1
           and ($2::uuid is null or program_id = $2) and ($3::uuid is null or match_id = $3)
           and ($4::uuid is null or person_id = $4) and ($5::text is null or state = $5)
           and ($6::uuid is null or check_in_id > $6)
         order by check_in_id limit $7",
        tenant,
        filter.program,
        filter.about,
        filter.person,
        filter.state.map(CheckInState::name),
        page.after,
        page.limit()
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    rows.into_iter().map(Row::check_in).collect()
}

pub(crate) async fn save_answer(tx: &mut Tx, check_in: &CheckIn) -> Result<()> {
    let tenant = tx.tenant();
    let answer = check_in.answer.as_ref();
    sqlx::query!(
        "update evaluation.check_in
         set state = $3, answered_at = $4, rating = $5, met_as_agreed = $6, progress = $7, wants_help = $8,
             comment = $9, version = version + 1
         where tenant_id = $1 and check_in_id = $2",
        tenant,
        check_in.id,
        check_in.state.name(),
        check_in.answered_at.map(|at| at.to_sqlx()) as _,
        answer.map(|a| a.rating),
        answer.map(|a| a.met_as_agreed),
        answer.map(|a| a.progress),
        answer.map(|a| a.wants_help),
        answer.map(|a| a.comment.as_str())
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// An active match and how many rounds it has had.
pub(crate) struct Rounds {
    pub(crate) match_id: Uuid,
    pub(crate) program_id: Uuid,
    pub(crate) mentor_person_id: Uuid,
    pub(crate) mentee_person_id: Uuid,
    pub(crate) activated_at: jiff::Timestamp,
    pub(crate) check_in_days: i32,
    pub(crate) opened: i32,
}

/// Active matches that are old enough for a round (a month), with the rounds they have had.
pub(crate) async fn rounds(tx: &mut Tx, active_before: jiff::Timestamp) -> Result<Vec<Rounds>> {
    let tenant = tx.tenant();
    let rows = sqlx::query!(
        r#"select m.match_id, m.program_id, m.mentor_person_id, m.mentee_person_id,
                  m.activated_at as "activated_at!", p.check_in_days,
                  coalesce((select max(c.number) from evaluation.check_in c
                            where c.tenant_id = m.tenant_id and c.match_id = m.match_id), 0) as "opened!"
           from evaluation.match m
           join evaluation.program p on p.tenant_id = m.tenant_id and p.program_id = m.program_id
           where m.tenant_id = $1 and m.state = 'active' and m.activated_at <= $2
           order by m.match_id"#,
        tenant,
        active_before.to_sqlx() as _
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    Ok(rows
        .into_iter()
        .map(|row| Rounds {
            match_id: row.match_id,
            program_id: row.program_id,
            mentor_person_id: row.mentor_person_id,
            mentee_person_id: row.mentee_person_id,
            activated_at: row.activated_at.to_jiff(),
            check_in_days: row.check_in_days,
            opened: row.opened,
        })
        .collect())
}

/// Opens a check-in; false when another replica was faster.
pub(crate) async fn open(tx: &mut Tx, check_in: &CheckIn) -> Result<bool> {
    let tenant = tx.tenant();
    let done = sqlx::query!(
        "insert into evaluation.check_in
             (tenant_id, check_in_id, match_id, program_id, person_id, role, number, state, opened_at, closes_at)
         values ($1, $2, $3, $4, $5, $6, $7, 'open', $8, $9)
         on conflict on constraint check_in_once do nothing",
        tenant,
        check_in.id,
        check_in.match_id,
        check_in.program_id,
        check_in.person_id,
        check_in.role.name(),
        check_in.number,
        check_in.opened_at.to_sqlx() as _,
        check_in.closes_at.to_sqlx() as _
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(done.rows_affected() == 1)
}

/// Closes what was not answered in time.
pub(crate) async fn close_overdue(tx: &mut Tx) -> Result<u64> {
    let (tenant, now) = (tx.tenant(), tx.now());
    let done = sqlx::query!(
        "update evaluation.check_in set state = 'closed', version = version + 1
         where tenant_id = $1 and state = 'open' and closes_at <= $2",
        tenant,
        now.to_sqlx() as _
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(done.rows_affected())
}

/// Closes the open check-ins of a match that ended.
pub(crate) async fn close_of_match(tx: &mut Tx, about: Uuid) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update evaluation.check_in set state = 'closed', version = version + 1
         where tenant_id = $1 and match_id = $2 and state = 'open'",
        tenant,
        about
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}
