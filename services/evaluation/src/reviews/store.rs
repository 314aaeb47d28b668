//! Reviews in the database.

use super::review::{Evidence, Review};
use crate::{
    convert::stored,
    words::{Class, Decision, ReviewState},
};
use jiff_sqlx::{Timestamp, ToSqlx};
use kernel::{Error, Page, Result, Uuid};
use storage::{DbResult, Tx};

/// What a list of reviews is narrowed to.
#[derive(Debug)]
pub(crate) struct Filter {
    pub(crate) program: Option<Uuid>,
    pub(crate) about: Option<Uuid>,
    pub(crate) person: Option<Uuid>,
    pub(crate) state: Option<ReviewState>,
}

struct Row {
    review_id: Uuid,
    match_id: Uuid,
    program_id: Uuid,
    mentor_person_id: Uuid,
    mentee_person_id: Uuid,
    state: String,
    opened_at: Timestamp,
    meetings_required: i32,
    meetings_held: i32,
    meetings_missed: i32,
    check_ins_opened: i32,
    check_ins_answered: i32,
    health_class: String,
    health_score: i32,
    decision: String,
    rematch: bool,
    decided_at: Option<Timestamp>,
}

impl Row {
    fn review(self) -> Result<Review> {
        Ok(Review {
            id: self.review_id,
            match_id: self.match_id,
            program_id: self.program_id,
            people: [self.mentor_person_id, self.mentee_person_id],
            state: stored(ReviewState::read, &self.state)?,
            opened_at: self.opened_at.to_jiff(),
            evidence: Evidence {
                meetings_required: self.meetings_required,
                meetings_held: self.meetings_held,
                meetings_missed: self.meetings_missed,
                check_ins_opened: self.check_ins_opened,
                check_ins_answered: self.check_ins_answered,
                health_class: stored(Class::read, &self.health_class)?,
                health_score: self.health_score,
            },
            decision: Decision::read(&self.decision),
            rematch: self.rematch,
            decided_at: self.decided_at.map(Timestamp::to_jiff),
        })
    }
}

pub(crate) async fn get(tx: &mut Tx, id: Uuid) -> Result<Review> {
    let tenant = tx.tenant();
    let row = sqlx::query_as!(
        Row,
        "select review_id, match_id, program_id, mentor_person_id, mentee_person_id, state, opened_at,
                meetings_required, meetings_held, meetings_missed, check_ins_opened, check_ins_answered,
                health_class, health_score, decision, rematch, decided_at
         from evaluation.review where tenant_id = $1 and review_id = $2",
        tenant,
        id
    )
    .fetch_optional(tx.conn())
    .await
    .db()?;
    row.ok_or_else(|| Error::not_found("review", id))?.review()
}

pub(crate) async fn lock(tx: &mut Tx, id: Uuid) -> Result<Review> {
    let tenant = tx.tenant();
    sqlx::query!(
        "select 1 as locked from evaluation.review where tenant_id = $1 and review_id = $2 for update",
        tenant,
        id
    )
    .fetch_optional(tx.conn())
    .await
    .db()?;
    get(tx, id).await
}

