//! Health in the database.

use super::assessment::{Assessment, Facts, Reason};
use crate::{
    convert::stored,
    words::{Class, Signal},
};
use jiff_sqlx::{Timestamp, ToSqlx};
use kernel::{Error, Page, Result, Uuid};
use serde::{Deserialize, Serialize};
use storage::{DbResult, Tx};

/// The health of a match as it is stored.
pub(crate) struct Stored {
    pub(crate) match_id: Uuid,
    pub(crate) program_id: Uuid,
    pub(crate) assessment: Assessment,
    pub(crate) computed_at: jiff::Timestamp,
}

/// An active match: what is known of it, and what was last found.
pub(crate) struct Subject {
    pub(crate) match_id: Uuid,
    pub(crate) program_id: Uuid,
    pub(crate) facts: Facts,
    pub(crate) last: Option<Assessment>,
}

struct Row {
    match_id: Uuid,
    program_id: Uuid,
    class: String,
    score: i32,
    reasons: serde_json::Value,
    computed_at: Timestamp,
}

impl Row {
    fn stored(self) -> Result<Stored> {
        Ok(Stored {
            match_id: self.match_id,
            program_id: self.program_id,
            assessment: assessment(&self.class, self.score, self.reasons)?,
            computed_at: self.computed_at.to_jiff(),
        })
    }
}

/// A reason as the tables keep it.
#[derive(Serialize, Deserialize)]
struct StoredReason {
    signal: String,
    points: i32,
    text: String,
}

fn assessment(class: &str, score: i32, reasons: serde_json::Value) -> Result<Assessment> {
    let reasons: Vec<StoredReason> = serde_json::from_value(reasons).map_err(Error::internal)?;
    let reasons = reasons.into_iter().map(|reason| {
        let signal = stored(Signal::read, &reason.signal)?;
        Ok(Reason { signal, points: reason.points, text: reason.text })
    });
    Ok(Assessment { class: stored(Class::read, class)?, score, reasons: reasons.collect::<Result<_>>()? })
}

fn reasons_json(reasons: &[Reason]) -> Result<serde_json::Value> {
    let reasons: Vec<StoredReason> = reasons
        .iter()
        .map(|r| StoredReason { signal: r.signal.name().to_owned(), points: r.points, text: r.text.clone() })
        .collect();
    serde_json::to_value(reasons).map_err(Error::internal)
}

pub(crate) async fn get(tx: &mut Tx, about: Uuid) -> Result<Stored> {
    let tenant = tx.tenant();
    let row = sqlx::query_as!(
        Row,
        "select match_id, program_id, class, score, reasons, computed_at from evaluation.health
         where tenant_id = $1 and match_id = $2",
        tenant,
        about
    )
    .fetch_optional(tx.conn())
    .await
    .db()?;
    row.ok_or_else(|| Error::not_found("health of a match", about))?.stored()
}

