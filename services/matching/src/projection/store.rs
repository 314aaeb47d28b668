//! SQL of the projections.

use super::participant::{Directory, Participant, person};
use crate::criteria::person::Person;
use contracts::mentor::common::v1::{Policy, Profile};
use jiff::civil::Date;
use jiff_sqlx::ToSqlx;
use kernel::{Error, Result, Uuid};
use prost::Message;
use storage::{DbResult, Tx};

/// A program as far as matching cares.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// published, started or closed.
    pub(crate) state: String,
    /// Days a proposed match waits.
    pub(crate) answer_days: i32,
    /// Months a match lasts.
    pub(crate) duration_months: i32,
}

impl Program {
    /// Refuses a closed program.
    pub(crate) fn check_open(&self) -> Result<()> {
        if self.state == "closed" {
            return Err(Error::precondition(
                "PROGRAM_STATE",
                "the program is closed; its people are not matched any more",
            ));
        }
        Ok(())
    }
}

/// Takes the program's lock until the end of the transaction: publishing, next choices, pair rules and
/// changes of participants of one program come one after the other. Order of locks: program, people,
/// participant of the mentor, match, participant of the mentee, pair.
pub(crate) async fn lock_program(tx: &mut Tx, program: Uuid) -> Result<()> {
    let key = format!("{}/{program}", tx.tenant());
    sqlx::query_scalar!("select pg_advisory_xact_lock(hashtextextended($1, 0))::text", key)
        .fetch_one(tx.conn())
        .await
        .db()?;
    Ok(())
}

/// A program.
///
/// # Errors
/// `NOT_FOUND` when it was never published.
pub(crate) async fn program(tx: &mut Tx, program: Uuid) -> Result<Program> {
    let tenant = tx.tenant();
    sqlx::query_as!(
        Program,
        "select state, answer_days, duration_months from matching.program where tenant_id = $1 and program_id = $2",
        tenant,
        program
    )
    .fetch_optional(tx.conn())
    .await
    .db()?
    .ok_or_else(|| Error::not_found("program", program))
}

