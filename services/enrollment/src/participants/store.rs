//! The SQL of participants.

use super::participant::{Participant, Reason, State};
use crate::{
    error::exists,
    feed::Feed,
    profile::{Profile, Side},
};
use futures::TryStreamExt;
use kernel::{Error, Page, Result, Uuid};
use sqlx::types::Json;
use storage::time::{at, at_some, from_some};
use storage::{DbResult, Tx};

/// A row as stored, with the person's line manager of today.
struct Row {
    participant_id: Uuid,
    program_id: Uuid,
    person_id: Uuid,
    role: String,
    state: String,
    capacity: i32,
    profile: Json<Profile>,
    application_id: Uuid,
    joined_at: jiff_sqlx::Timestamp,
    ready_at: Option<jiff_sqlx::Timestamp>,
    withdrawn_at: Option<jiff_sqlx::Timestamp>,
    withdrawal_reason: Option<String>,
    version: i64,
    manager_id: Option<Uuid>,
}

/// A participant with the person's line manager of today.
pub(crate) struct Managed {
    pub(crate) participant: Participant,
    pub(crate) manager: Option<Uuid>,
}

/// Every column of the participants `a` of a tenant and the manager of the person `p`; `$tail` goes on after
/// `where a.tenant_id = $1`.
macro_rules! select {
    ($tail:tt, $($argument:expr),+) => {
        sqlx::query_as!(
            Row,
            "select a.participant_id, a.program_id, a.person_id, a.role, a.state, a.capacity, \
                    a.profile as \"profile: Json<Profile>\", a.application_id, a.joined_at, a.ready_at, \
                    a.withdrawn_at, a.withdrawal_reason, a.version, p.manager_id \
             from enrollment.participant a \
             join enrollment.person p on p.tenant_id = a.tenant_id and p.person_id = a.person_id \
             where a.tenant_id = $1 " + $tail,
            $($argument),+
        )
    };
}

/// Participants in training for whom nothing is missing any more, kept from others; `$tail` says of whom.
macro_rules! select_passing {
    ($tail:tt, $($argument:expr),+) => {
        sqlx::query_as!(
            Row,
            "select a.participant_id, a.program_id, a.person_id, a.role, a.state, a.capacity, \
                    a.profile as \"profile: Json<Profile>\", a.application_id, a.joined_at, a.ready_at, \
                    a.withdrawn_at, a.withdrawal_reason, a.version, p.manager_id \
             from enrollment.participant a \
             join enrollment.person p on p.tenant_id = a.tenant_id and p.person_id = a.person_id \
             where a.tenant_id = $1 and a.state = 'in_training' and not exists (\
                 select 1 from enrollment.course_requirement r \
                 where r.tenant_id = $1 and r.program_id = a.program_id and r.role = a.role and not exists (\
                     select 1 from enrollment.completion c \
                     where c.tenant_id = $1 and c.person_id = a.person_id and c.course_id = r.course_id)) " + $tail,
            $($argument),+
        )
    };
}

impl Row {
    fn managed(self) -> Result<Managed> {
        let participant = Participant {
            id: self.participant_id,
            program: self.program_id,
            person: self.person_id,
            side: Side::read(&self.role)?,
            state: State::read(&self.state)?,
            capacity: self.capacity,
            profile: self.profile.0,
            application: self.application_id,
            joined_at: self.joined_at.to_jiff(),
            ready_at: from_some(self.ready_at),
            withdrawn_at: from_some(self.withdrawn_at),
            reason: self.withdrawal_reason.as_deref().map(Reason::read).transpose()?,
            version: self.version,
        };
        Ok(Managed { participant, manager: self.manager_id })
    }

    fn participant(self) -> Result<Participant> {
        Ok(self.managed()?.participant)
    }
}

fn missing(id: Uuid) -> Box<Error> {
    Error::not_found("participant", id)
}

/// Reads a participant.
pub(crate) async fn find(tx: &mut Tx, id: Uuid) -> Result<Managed> {
    let row = select!("and a.participant_id = $2", tx.tenant(), id).fetch_optional(tx.conn()).await.db()?;
    row.ok_or_else(|| missing(id))?.managed()
}

/// Reads a participant and keeps others from changing it.
pub(crate) async fn lock(tx: &mut Tx, id: Uuid) -> Result<Participant> {
    let row = select!("and a.participant_id = $2 for update of a", tx.tenant(), id)
        .fetch_optional(tx.conn())
        .await
        .db()?;
    row.ok_or_else(|| missing(id))?.participant()
}

