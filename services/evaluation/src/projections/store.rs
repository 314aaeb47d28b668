//! Projections in the database. Every write is an upsert: facts of different aggregates arrive in any order.

use jiff_sqlx::ToSqlx;
use kernel::{Result, Uuid};
use storage::{DbResult, Tx};

pub(crate) async fn upsert_person(tx: &mut Tx, person: Uuid, unit: &str) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into evaluation.person (tenant_id, person_id, unit) values ($1, $2, $3)
         on conflict (tenant_id, person_id) do update set unit = excluded.unit, active = true",
        tenant,
        person,
        unit
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

pub(crate) async fn deactivate_person(tx: &mut Tx, person: Uuid) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into evaluation.person (tenant_id, person_id, active) values ($1, $2, false)
         on conflict (tenant_id, person_id) do update set active = false",
        tenant,
        person
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// A program's name and policy.
pub(crate) struct Program<'a> {
    pub(crate) id: Uuid,
    pub(crate) name: &'a str,
    pub(crate) meetings_per_month: i32,
    pub(crate) review_day: i32,
    pub(crate) check_in_days: i32,
}

pub(crate) async fn upsert_program(tx: &mut Tx, program: &Program<'_>) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into evaluation.program (tenant_id, program_id, name, meetings_per_month, review_day, check_in_days)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (tenant_id, program_id)
         do update set name = excluded.name, meetings_per_month = excluded.meetings_per_month,
                       review_day = excluded.review_day, check_in_days = excluded.check_in_days",
        tenant,
        program.id,
        program.name,
        program.meetings_per_month,
        program.review_day,
        program.check_in_days
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

pub(crate) async fn publish_program(tx: &mut Tx, program: Uuid, audience_size: i32) -> Result<()> {
    let (tenant, now) = (tx.tenant(), tx.now());
    sqlx::query!(
        "update evaluation.program set audience_size = $3, published_at = coalesce(published_at, $4)
         where tenant_id = $1 and program_id = $2",
        tenant,
        program,
        audience_size,
        now.to_sqlx() as _
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

pub(crate) async fn start_program(tx: &mut Tx, program: Uuid, at: jiff::Timestamp) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update evaluation.program set started_at = $3 where tenant_id = $1 and program_id = $2",
        tenant,
        program,
        at.to_sqlx() as _
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

pub(crate) async fn close_program(tx: &mut Tx, program: Uuid, at: jiff::Timestamp) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update evaluation.program set closed_at = $3 where tenant_id = $1 and program_id = $2",
        tenant,
        program,
        at.to_sqlx() as _
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// Who applied to what, as what.
pub(crate) struct Application {
    pub(crate) id: Uuid,
    pub(crate) program: Uuid,
    pub(crate) person: Uuid,
    pub(crate) role: &'static str,
    pub(crate) endorsed: bool,
    /// `open` until decided.
    pub(crate) outcome: &'static str,
}

pub(crate) async fn upsert_application(tx: &mut Tx, application: &Application) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into evaluation.application
             (tenant_id, application_id, program_id, person_id, role, endorsed, outcome)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (tenant_id, application_id)
         do update set endorsed = application.endorsed or excluded.endorsed, outcome = excluded.outcome",
        tenant,
        application.id,
        application.program,
        application.person,
        application.role,
        application.endorsed,
        application.outcome
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// A participant as some event tells of it.
pub(crate) struct Participant {
    pub(crate) id: Uuid,
    pub(crate) program: Uuid,
    pub(crate) person: Uuid,
    pub(crate) role: &'static str,
    pub(crate) ready: bool,
    /// Empty while taking part.
    pub(crate) withdrawal: &'static str,
}

pub(crate) async fn upsert_participant(tx: &mut Tx, participant: &Participant) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into evaluation.participant
             (tenant_id, participant_id, program_id, person_id, role, ready, withdrawal)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (tenant_id, participant_id)
         do update set ready = participant.ready or excluded.ready,
                       withdrawal = case when excluded.withdrawal = '' then participant.withdrawal
                                         else excluded.withdrawal end",
        tenant,
        participant.id,
        participant.program,
        participant.person,
        participant.role,
        participant.ready,
        participant.withdrawal
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// A match as some event tells of it.
pub(crate) struct Match {
    pub(crate) id: Uuid,
    pub(crate) program: Uuid,
    pub(crate) mentor_participant: Uuid,
    pub(crate) mentor_person: Uuid,
    pub(crate) mentee_participant: Uuid,
    pub(crate) mentee_person: Uuid,
    pub(crate) state: &'static str,
    /// None when the event does not carry it.
    pub(crate) score: Option<i32>,
    pub(crate) activated_at: Option<jiff::Timestamp>,
    pub(crate) ended_at: Option<jiff::Timestamp>,
    pub(crate) ending: &'static str,
}

pub(crate) async fn upsert_match(tx: &mut Tx, found: &Match) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into evaluation.match
             (tenant_id, match_id, program_id, mentor_participant_id, mentor_person_id, mentee_participant_id,
              mentee_person_id, state, score, activated_at, ended_at, ending)
         values ($1, $2, $3, $4, $5, $6, $7, $8, coalesce($9, 0), $10, $11, $12)
         on conflict (tenant_id, match_id)
         do update set state = excluded.state, score = coalesce($9, match.score),
                       activated_at = coalesce(excluded.activated_at, match.activated_at),
                       ended_at = coalesce(excluded.ended_at, match.ended_at), ending = excluded.ending",
        tenant,
        found.id,
        found.program,
        found.mentor_participant,
        found.mentor_person,
        found.mentee_participant,
        found.mentee_person,
        found.state,
        found.score,
        found.activated_at.map(|at| at.to_sqlx()) as _,
        found.ended_at.map(|at| at.to_sqlx()) as _,
        found.ending
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// A meeting as some event tells of it.
pub(crate) struct Meeting {
    pub(crate) id: Uuid,
    pub(crate) match_id: Uuid,
    pub(crate) program: Uuid,
    pub(crate) starts_at: jiff::Timestamp,
    pub(crate) ends_at: jiff::Timestamp,
    pub(crate) state: &'static str,
}

pub(crate) async fn upsert_meeting(tx: &mut Tx, meeting: &Meeting) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into evaluation.meeting (tenant_id, meeting_id, match_id, program_id, starts_at, ends_at, state)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (tenant_id, meeting_id)
         do update set starts_at = excluded.starts_at, ends_at = excluded.ends_at, state = excluded.state",
        tenant,
        meeting.id,
        meeting.match_id,
        meeting.program,
        meeting.starts_at.to_sqlx() as _,
        meeting.ends_at.to_sqlx() as _,
        meeting.state
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}
