//! The SQL of programs.

use super::program::{Format, Objective, Policy, Program, Spec, State};
use crate::error::no_program;
use kernel::{Error, Page, Result, Uuid};
use sqlx::types::Json;
use storage::time::{at, at_some, from_some};
use storage::{DbResult, Tx};

/// A row as stored.
struct Row {
    program_id: Uuid,
    name: String,
    description: String,
    objectives: Json<Vec<Objective>>,
    audience_units: Vec<String>,
    audience_groups: Vec<String>,
    format: String,
    policy: Json<Policy>,
    state: String,
    audience_size: i32,
    created_at: jiff_sqlx::Timestamp,
    published_at: Option<jiff_sqlx::Timestamp>,
    started_at: Option<jiff_sqlx::Timestamp>,
    closed_at: Option<jiff_sqlx::Timestamp>,
    version: i64,
}

/// Every column of the programs of a tenant; `$tail` goes on after `where tenant_id = $1`.
macro_rules! select {
    ($tail:tt, $($argument:expr),+) => {
        sqlx::query_as!(
            Row,
            "select program_id, name, description, objectives as \"objectives: Json<Vec<Objective>>\", audience_units, \
                    audience_groups, format, policy as \"policy: Json<Policy>\", state, audience_size, created_at, published_at, \
                    started_at, closed_at, version \
             from enrollment.program where tenant_id = $1 " + $tail,
            $($argument),+
        )
    };
}

impl Row {
    fn program(self) -> Result<Program> {
        Ok(Program {
            id: self.program_id,
            spec: Spec {
                name: self.name,
                description: self.description,
                objectives: self.objectives.0,
                audience_units: self.audience_units,
                audience_groups: self.audience_groups,
                format: Format::read(&self.format)?,
                policy: self.policy.0,
            },
            state: State::read(&self.state)?,
            audience_size: self.audience_size,
            created_at: self.created_at.to_jiff(),
            published_at: from_some(self.published_at),
            started_at: from_some(self.started_at),
            closed_at: from_some(self.closed_at),
            version: self.version,
        })
    }
}

/// Reads a program.
pub(crate) async fn find(tx: &mut Tx, id: Uuid) -> Result<Program> {
    let row = select!("and program_id = $2", tx.tenant(), id).fetch_optional(tx.conn()).await.db()?;
    row.ok_or_else(|| no_program(id))?.program()
}

/// Reads a program and keeps others from changing it.
pub(crate) async fn lock(tx: &mut Tx, id: Uuid) -> Result<Program> {
    let row =
        select!("and program_id = $2 for update", tx.tenant(), id).fetch_optional(tx.conn()).await.db()?;
    row.ok_or_else(|| no_program(id))?.program()
}

/// Reads a program that must stay as it is until the commit; several can do that at once.
pub(crate) async fn hold(tx: &mut Tx, id: Uuid) -> Result<Program> {
    let row =
        select!("and program_id = $2 for share", tx.tenant(), id).fetch_optional(tx.conn()).await.db()?;
    row.ok_or_else(|| no_program(id))?.program()
}

/// A page of programs, newest first.
pub(crate) async fn list(
    tx: &mut Tx,
    page: &Page<Uuid>,
    state: Option<State>,
    published_only: bool,
) -> Result<Vec<Program>> {
    let rows = select!(
        "and ($2::uuid is null or program_id < $2) and ($3::text is null or state = $3) \
         and (not $4 or published_at is not null) order by program_id desc limit $5",
        tx.tenant(),
        page.after,
        state.map(State::word),
        published_only,
        page.limit()
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    rows.into_iter().map(Row::program).collect()
}

/// Adds a program.
pub(crate) async fn insert(tx: &mut Tx, program: &Program) -> Result<()> {
    let spec = &program.spec;
    sqlx::query!(
        "insert into enrollment.program (tenant_id, program_id, name, description, objectives, audience_units, format, \
                                         policy, state, audience_size, created_at, version, audience_groups) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        tx.tenant(),
        program.id,
        spec.name,
        spec.description,
        Json(&spec.objectives) as _,
        &spec.audience_units,
        spec.format.word(),
        Json(&spec.policy) as _,
        program.state.word(),
        program.audience_size,
        at(program.created_at),
        program.version,
        &spec.audience_groups
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// Writes a locked program back and counts its version up.
pub(crate) async fn save(tx: &mut Tx, program: &mut Program) -> Result<()> {
    let spec = &program.spec;
    let done = sqlx::query!(
        "update enrollment.program \
         set name = $4, description = $5, objectives = $6, audience_units = $7, format = $8, policy = $9, state = $10, \
             audience_size = $11, published_at = $12, started_at = $13, closed_at = $14, \
             audience_groups = $15, version = version + 1 \
         where tenant_id = $1 and program_id = $2 and version = $3",
        tx.tenant(),
        program.id,
        program.version,
        spec.name,
        spec.description,
        Json(&spec.objectives) as _,
        &spec.audience_units,
        spec.format.word(),
        Json(&spec.policy) as _,
        program.state.word(),
        program.audience_size,
        at_some(program.published_at),
        at_some(program.started_at),
        at_some(program.closed_at),
        &spec.audience_groups
    )
    .execute(tx.conn())
    .await
    .db()?;
    if done.rows_affected() != 1 {
        return Err(Error::stale("program"));
    }
    program.version += 1;
    Ok(())
}
