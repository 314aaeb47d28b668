//! The SQL of applications.

use super::application::{Application, FormAnswer, State};
use crate::{
    error::exists,
    profile::{Profile, Side},
};
use kernel::{Error, Page, Result, Uuid};
use sqlx::types::Json;
use storage::time::{at, at_some, from_some};
use storage::{DbResult, Tx};

/// A row as stored, with the applicant's line manager of today.
struct Row {
    application_id: Uuid,
    program_id: Uuid,
    person_id: Uuid,
    role: String,
    state: String,
    answers: Json<Vec<FormAnswer>>,
    profile: Json<Profile>,
    capacity: i32,
    submitted_at: jiff_sqlx::Timestamp,
    expires_at: jiff_sqlx::Timestamp,
    endorsed_at: Option<jiff_sqlx::Timestamp>,
    endorsed_by: Option<Uuid>,
    decided_at: Option<jiff_sqlx::Timestamp>,
    decision_reason: String,
    participant_id: Option<Uuid>,
    version: i64,
    manager_id: Option<Uuid>,
}

/// An application with the applicant's line manager of today.
pub(crate) struct Managed {
    pub(crate) application: Application,
    pub(crate) manager: Option<Uuid>,
}

/// Every column of the applications `a` of a tenant and the manager of the person `p`; `$tail` goes on after
/// `where a.tenant_id = $1`.
macro_rules! select {
    ($tail:tt, $($argument:expr),+) => {
        sqlx::query_as!(
            Row,
            "select a.application_id, a.program_id, a.person_id, a.role, a.state, \
                    a.answers as \"answers: Json<Vec<FormAnswer>>\", a.profile as \"profile: Json<Profile>\", \
                    a.capacity, a.submitted_at, a.expires_at, a.endorsed_at, a.endorsed_by, a.decided_at, \
                    a.decision_reason, a.participant_id, a.version, p.manager_id \
             from enrollment.application a \
             join enrollment.person p on p.tenant_id = a.tenant_id and p.person_id = a.person_id \
             where a.tenant_id = $1 " + $tail,
            $($argument),+
        )
    };
}

impl Row {
    fn managed(self) -> Result<Managed> {
        let application = Application {
            id: self.application_id,
            program: self.program_id,
            person: self.person_id,
            side: Side::read(&self.role)?,
            state: State::read(&self.state)?,
            answers: self.answers.0,
            profile: self.profile.0,
            capacity: self.capacity,
            submitted_at: self.submitted_at.to_jiff(),
            expires_at: self.expires_at.to_jiff(),
            endorsed_at: from_some(self.endorsed_at),
            endorsed_by: self.endorsed_by,
            decided_at: from_some(self.decided_at),
            decision_reason: self.decision_reason,
            participant: self.participant_id,
            version: self.version,
        };
        Ok(Managed { application, manager: self.manager_id })
    }
}

fn missing(id: Uuid) -> Box<Error> {
    Error::not_found("application", id)
}

/// Reads an application.
pub(crate) async fn find(tx: &mut Tx, id: Uuid) -> Result<Managed> {
    let row = select!("and a.application_id = $2", tx.tenant(), id).fetch_optional(tx.conn()).await.db()?;
    row.ok_or_else(|| missing(id))?.managed()
}

/// Reads an application and keeps others from changing it.
pub(crate) async fn lock(tx: &mut Tx, id: Uuid) -> Result<Managed> {
    let row = select!("and a.application_id = $2 for update of a", tx.tenant(), id)
        .fetch_optional(tx.conn())
        .await
        .db()?;
    row.ok_or_else(|| missing(id))?.managed()
}