pub(crate) async fn list(tx: &mut Tx, filter: &Filter, page: &Page<Uuid>) -> Result<Vec<Review>> {
    let tenant = tx.tenant();
    let rows = sqlx::query_as!(
        Row,
        "select review_id, match_id, program_id, mentor_person_id, mentee_person_id, state, opened_at,
                meetings_required, meetings_held, meetings_missed, check_ins_opened, check_ins_answered,
                health_class, health_score, decision, rematch, decided_at
         from evaluation.review
         where tenant_id = $1
           and ($2::uuid is null or program_id = $2) and ($3::uuid is null or match_id = $3)
           and ($4::uuid is null or mentor_person_id = $4 or mentee_person_id = $4)
           and ($5::text is null or state = $5) and ($6::uuid is null or review_id > $6)
         order by review_id limit $7",
        tenant,
        filter.program,
        filter.about,
        filter.person,
        filter.state.map(ReviewState::name),
        page.after,
        page.limit()
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    rows.into_iter().map(Row::review).collect()
}

pub(crate) async fn save_decision(tx: &mut Tx, review: &Review) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update evaluation.review
         set state = $3, decision = $4, rematch = $5, decided_at = $6, version = version + 1
         where tenant_id = $1 and review_id = $2",
        tenant,
        review.id,
        review.state.name(),
        review.decision.map(Decision::name).unwrap_or_default(),
        review.rematch,
        review.decided_at.map(|at| at.to_sqlx()) as _
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// An active match without a review, and what is known of it.
pub(crate) struct Candidate {
    pub(crate) match_id: Uuid,
    pub(crate) program_id: Uuid,
    pub(crate) mentor_person_id: Uuid,
    pub(crate) mentee_person_id: Uuid,
    pub(crate) activated_at: jiff::Timestamp,
    pub(crate) review_day: i32,
    pub(crate) meetings_per_month: i32,
    pub(crate) meetings_held: i32,
    pub(crate) meetings_missed: i32,
    pub(crate) check_ins_opened: i32,
    pub(crate) check_ins_answered: i32,
}

/// Active matches without a review that became active before an instant.
pub(crate) async fn candidates(tx: &mut Tx, active_before: jiff::Timestamp) -> Result<Vec<Candidate>> {
    let tenant = tx.tenant();
    let rows = sqlx::query!(
        r#"select m.match_id, m.program_id, m.mentor_person_id, m.mentee_person_id,
                  m.activated_at as "activated_at!", p.review_day, p.meetings_per_month,
                  met.held as "held!", met.missed as "missed!", asked.opened as "opened!", asked.answered as "answered!"
           from evaluation.match m
           join evaluation.program p on p.tenant_id = m.tenant_id and p.program_id = m.program_id
           cross join lateral (
               select count(*) filter (where g.state = 'held')::int as held,
                      count(*) filter (where g.state = 'missed')::int as missed
               from evaluation.meeting g where g.tenant_id = m.tenant_id and g.match_id = m.match_id
           ) met
           cross join lateral (
               select count(*)::int as opened, count(*) filter (where c.state = 'answered')::int as answered
               from evaluation.check_in c where c.tenant_id = m.tenant_id and c.match_id = m.match_id
           ) asked
           where m.tenant_id = $1 and m.state = 'active' and m.activated_at <= $2
             and not exists (select 1 from evaluation.review r
                             where r.tenant_id = m.tenant_id and r.match_id = m.match_id)
           order by m.match_id"#,
        tenant,
        active_before.to_sqlx() as _
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    Ok(rows
        .into_iter()
        .map(|row| Candidate {
            match_id: row.match_id,
            program_id: row.program_id,
            mentor_person_id: row.mentor_person_id,
            mentee_person_id: row.mentee_person_id,
            activated_at: row.activated_at.to_jiff(),
            review_day: row.review_day,
            meetings_per_month: row.meetings_per_month,
            meetings_held: row.held,
            meetings_missed: row.missed,
            check_ins_opened: row.opened,
            check_ins_answered: row.answered,
        })
        .collect())
}

/// Opens a review; false when another replica was faster.
pub(crate) async fn open(tx: &mut Tx, review: &Review) -> Result<bool> {
    let tenant = tx.tenant();
    let evidence = &review.evidence;
    let [mentor, mentee] = review.people;
    let done = sqlx::query!(
        "insert into evaluation.review
             (tenant_id, review_id, match_id, program_id, mentor_person_id, mentee_person_id, state, opened_at,
              meetings_required, meetings_held, meetings_missed, check_ins_opened, check_ins_answered,
              health_class, health_score, suggestion)
         values ($1, $2, $3, $4, $5, $6, 'open', $7, $8, $9, $10, $11, $12, $13, $14, $15)
         on conflict on constraint review_once do nothing",
        tenant,
        review.id,
        review.match_id,
        review.program_id,
        mentor,
        mentee,
        review.opened_at.to_sqlx() as _,
        evidence.meetings_required,
        evidence.meetings_held,
        evidence.meetings_missed,
        evidence.check_ins_opened,
        evidence.check_ins_answered,
        evidence.health_class.name(),
        evidence.health_score,
        evidence.suggestion().name()
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(done.rows_affected() == 1)
}

/// The match ended before a decision.
pub(crate) async fn lapse_of_match(tx: &mut Tx, about: Uuid) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update evaluation.review set state = 'lapsed', version = version + 1
         where tenant_id = $1 and match_id = $2 and state = 'open'",
        tenant,
        about
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}
