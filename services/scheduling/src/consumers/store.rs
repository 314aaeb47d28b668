//! What this service keeps of people, programs and matches. Every statement can come again, and before or after
//! those of other aggregates.

use contracts::mentor::{
    common::v1::Policy, enrollment::events::v1::PersonUpserted, matching::events::v1::Pair,
};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use kernel::{Error, Result, parse_id};
use storage::{DbResult, Tx};
use uuid::Uuid;

/// A person as the directory has them now.
pub(crate) async fn upsert_person(tx: &mut Tx, id: Uuid, person: &PersonUpserted) -> Result<()> {
    sqlx::query!(
        "insert into scheduling.person (tenant_id, person_id, display_name, email, active, updated_at)
         values ($1, $2, $3, $4, true, $5)
         on conflict (tenant_id, person_id) do update
            set display_name = excluded.display_name, email = excluded.email, active = true,
                updated_at = excluded.updated_at",
        tx.tenant(),
        id,
        person.display_name,
        person.email,
        tx.now().to_sqlx()
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// A person who left.
pub(crate) async fn deactivate_person(tx: &mut Tx, id: Uuid) -> Result<()> {
    sqlx::query!(
        "insert into scheduling.person (tenant_id, person_id, display_name, email, active, updated_at)
         values ($1, $2, '', '', false, $3)
         on conflict (tenant_id, person_id) do update set active = false, updated_at = excluded.updated_at",
        tx.tenant(),
        id,
        tx.now().to_sqlx()
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// The policy of a program.
pub(crate) async fn upsert_program(tx: &mut Tx, id: Uuid, policy: &Policy) -> Result<()> {
    sqlx::query!(
        "insert into scheduling.program (tenant_id, program_id, meetings_per_month, meeting_minutes)
         values ($1, $2, $3, $4)
         on conflict (tenant_id, program_id) do update
            set meetings_per_month = excluded.meetings_per_month, meeting_minutes = excluded.meeting_minutes",
        tx.tenant(),
        id,
        policy.meetings_per_month,
        policy.meeting_minutes
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// A program that closed.
pub(crate) async fn close_program(tx: &mut Tx, id: Uuid, at: Timestamp) -> Result<()> {
    sqlx::query!(
        "insert into scheduling.program (tenant_id, program_id, closed_at) values ($1, $2, $3)
         on conflict (tenant_id, program_id) do update set closed_at = excluded.closed_at",
        tx.tenant(),
        id,
        at.to_sqlx()
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// The people of a match.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MatchKey {
    /// The match.
    pub(crate) match_id: Uuid,
    /// The program.
    pub(crate) program_id: Uuid,
    /// The mentor as person.
    pub(crate) mentor: Uuid,
    /// The mentee as person.
    pub(crate) mentee: Uuid,
}

impl MatchKey {
    /// Reads the ids of an event.
    pub(crate) fn read(match_id: &str, pair: &Option<Pair>) -> Result<MatchKey> {
        let pair = pair.as_ref().ok_or_else(|| Error::field("pair", "must be set"))?;
        Ok(MatchKey {
            match_id: parse_id("match_id", match_id)?,
            program_id: parse_id("pair.program_id", &pair.program_id)?,
            mentor: parse_id("pair.mentor_person_id", &pair.mentor_person_id)?,
            mentee: parse_id("pair.mentee_person_id", &pair.mentee_person_id)?,
        })
    }
}

/// A match that began.
pub(crate) async fn activate_match(tx: &mut Tx, key: MatchKey, at: Timestamp) -> Result<()> {
    sqlx::query!(
        "insert into scheduling.match
            (tenant_id, match_id, program_id, mentor_person_id, mentee_person_id, activated_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (tenant_id, match_id) do update set activated_at = excluded.activated_at",
        tx.tenant(),
        key.match_id,
        key.program_id,
        key.mentor,
        key.mentee,
        at.to_sqlx()
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// A match that is over; waits for those who are just scheduling a meeting of it.
pub(crate) async fn end_match(tx: &mut Tx, key: MatchKey, at: Timestamp) -> Result<()> {
    sqlx::query!(
        "insert into scheduling.match
            (tenant_id, match_id, program_id, mentor_person_id, mentee_person_id, ended_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (tenant_id, match_id) do update set ended_at = excluded.ended_at",
        tx.tenant(),
        key.match_id,
        key.program_id,
        key.mentor,
        key.mentee,
        at.to_sqlx()
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}
