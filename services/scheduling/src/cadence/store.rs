//! The area's SQL.

use super::adherence::Record;
use jiff_sqlx::Timestamp;
use kernel::{Error, Page, Result};
use storage::{DbResult, Tx};
use uuid::Uuid;

struct Row {
    match_id: Uuid,
    program_id: Uuid,
    mentor_person_id: Uuid,
    mentee_person_id: Uuid,
    activated_at: Timestamp,
    ended_at: Option<Timestamp>,
    meetings_per_month: Option<i32>,
    planned: i64,
    held: i64,
    missed: i64,
    unreported: i64,
    cancelled: i64,
}

impl From<Row> for Record {
    fn from(row: Row) -> Record {
        Record {
            match_id: row.match_id,
            program_id: row.program_id,
            mentor: row.mentor_person_id,
            mentee: row.mentee_person_id,
            activated_at: row.activated_at.to_jiff(),
            ended_at: row.ended_at.map(Timestamp::to_jiff),
            meetings_per_month: row.meetings_per_month,
            planned: row.planned,
            held: row.held,
            missed: row.missed,
            unreported: row.unreported,
            cancelled: row.cancelled,
        }
    }
}

/// What is known of a match that was or is active.
pub(crate) async fn get(tx: &mut Tx, match_id: Uuid) -> Result<Record> {
    let row = sqlx::query_as!(
        Row,
        "select m.match_id, m.program_id, m.mentor_person_id, m.mentee_person_id, m.activated_at as \"activated_at!\",
                m.ended_at, p.meetings_per_month as \"meetings_per_month?\", c.planned as \"planned!\",
                c.held as \"held!\", c.missed as \"missed!\", c.unreported as \"unreported!\",
                c.cancelled as \"cancelled!\"
           from scheduling.match m
           left join scheduling.program p on p.tenant_id = m.tenant_id and p.program_id = m.program_id
           cross join lateral (
                select count(*) filter (where state = 'scheduled') as planned,
                       count(*) filter (where state = 'held') as held,
                       count(*) filter (where state = 'missed') as missed,
                       count(*) filter (where unreported) as unreported,
                       count(*) filter (where state = 'cancelled') as cancelled
                  from scheduling.meeting g where g.tenant_id = m.tenant_id and g.match_id = m.match_id) c
          where m.tenant_id = $1 and m.match_id = $2 and m.activated_at is not null",
        tx.tenant(),
        match_id
    );
    let row = row.fetch_optional(tx.conn()).await.db()?;
    row.map(Record::from).ok_or_else(|| Error::not_found("match", match_id))
}

/// A page of a program's matches; only those of `person` when one is given.
pub(crate) async fn list(
    tx: &mut Tx,
    program_id: Uuid,
    active_only: bool,
    person: Option<Uuid>,
    page: &Page<Uuid>,
) -> Result<Vec<Record>> {
    let rows = sqlx::query_as!(
        Row,
        "select m.match_id, m.program_id, m.mentor_person_id, m.mentee_person_id, m.activated_at as \"activated_at!\",
                m.ended_at, p.meetings_per_month as \"meetings_per_month?\", c.planned as \"planned!\",
                c.held as \"held!\", c.missed as \"missed!\", c.unreported as \"unreported!\",
                c.cancelled as \"cancelled!\"
           from scheduling.match m
           left join scheduling.program p on p.tenant_id = m.tenant_id and p.program_id = m.program_id
           cross join lateral (
                select count(*) filter (where state = 'scheduled') as planned,
                       count(*) filter (where state = 'held') as held,
                       count(*) filter (where state = 'missed') as missed,
                       count(*) filter (where unreported) as unreported,
                       count(*) filter (where state = 'cancelled') as cancelled
                  from scheduling.meeting g where g.tenant_id = m.tenant_id and g.match_id = m.match_id) c
          where m.tenant_id = $1 and m.program_id = $2 and m.match_id > $3 and m.activated_at is not null
            and (not $4 or m.ended_at is null)
            and ($5::uuid is null or m.mentor_person_id = $5 or m.mentee_person_id = $5)
          order by m.match_id limit $6",
        tx.tenant(),
        program_id,
        page.after.unwrap_or(Uuid::nil()),
        active_only,
        person,
        page.limit()
    );
    Ok(rows.fetch_all(tx.conn()).await.db()?.into_iter().map(Record::from).collect())
}