/// Keeps a program with its policy; its state stays when it is known.
pub(crate) async fn put_program(tx: &mut Tx, program: Uuid, name: &str, policy: &Policy) -> Result<()> {
    let (tenant, now) = (tx.tenant(), tx.now().to_sqlx());
    sqlx::query!(
        "insert into matching.program (tenant_id, program_id, name, state, answer_days, duration_months, changed_at)
         values ($1, $2, $3, 'published', $4, $5, $6)
         on conflict (tenant_id, program_id) do update set name = excluded.name,
             answer_days = excluded.answer_days, duration_months = excluded.duration_months,
             changed_at = excluded.changed_at",
        tenant,
        program,
        name,
        policy.answer_days.max(1),
        policy.duration_months.max(1),
        now as _
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// Keeps a program's state.
pub(crate) async fn set_program_state(tx: &mut Tx, program: Uuid, state: &str) -> Result<()> {
    let (tenant, now) = (tx.tenant(), tx.now().to_sqlx());
    sqlx::query!(
        "update matching.program set state = $3, changed_at = $4
         where tenant_id = $1 and program_id = $2 and state <> 'closed'",
        tenant,
        program,
        state,
        now as _
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// Keeps a person.
pub(crate) async fn put_person(tx: &mut Tx, id: Uuid, directory: &Directory) -> Result<()> {
    let (tenant, now) = (tx.tenant(), tx.now().to_sqlx());
    sqlx::query!(
        "insert into matching.person (tenant_id, person_id, manager_chain, unit, grade, profession, changed_at)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (tenant_id, person_id) do update set manager_chain = excluded.manager_chain,
             unit = excluded.unit, grade = excluded.grade, profession = excluded.profession,
             changed_at = excluded.changed_at",
        tenant,
        id,
        &directory.chain,
        directory.unit,
        directory.grade,
        directory.profession,
        now as _
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// The managers of people, locked against change until the end of the transaction, so that nobody is brought
/// into one reporting line between the look and the commit.
pub(crate) async fn lock_chains(tx: &mut Tx, people: &[Uuid]) -> Result<Vec<(Uuid, Vec<Uuid>)>> {
    let tenant = tx.tenant();
    let rows = sqlx::query!(
        "select person_id, manager_chain from matching.person
         where tenant_id = $1 and person_id = any($2) order by person_id for share",
        tenant,
        people
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    Ok(rows.into_iter().map(|row| (row.person_id, row.manager_chain)).collect())
}

/// Keeps a participant as ready, and gives a mentor the places of the capacity. A mentee who was not known
/// or had withdrawn seeks a match from now on. Places above a lowered capacity that are taken stay until
/// they are free.
pub(crate) async fn put_participant(tx: &mut Tx, participant: &Participant) -> Result<()> {
    let (tenant, now) = (tx.tenant(), tx.now().to_sqlx());
    sqlx::query!(
        "insert into matching.participant (tenant_id, participant_id, program_id, person_id, role, capacity, profile,
             active, seeking, changed_at)
         values ($1, $2, $3, $4, $5, $6, $7, true, $5 = 'mentee', $8)
         on conflict (tenant_id, participant_id) do update set capacity = excluded.capacity,
             profile = excluded.profile, active = true, changed_at = excluded.changed_at,
             seeking = case when participant.active then participant.seeking else excluded.seeking end",
        tenant,
        participant.id,
        participant.program,
        participant.person,
        participant.role.name(),
        participant.capacity,
        participant.profile,
        now as _
    )
    .execute(tx.conn())
    .await
    .db()?;
    if participant.role == super::participant::Role::Mentor {
        put_places(tx, participant).await?;
    }
    Ok(())
}

/// Keeps the profile and capacity of a participant who is ready; `false` when there is none.
pub(crate) async fn change_participant(tx: &mut Tx, participant: &Participant) -> Result<bool> {
    let (tenant, now) = (tx.tenant(), tx.now().to_sqlx());
    let changed = sqlx::query!(
        "update matching.participant set capacity = $3, profile = $4, changed_at = $5
         where tenant_id = $1 and participant_id = $2 and active",
        tenant,
        participant.id,
        participant.capacity,
        participant.profile,
        now as _
    )
    .execute(tx.conn())
    .await
    .db()?
    .rows_affected();
    if changed > 0 && participant.role == super::participant::Role::Mentor {
        put_places(tx, participant).await?;
    }
    Ok(changed > 0)
}

async fn put_places(tx: &mut Tx, participant: &Participant) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into matching.place (tenant_id, participant_id, number)
         select $1, $2, number from generate_series(1, $3::integer) number on conflict do nothing",
        tenant,
        participant.id,
        participant.capacity
    )
    .execute(tx.conn())
    .await
    .db()?;
    drop_spare_places(tx, &[participant.id]).await
}

/// Takes places away that are above their mentor's capacity and that nobody holds.
pub(crate) async fn drop_spare_places(tx: &mut Tx, mentors: &[Uuid]) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "delete from matching.place place using matching.participant mentor
         where place.tenant_id = $1 and place.participant_id = any($2)
           and mentor.tenant_id = $1 and mentor.participant_id = place.participant_id
           and place.number > mentor.capacity
           and not exists (select from matching.match held where held.tenant_id = $1
               and held.mentor_participant_id = place.participant_id and held.place = place.number)",
        tenant,
        mentors
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// Marks a participant as withdrawn.
pub(crate) async fn withdraw_participant(tx: &mut Tx, participant: Uuid) -> Result<()> {
    let (tenant, now) = (tx.tenant(), tx.now().to_sqlx());
    sqlx::query!(
        "update matching.participant set active = false, seeking = false, changed_at = $3
         where tenant_id = $1 and participant_id = $2",
        tenant,
        participant,
        now as _
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// Says whether mentees seek a match; those who have withdrawn never do.
pub(crate) async fn set_seeking(tx: &mut Tx, mentee: Uuid, seeking: bool) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update matching.participant set seeking = $3 and active where tenant_id = $1 and participant_id = $2",
        tenant,
        mentee,
        seeking
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// Locks a mentor's row, so that those who want a place come one after the other.
pub(crate) async fn lock_mentor(tx: &mut Tx, mentor: Uuid) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query_scalar!(
        "select participant_id from matching.participant where tenant_id = $1 and participant_id = $2 for update",
        tenant,
        mentor
    )
    .fetch_optional(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// The lowest place of a mentor within the capacity that nobody holds. Call it under the mentor's lock.
pub(crate) async fn free_place(tx: &mut Tx, mentor: Uuid) -> Result<Option<i32>> {
    let tenant = tx.tenant();
    sqlx::query_scalar!(
        "select place.number from matching.place place
         join matching.participant mentor on mentor.tenant_id = $1 and mentor.participant_id = place.participant_id
         where place.tenant_id = $1 and place.participant_id = $2 and place.number <= mentor.capacity
           and not exists (select from matching.match held where held.tenant_id = $1
               and held.mentor_participant_id = $2 and held.place = place.number)
           -- A lowered capacity counts those who sit on places above it.
           and mentor.capacity > (select count(*) from matching.match taken where taken.tenant_id = $1
               and taken.mentor_participant_id = $2 and taken.place is not null)
         order by place.number limit 1",
        tenant,
        mentor
    )
    .fetch_optional(tx.conn())
    .await
    .db()
}

/// A participant's standing now, for publishing and next choices.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    pub(crate) id: Uuid,
    pub(crate) active: bool,
    pub(crate) seeking: bool,
    /// Places of a mentor that no open match holds or waits for.
    pub(crate) free: i32,
    /// Whether a mentee has an open match.
    pub(crate) matched: bool,
}

/// How participants of a program stand now. Call it under the program's lock.
pub(crate) async fn standings(tx: &mut Tx, program: Uuid, participants: &[Uuid]) -> Result<Vec<Standing>> {
    let tenant = tx.tenant();
    sqlx::query_as!(
        Standing,
        r#"select p.participant_id as id, p.active, p.seeking,
               (p.capacity - (select count(*) from matching.match held where held.tenant_id = $1
                   and held.mentor_participant_id = p.participant_id
                   and held.state in ('proposed', 'accepted', 'active')))::integer as "free!",
               exists (select from matching.match own where own.tenant_id = $1 and own.program_id = $2
                   and own.mentee_person_id = p.person_id
                   and own.state in ('proposed', 'accepted', 'active')) as "matched!"
           from matching.participant p
           where p.tenant_id = $1 and p.program_id = $2 and p.participant_id = any($3)"#,
        tenant,
        program,
        participants
    )
    .fetch_all(tx.conn())
    .await
    .db()
}

/// The mentees who seek a match and have no open one, as a run sees them. Those whom the directory has not
/// told of yet are left out: their reporting line is unknown.
pub(crate) async fn free_mentees(tx: &mut Tx, program: Uuid, week: Date) -> Result<Vec<Person>> {
    let tenant = tx.tenant();
    let rows = sqlx::query!(
        "select p.participant_id, p.person_id, p.profile, d.manager_chain, d.unit, d.grade, d.profession
         from matching.participant p
         join matching.person d on d.tenant_id = $1 and d.person_id = p.person_id
         where p.tenant_id = $1 and p.program_id = $2 and p.role = 'mentee' and p.active and p.seeking
           and not exists (select from matching.match own where own.tenant_id = $1 and own.program_id = $2
               and own.mentee_person_id = p.person_id and own.state in ('proposed', 'accepted', 'active'))
         order by p.participant_id",
        tenant,
        program
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    rows.into_iter()
        .map(|row| {
            let directory = Directory {
                chain: row.manager_chain,
                unit: row.unit,
                grade: row.grade,
                profession: row.profession,
            };
            Ok(person((row.participant_id, row.person_id), (1, 0), profile(&row.profile)?, directory, week))
        })
        .collect()
}

/// The active mentors with their free places, full ones included, as a run sees them.
pub(crate) async fn mentors(tx: &mut Tx, program: Uuid, week: Date) -> Result<Vec<Person>> {
    let tenant = tx.tenant();
    let rows = sqlx::query!(
        r#"select p.participant_id, p.person_id, p.profile, d.manager_chain, d.unit, d.grade, d.profession,
               p.capacity, (select count(*) from matching.match held where held.tenant_id = $1
                   and held.mentor_participant_id = p.participant_id
                   and held.state in ('proposed', 'accepted', 'active'))::integer as "held!"
           from matching.participant p
           join matching.person d on d.tenant_id = $1 and d.person_id = p.person_id
           where p.tenant_id = $1 and p.program_id = $2 and p.role = 'mentor' and p.active
           order by p.participant_id"#,
        tenant,
        program
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    rows.into_iter()
        .map(|row| {
            let directory = Directory {
                chain: row.manager_chain,
                unit: row.unit,
                grade: row.grade,
                profession: row.profession,
            };
            let places = ((row.capacity - row.held).max(0), row.held);
            Ok(person((row.participant_id, row.person_id), places, profile(&row.profile)?, directory, week))
        })
        .collect()
}

fn profile(bytes: &[u8]) -> Result<Profile> {
    Profile::decode(bytes).map_err(Error::internal)
}

/// Person and role of a participant of a program.
pub(crate) async fn participant(tx: &mut Tx, program: Uuid, id: Uuid) -> Result<Option<(Uuid, String)>> {
    let tenant = tx.tenant();
    let row = sqlx::query!(
        "select person_id, role from matching.participant
         where tenant_id = $1 and program_id = $2 and participant_id = $3",
        tenant,
        program,
        id
    )
    .fetch_optional(tx.conn())
    .await
    .db()?;
    Ok(row.map(|row| (row.person_id, row.role)))
}