pub(crate) async fn list(
    tx: &mut Tx,
    program: Uuid,
    class: Option<Class>,
    page: &Page<Uuid>,
) -> Result<Vec<Stored>> {
    let tenant = tx.tenant();
    let rows = sqlx::query_as!(
        Row,
        "select h.match_id, h.program_id, h.class, h.score, h.reasons, h.computed_at
         from evaluation.health h
         join evaluation.match m on m.tenant_id = h.tenant_id and m.match_id = h.match_id and m.state = 'active'
         where h.tenant_id = $1 and h.program_id = $2 and ($3::text is null or h.class = $3)
           and ($4::uuid is null or h.match_id > $4)
         order by h.match_id limit $5",
        tenant,
        program,
        class.map(Class::name),
        page.after,
        page.limit()
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    rows.into_iter().map(Row::stored).collect()
}

pub(crate) async fn history(tx: &mut Tx, about: Uuid, page: &Page<i64>) -> Result<Vec<Stored>> {
    let tenant = tx.tenant();
    let after = page.after.and_then(|micros| jiff::Timestamp::from_microsecond(micros).ok());
    let rows = sqlx::query_as!(
        Row,
        "select match_id, program_id, class, score, reasons, computed_at from evaluation.health_history
         where tenant_id = $1 and match_id = $2 and ($3::timestamptz is null or computed_at > $3)
         order by computed_at limit $4",
        tenant,
        about,
        after.map(|at| at.to_sqlx()) as _,
        page.limit()
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    rows.into_iter().map(Row::stored).collect()
}

/// The facts of every active match of the tenant (or of one), in one statement.
pub(crate) async fn subjects(
    tx: &mut Tx,
    only: Option<Uuid>,
    cadence_since: jiff::Timestamp,
) -> Result<Vec<Subject>> {
    let tenant = tx.tenant();
    let rows = sqlx::query!(
        r#"select m.match_id, m.program_id, m.activated_at as "activated_at!", p.meetings_per_month,
                  met.held_lately as "held_lately!", met.last_held,
                  (select count(*) from evaluation.meeting g
                   where g.tenant_id = m.tenant_id and g.match_id = m.match_id and g.state = 'missed'
                     and g.ends_at > coalesce(met.last_held, m.activated_at)) as "missed_in_a_row!",
                  asked.last_answer, asked.mentor_rating, asked.mentee_rating,
                  coalesce(asked.wants_help, false) as "wants_help!",
                  h.class as "class?", h.score as "score?", h.reasons as "reasons?"
           from evaluation.match m
           join evaluation.program p on p.tenant_id = m.tenant_id and p.program_id = m.program_id
           cross join lateral (
               select count(*) filter (where g.starts_at >= greatest($2::timestamptz, m.activated_at)) as held_lately,
                      max(g.ends_at) as last_held
               from evaluation.meeting g
               where g.tenant_id = m.tenant_id and g.match_id = m.match_id and g.state = 'held'
           ) met
           cross join lateral (
               select max(c.answered_at) as last_answer,
                      (array_agg(c.rating order by c.number desc) filter (where c.role = 'mentor'))[1] as mentor_rating,
                      (array_agg(c.rating order by c.number desc) filter (where c.role = 'mentee'))[1] as mentee_rating,
                      (array_agg(c.wants_help order by c.number desc) filter (where c.role = 'mentor'))[1]
                   or (array_agg(c.wants_help order by c.number desc) filter (where c.role = 'mentee'))[1] as wants_help
               from evaluation.check_in c
               where c.tenant_id = m.tenant_id and c.match_id = m.match_id and c.state = 'answered'
           ) asked
           left join evaluation.health h on h.tenant_id = m.tenant_id and h.match_id = m.match_id
           where m.tenant_id = $1 and m.state = 'active' and ($3::uuid is null or m.match_id = $3)
           order by m.match_id"#,
        tenant,
        cadence_since.to_sqlx() as _,
        only
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    rows.into_iter()
        .map(|row| {
            let last = match (row.class, row.score, row.reasons) {
                (Some(class), Some(score), Some(reasons)) => Some(assessment(&class, score, reasons)?),
                _ => None,
            };
            let last_sign = row.last_held.max(row.last_answer);
            Ok(Subject {
                match_id: row.match_id,
                program_id: row.program_id,
                facts: Facts {
                    active_since: row.activated_at.to_jiff(),
                    meetings_per_month: row.meetings_per_month,
                    held: i32::try_from(row.held_lately).unwrap_or(i32::MAX),
                    missed_in_a_row: i32::try_from(row.missed_in_a_row).unwrap_or(i32::MAX),
                    last_sign: last_sign.map(Timestamp::to_jiff),
                    ratings: [row.mentor_rating, row.mentee_rating],
                    wants_help: row.wants_help,
                },
                last,
            })
        })
        .collect()
}

/// Keeps what was found, and adds it to the history.
pub(crate) async fn save(tx: &mut Tx, match_id: Uuid, program_id: Uuid, found: &Assessment) -> Result<()> {
    let (tenant, now) = (tx.tenant(), tx.now());
    let reasons = reasons_json(&found.reasons)?;
    sqlx::query!(
        "with history as (
             insert into evaluation.health_history
                 (tenant_id, match_id, computed_at, program_id, class, score, reasons)
             values ($1, $2, $7, $3, $4, $5, $6)
             on conflict (tenant_id, match_id, computed_at)
             do update set class = excluded.class, score = excluded.score, reasons = excluded.reasons
         )
         insert into evaluation.health (tenant_id, match_id, program_id, class, score, reasons, computed_at)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (tenant_id, match_id)
         do update set class = excluded.class, score = excluded.score, reasons = excluded.reasons,
                       computed_at = excluded.computed_at",
        tenant,
        match_id,
        program_id,
        found.class.name(),
        found.score,
        reasons,
        now.to_sqlx() as _
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}