/// A person's open applications, kept from others.
pub(crate) async fn lock_open_of(tx: &mut Tx, person: Uuid) -> Result<Vec<Application>> {
    let rows = select!(
        "and a.person_id = $2 and a.state in ('submitted', 'endorsed', 'waitlisted') \
         order by a.application_id for update of a",
        tx.tenant(),
        person
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    rows.into_iter().map(|row| Ok(row.managed()?.application)).collect()
}

/// Open applications whose time is over, or whose program is: at most `limit`, leaving out those that somebody else
/// holds. The flag tells that the program is closed.
pub(crate) async fn lock_overdue(tx: &mut Tx, limit: i64) -> Result<Vec<(Application, bool)>> {
    let rows = select!(
        "and a.state in ('submitted', 'endorsed', 'waitlisted') \
         and ((a.expires_at <= $2 and a.state <> 'waitlisted') or a.program_id in (\
              select g.program_id from enrollment.program g where g.tenant_id = $1 and g.state = 'closed')) \
         order by a.application_id limit $3 for update of a skip locked",
        tx.tenant(),
        at(tx.now()),
        limit
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    let closed = sqlx::query_scalar!(
        "select program_id from enrollment.program where tenant_id = $1 and state = 'closed'",
        tx.tenant()
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    let flagged = |row: Row| {
        let application = row.managed()?.application;
        let closed = closed.contains(&application.program);
        Ok((application, closed))
    };
    rows.into_iter().map(flagged).collect()
}

/// What a list is narrowed to. `visible_to`: only one's own and those of one's reports.
pub(crate) struct Filter {
    pub(crate) program: Option<Uuid>,
    pub(crate) person: Option<Uuid>,
    pub(crate) state: Option<State>,
    pub(crate) side: Option<Side>,
    pub(crate) manager: Option<Uuid>,
    pub(crate) visible_to: Option<Uuid>,
}

/// A page of applications, oldest first.
pub(crate) async fn list(tx: &mut Tx, page: &Page<Uuid>, filter: &Filter) -> Result<Vec<Managed>> {
    let rows = select!(
        "and ($2::uuid is null or a.application_id > $2) and ($3::uuid is null or a.program_id = $3) \
         and ($4::uuid is null or a.person_id = $4) and ($5::text is null or a.state = $5) \
         and ($6::text is null or a.role = $6) and ($7::uuid is null or p.manager_id = $7) \
         and ($8::uuid is null or a.person_id = $8 or p.manager_id = $8) \
         order by a.application_id limit $9",
        tx.tenant(),
        page.after,
        filter.program,
        filter.person,
        filter.state.map(State::word),
        filter.side.map(Side::word),
        filter.manager,
        filter.visible_to,
        page.limit()
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    rows.into_iter().map(Row::managed).collect()
}

/// Adds an application.
///
/// # Errors
/// `ALREADY_EXISTS` while one of the same person, program and role is open.
pub(crate) async fn insert(tx: &mut Tx, application: &Application) -> Result<()> {
    sqlx::query!(
        "insert into enrollment.application (tenant_id, application_id, program_id, person_id, role, state, answers, \
                                             profile, capacity, submitted_at, expires_at, version) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        tx.tenant(),
        application.id,
        application.program,
        application.person,
        application.side.word(),
        application.state.word(),
        Json(&application.answers) as _,
        Json(&application.profile) as _,
        application.capacity,
        at(application.submitted_at),
        at(application.expires_at),
        application.version
    )
    .execute(tx.conn())
    .await
    .violates("application_open_key", || exists("an application of this person to this program in this role is open"))
    .db()?;
    Ok(())
}

/// Writes a locked application back and counts its version up.
pub(crate) async fn save(tx: &mut Tx, application: &mut Application) -> Result<()> {
    let done = sqlx::query!(
        "update enrollment.application \
         set state = $4, endorsed_at = $5, endorsed_by = $6, decided_at = $7, decision_reason = $8, \
             participant_id = $9, version = version + 1 \
         where tenant_id = $1 and application_id = $2 and version = $3",
        tx.tenant(),
        application.id,
        application.version,
        application.state.word(),
        at_some(application.endorsed_at),
        application.endorsed_by,
        at_some(application.decided_at),
        application.decision_reason,
        application.participant
    )
    .execute(tx.conn())
    .await
    .db()?;
    if done.rows_affected() != 1 {
        return Err(Error::stale("application"));
    }
    application.version += 1;
    Ok(())
}
