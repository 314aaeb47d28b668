//! The facts of a report, counted in the database.

use super::{
    months::{Month, Span},
    suppression::Unit,
};
use crate::{
    convert::stored,
    words::{Class, Ending},
};
use jiff_sqlx::{Timestamp, ToSqlx};
use kernel::{Error, Result, Uuid};
use std::collections::BTreeMap;
use storage::{DbResult, Tx};

/// A program as reports need it.
pub(crate) struct Program {
    pub(crate) name: String,
    pub(crate) meetings_per_month: i32,
    pub(crate) audience_size: i32,
    pub(crate) begins_at: jiff::Timestamp,
}

pub(crate) async fn program(tx: &mut Tx, program: Uuid) -> Result<Program> {
    let tenant = tx.tenant();
    let row = sqlx::query!(
        r#"select name, meetings_per_month, audience_size, coalesce(started_at, published_at) as "begins_at!: Timestamp"
           from evaluation.program where tenant_id = $1 and program_id = $2 and published_at is not null"#,
        tenant,
        program
    )
    .fetch_optional(tx.conn())
    .await
    .db()?;
    let row = row.ok_or_else(|| Error::not_found("published program", program))?;
    Ok(Program {
        name: row.name,
        meetings_per_month: row.meetings_per_month,
        audience_size: row.audience_size,
        begins_at: row.begins_at.to_jiff(),
    })
}

/// How far people got.
pub(crate) struct Steps {
    pub(crate) applied: i32,
    pub(crate) endorsed: i32,
    pub(crate) accepted: i32,
    pub(crate) ready: i32,
    pub(crate) matched: i32,
    pub(crate) met: i32,
    pub(crate) completed: i32,
    pub(crate) mentees_ready: i32,
    pub(crate) mentees_matched: i32,
    pub(crate) leavers: i32,
}

pub(crate) async fn steps(tx: &mut Tx, program: Uuid) -> Result<Steps> {
    let tenant = tx.tenant();
    sqlx::query_as!(
        Steps,
        r#"with side as (
               select m.match_id, p.participant_id, m.ending
               from evaluation.match m
               join evaluation.participant p on p.tenant_id = m.tenant_id
                and p.participant_id in (m.mentor_participant_id, m.mentee_participant_id)
               where m.tenant_id = $1 and m.program_id = $2 and m.activated_at is not null
           ), far as (
               select s.participant_id, bool_or(s.ending = 'completed') as completed,
                      bool_or(exists (select 1 from evaluation.meeting g
                                      where g.tenant_id = $1 and g.match_id = s.match_id and g.state = 'held')) as met
               from side s group by s.participant_id
           ), apply as (
               select person_id, role, bool_or(endorsed) as endorsed
               from evaluation.application where tenant_id = $1 and program_id = $2 group by person_id, role
           )
           select (select count(*) from apply)::int as "applied!",
                  (select count(*) from apply where endorsed)::int as "endorsed!",
                  count(*)::int as "accepted!",
                  count(*) filter (where p.ready)::int as "ready!",
                  count(f.participant_id)::int as "matched!",
                  count(*) filter (where f.met)::int as "met!",
                  count(*) filter (where f.completed)::int as "completed!",
                  count(*) filter (where p.ready and p.role = 'mentee')::int as "mentees_ready!",
                  count(f.participant_id) filter (where p.ready and p.role = 'mentee')::int as "mentees_matched!",
                  count(*) filter (where p.withdrawal = 'leaver')::int as "leavers!"
           from evaluation.participant p
           left join far f on f.participant_id = p.participant_id
           where p.tenant_id = $1 and p.program_id = $2"#,
        tenant,
        program
    )
    .fetch_one(tx.conn())
    .await
    .db()
}

/// A match as a report counts it.
pub(crate) struct Match {
    pub(crate) score: i32,
    /// When it was active; none when it never was.
    pub(crate) span: Option<Span>,
    pub(crate) state: String,
    pub(crate) ending: Option<Ending>,
    pub(crate) held: i32,
}