/// A person's participations that have not ended, kept from others.
pub(crate) async fn lock_present_of(tx: &mut Tx, person: Uuid) -> Result<Vec<Participant>> {
    let rows = select!(
        "and a.person_id = $2 and a.state <> 'withdrawn' order by a.participant_id for update of a",
        tx.tenant(),
        person
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    rows.into_iter().map(Row::participant).collect()
}

/// Participants of the person who miss nothing any more.
pub(crate) async fn lock_passing_of_person(tx: &mut Tx, person: Uuid) -> Result<Vec<Participant>> {
    let rows = select_passing!(
        "and a.person_id = $2 order by a.participant_id for update of a",
        tx.tenant(),
        person
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    rows.into_iter().map(Row::participant).collect()
}

/// Participants of a role in the program who miss nothing any more.
pub(crate) async fn lock_passing_of_program(
    tx: &mut Tx,
    program: Uuid,
    side: Side,
) -> Result<Vec<Participant>> {
    let rows = select_passing!(
        "and a.program_id = $2 and a.role = $3 order by a.participant_id for update of a",
        tx.tenant(),
        program,
        side.word()
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    rows.into_iter().map(Row::participant).collect()
}

/// Courses that the participant still has to complete.
pub(crate) async fn missing_courses(tx: &mut Tx, participant: &Participant) -> Result<i64> {
    sqlx::query_scalar!(
        "select count(*) as \"missing!\" from enrollment.course_requirement r \
         where r.tenant_id = $1 and r.program_id = $2 and r.role = $3 and not exists (\
             select 1 from enrollment.completion c \
             where c.tenant_id = $1 and c.person_id = $4 and c.course_id = r.course_id)",
        tx.tenant(),
        participant.program,
        participant.side.word(),
        participant.person
    )
    .fetch_one(tx.conn())
    .await
    .db()
}

/// Whether the person takes part in this role.
pub(crate) async fn is_present(tx: &mut Tx, program: Uuid, person: Uuid, side: Side) -> Result<bool> {
    sqlx::query_scalar!(
        "select exists (select 1 from enrollment.participant \
                        where tenant_id = $1 and program_id = $2 and person_id = $3 and role = $4 \
                          and state <> 'withdrawn') as \"present!\"",
        tx.tenant(),
        program,
        person,
        side.word()
    )
    .fetch_one(tx.conn())
    .await
    .db()
}

/// What a list is narrowed to. `visible_to`: only oneself and one's reports.
pub(crate) struct Filter {
    pub(crate) program: Option<Uuid>,
    pub(crate) person: Option<Uuid>,
    pub(crate) side: Option<Side>,
    pub(crate) state: Option<State>,
    pub(crate) manager: Option<Uuid>,
    pub(crate) visible_to: Option<Uuid>,
}

/// A page of participants, oldest first.
pub(crate) async fn list(tx: &mut Tx, page: &Page<Uuid>, filter: &Filter) -> Result<Vec<Managed>> {
    let rows = select!(
        "and ($2::uuid is null or a.participant_id > $2) and ($3::uuid is null or a.program_id = $3) \
         and ($4::uuid is null or a.person_id = $4) and ($5::text is null or a.role = $5) \
         and ($6::text is null or a.state = $6) and ($7::uuid is null or p.manager_id = $7) \
         and ($8::uuid is null or a.person_id = $8 or p.manager_id = $8) \
         order by a.participant_id limit $9",
        tx.tenant(),
        page.after,
        filter.program,
        filter.person,
        filter.side.map(Side::word),
        filter.state.map(State::word),
        filter.manager,
        filter.visible_to,
        page.limit()
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    rows.into_iter().map(Row::managed).collect()
}

/// Sends every participant, of one program or of all, in the order of their ids. One statement, so that all are of one
/// instant.
pub(crate) async fn export<T>(
    tx: &mut Tx,
    program: Option<Uuid>,
    feed: &Feed<T>,
    answer: impl Fn(&Participant) -> T,
) -> Result<()> {
    let query = select!(
        "and ($2::uuid is null or a.program_id = $2) order by a.participant_id",
        tx.tenant(),
        program
    );
    let mut rows = query.fetch(tx.conn());
    while let Some(row) = rows.try_next().await.db()? {
        feed.send(answer(&row.participant()?)).await?;
    }
    Ok(())
}

/// Adds a participant.
///
/// # Errors
/// `ALREADY_EXISTS` while the person takes part in this role.
pub(crate) async fn insert(tx: &mut Tx, participant: &Participant) -> Result<()> {
    sqlx::query!(
        "insert into enrollment.participant (tenant_id, participant_id, program_id, person_id, role, state, capacity, \
                                             profile, application_id, joined_at, ready_at, version) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        tx.tenant(),
        participant.id,
        participant.program,
        participant.person,
        participant.side.word(),
        participant.state.word(),
        participant.capacity,
        Json(&participant.profile) as _,
        participant.application,
        at(participant.joined_at),
        at_some(participant.ready_at),
        participant.version
    )
    .execute(tx.conn())
    .await
    .violates("participant_present_key", || exists("this person takes part in this program in this role already"))
    .db()?;
    Ok(())
}

/// Writes a locked participant back and counts its version up.
pub(crate) async fn save(tx: &mut Tx, participant: &mut Participant) -> Result<()> {
    let done = sqlx::query!(
        "update enrollment.participant \
         set state = $4, capacity = $5, profile = $6, ready_at = $7, withdrawn_at = $8, withdrawal_reason = $9, \
             version = version + 1 \
         where tenant_id = $1 and participant_id = $2 and version = $3",
        tx.tenant(),
        participant.id,
        participant.version,
        participant.state.word(),
        participant.capacity,
        Json(&participant.profile) as _,
        at_some(participant.ready_at),
        at_some(participant.withdrawn_at),
        participant.reason.map(Reason::word)
    )
    .execute(tx.conn())
    .await
    .db()?;
    if done.rows_affected() != 1 {
        return Err(Error::stale("participant"));
    }
    participant.version += 1;
    Ok(())
}