pub(crate) async fn matches(tx: &mut Tx, program: Uuid) -> Result<Vec<Match>> {
    let tenant = tx.tenant();
    let rows = sqlx::query!(
        r#"select m.score, m.state, m.ending, m.activated_at, m.ended_at,
                  (select count(*) from evaluation.meeting g
                   where g.tenant_id = m.tenant_id and g.match_id = m.match_id and g.state = 'held')::int as "held!"
           from evaluation.match m where m.tenant_id = $1 and m.program_id = $2"#,
        tenant,
        program
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    Ok(rows
        .into_iter()
        .map(|row| Match {
            score: row.score,
            span: row
                .activated_at
                .map(|from| Span { from: from.to_jiff(), to: row.ended_at.map(Timestamp::to_jiff) }),
            state: row.state,
            ending: Ending::read(&row.ending),
            held: row.held,
        })
        .collect())
}

/// Meetings held and missed by month, such as `"2025-03" -> (12, 3)`.
pub(crate) async fn meetings(tx: &mut Tx, program: Uuid) -> Result<BTreeMap<String, (i32, i32)>> {
    let tenant = tx.tenant();
    let rows = sqlx::query!(
        r#"select to_char(starts_at at time zone 'UTC', 'YYYY-MM') as "month!",
                  count(*) filter (where state = 'held')::int as "held!",
                  count(*) filter (where state = 'missed')::int as "missed!"
           from evaluation.meeting where tenant_id = $1 and program_id = $2 group by 1"#,
        tenant,
        program
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    Ok(rows.into_iter().map(|row| (row.month, (row.held, row.missed))).collect())
}

/// How many pairs were in each class at the end of each month, among those active then.
pub(crate) async fn health_at(
    tx: &mut Tx,
    program: Uuid,
    months: &[Month],
) -> Result<BTreeMap<String, Vec<(Class, i32)>>> {
    let tenant = tx.tenant();
    let names: Vec<String> = months.iter().map(|month| month.name.clone()).collect();
    let ends: Vec<_> = months.iter().map(|month| month.to.to_sqlx()).collect();
    let rows = sqlx::query!(
        r#"select e.name as "name!", latest.class as "class!", count(*)::int as "matches!"
           from unnest($3::text[], $4::timestamptz[]) as e(name, at)
           join evaluation.match m on m.tenant_id = $1 and m.program_id = $2 and m.activated_at <= e.at
            and (m.ended_at is null or m.ended_at > e.at)
           cross join lateral (
               select h.class from evaluation.health_history h
               where h.tenant_id = $1 and h.match_id = m.match_id and h.computed_at <= e.at
               order by h.computed_at desc limit 1
           ) latest
           group by e.name, latest.class"#,
        tenant,
        program,
        &names,
        ends as _
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    let mut found: BTreeMap<String, Vec<(Class, i32)>> = BTreeMap::new();
    for row in rows {
        found.entry(row.name).or_default().push((stored(Class::read, &row.class)?, row.matches));
    }
    Ok(found)
}

/// What people of a role answered: how many of them, and their mean rating and progress in hundredths.
pub(crate) struct Answers {
    pub(crate) role: String,
    pub(crate) people: i32,
    pub(crate) rating: i32,
    pub(crate) progress: i32,
    pub(crate) opened: i32,
    pub(crate) answered: i32,
}

pub(crate) async fn answers(tx: &mut Tx, program: Uuid) -> Result<Vec<Answers>> {
    let tenant = tx.tenant();
    sqlx::query_as!(
        Answers,
        r#"select role, count(distinct person_id) filter (where state = 'answered')::int as "people!",
                  coalesce(floor(avg(rating) * 100), 0)::int as "rating!",
                  coalesce(floor(avg(progress) * 100), 0)::int as "progress!",
                  count(*)::int as "opened!", count(*) filter (where state = 'answered')::int as "answered!"
           from evaluation.check_in where tenant_id = $1 and program_id = $2 group by role"#,
        tenant,
        program
    )
    .fetch_all(tx.conn())
    .await
    .db()
}

/// Active people and participants by unit. A leaver counts nowhere.
pub(crate) async fn units(tx: &mut Tx, program: Uuid) -> Result<Vec<Unit>> {
    let tenant = tx.tenant();
    let rows = sqlx::query!(
        r#"select p.unit, count(*)::int as "people!", count(*) filter (where exists (
                      select 1 from evaluation.participant a
                      where a.tenant_id = p.tenant_id and a.person_id = p.person_id and a.program_id = $2))::int
                  as "participants!"
           from evaluation.person p where p.tenant_id = $1 and p.active group by p.unit order by p.unit"#,
        tenant,
        program
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    Ok(rows
        .into_iter()
        .map(|row| Unit { name: row.unit, people: row.people, participants: row.participants })
        .collect())
}

/// Reviews opened, and those that ended a pair.
pub(crate) async fn reviews(tx: &mut Tx, program: Uuid) -> Result<(i32, i32)> {
    let tenant = tx.tenant();
    let row = sqlx::query!(
        r#"select count(*)::int as "opened!", count(*) filter (where decision = 'end_no_fault')::int as "ended!"
           from evaluation.review where tenant_id = $1 and program_id = $2"#,
        tenant,
        program
    )
    .fetch_one(tx.conn())
    .await
    .db()?;
    Ok((row.opened, row.ended))
}
