//! The SQL of the directory.

use super::{
    person::{Person, Standing, State},
    plan::Known,
    row::Facts,
};
use kernel::{Error, Page, Result, Uuid};
use storage::time::{at, from_some};
use storage::{DbResult, Tx};

/// People written with one statement.
const BATCH: usize = 5_000;

/// A row as stored.
struct Row {
    person_id: Uuid,
    external_id: String,
    display_name: String,
    email: String,
    manager_id: Option<Uuid>,
    manager_chain: Vec<Uuid>,
    unit: String,
    job_title: String,
    grade: String,
    profession: String,
    organisation: String,
    parent_organisation: String,
    fte_percent: i32,
    state: String,
    deactivated_at: Option<jiff_sqlx::Timestamp>,
    created_at: jiff_sqlx::Timestamp,
    updated_at: jiff_sqlx::Timestamp,
}

/// Every column of the people of a tenant; `$tail` goes on after `where tenant_id = $1`.
macro_rules! select {
    ($tail:tt, $($argument:expr),+) => {
        sqlx::query_as!(
            Row,
            "select person_id, external_id, display_name, email, manager_id, manager_chain, unit, job_title, grade, \
                    profession, organisation, parent_organisation, fte_percent, state, deactivated_at, created_at, \
                    updated_at \
             from enrollment.person where tenant_id = $1 " + $tail,
            $($argument),+
        )
    };
}

impl Row {
    fn known(self) -> Result<Known> {
        let active = self.state == State::Active.word();
        let Person { id, external_id, facts, manager, chain, .. } = self.person()?;
        Ok(Known { id, external_id, facts, manager, chain, active })
    }

    fn person(self) -> Result<Person> {
        Ok(Person {
            id: self.person_id,
            external_id: self.external_id,
            facts: Facts {
                display_name: self.display_name,
                email: self.email,
                unit: self.unit,
                job_title: self.job_title,
                grade: self.grade,
                profession: self.profession,
                organisation: self.organisation,
                parent_organisation: self.parent_organisation,
                fte_percent: self.fte_percent,
            },
            manager: self.manager_id,
            chain: self.manager_chain,
            state: State::read(&self.state)?,
            deactivated_at: from_some(self.deactivated_at),
            created_at: self.created_at.to_jiff(),
            updated_at: self.updated_at.to_jiff(),
        })
    }
}

/// Lets one import of the tenant at a time run.
pub(crate) async fn lock_import(tx: &mut Tx) -> Result<()> {
    let key = format!("enrollment.import {}", tx.tenant());
    let free =
        sqlx::query_scalar!("select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as \"free!\"", key)
            .fetch_one(tx.conn())
            .await
            .db()?;
    if free {
        Ok(())
    } else {
        Err(Error::precondition(
            "IMPORT_RUNNING",
            "another import is still running; try again when it has ended",
        ))
    }
}

/// Everybody, for planning, in the order of external ids.
pub(crate) async fn everybody(tx: &mut Tx) -> Result<Vec<Known>> {
    let rows = select!("order by external_id", tx.tenant()).fetch_all(tx.conn()).await.db()?;
    rows.into_iter().map(Row::known).collect()
}

/// A page of active people in the order of their ids, locked against changes.
pub(crate) async fn active_after(tx: &mut Tx, after: Uuid) -> Result<Vec<Known>> {
    let query = select!(
        "and state = 'active' and person_id > $2 order by person_id limit 500 for share",
        tx.tenant(),
        after
    );
    query.fetch_all(tx.conn()).await.db()?.into_iter().map(Row::known).collect()
}

/// A person for planning.
pub(crate) async fn find_known(tx: &mut Tx, id: Uuid) -> Result<Option<Known>> {
    let row = select!("and person_id = $2", tx.tenant(), id).fetch_optional(tx.conn()).await.db()?;
    row.map(Row::known).transpose()
}

/// The person with this id in the HRIS.
pub(crate) async fn find_by_external_id(tx: &mut Tx, id: &str) -> Result<Option<Known>> {
    let row = select!("and external_id = $2", tx.tenant(), id).fetch_optional(tx.conn()).await.db()?;
    row.map(Row::known).transpose()
}

/// Active people who report to somebody.
pub(crate) async fn reports(tx: &mut Tx, manager: Uuid) -> Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        "select person_id from enrollment.person \
         where tenant_id = $1 and manager_id = $2 and state = 'active' order by person_id",
        tx.tenant(),
        manager
    )
    .fetch_all(tx.conn())
    .await
    .db()
}

/// Active people below somebody, at any depth.
pub(crate) async fn below(tx: &mut Tx, manager: Uuid) -> Result<Vec<Known>> {
    let rows = select!(
        "and state = 'active' and person_id in (\
             with recursive below (person_id) as (\
                 select p.person_id from enrollment.person p where p.tenant_id = $1 and p.manager_id = $2 \
                 union \
                 select p.person_id from enrollment.person p join below b on p.manager_id = b.person_id \
                 where p.tenant_id = $1) \
             select person_id from below) order by person_id",
        tx.tenant(),
        manager
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    rows.into_iter().map(Row::known).collect()
}

/// Gives a person another id in the HRIS, unless somebody has it; whether it was given.
pub(crate) async fn rename(tx: &mut Tx, person: Uuid, external_id: &str) -> Result<bool> {
    let done = sqlx::query!(
        "update enrollment.person set external_id = $3 where tenant_id = $1 and person_id = $2 \
           and not exists (select from enrollment.person where tenant_id = $1 and external_id = $3)",
        tx.tenant(),
        person,
        external_id
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(done.rows_affected() == 1)
}

/// Adds or overwrites people, all active.
pub(crate) async fn upsert(tx: &mut Tx, people: &[Known]) -> Result<()> {
    for people in people.chunks(BATCH) {
        upsert_batch(tx, people).await?;
    }
    Ok(())
}

async fn upsert_batch(tx: &mut Tx, people: &[Known]) -> Result<()> {
    let texts = |of: fn(&Known) -> &String| -> Vec<String> {
        people.iter().map(|person| of(person).clone()).collect()
    };
    let ids: Vec<Uuid> = people.iter().map(|person| person.id).collect();
    let managers: Vec<Option<Uuid>> = people.iter().map(|person| person.manager).collect();
    let fte: Vec<i32> = people.iter().map(|person| person.facts.fte_percent).collect();
    // Arrays of arrays must be of one length, so that each chain travels as text.
    let chains: Vec<String> = people
        .iter()
        .map(|person| person.chain.iter().map(Uuid::to_string).collect::<Vec<_>>().join(","))
        .collect();
    sqlx::query!(
        "insert into enrollment.person (tenant_id, person_id, external_id, display_name, email, manager_id, \
                                        manager_chain, unit, job_title, grade, profession, organisation, \
                                        parent_organisation, fte_percent, state, created_at, updated_at) \
         select $1, person_id, external_id, display_name, email, manager_id, \
                string_to_array(chain, ',')::uuid[], unit, job_title, grade, profession, organisation, \
                parent_organisation, fte_percent, 'active', $2, $2 \
         from unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::text[], $9::text[], $10::text[], \
                     $11::text[], $12::text[], $13::text[], $14::text[], $15::integer[]) \
              as new (person_id, external_id, display_name, email, manager_id, chain, unit, job_title, grade, \
                      profession, organisation, parent_organisation, fte_percent) \
         on conflict (tenant_id, person_id) do update \
         set display_name = excluded.display_name, email = excluded.email, manager_id = excluded.manager_id, \
             manager_chain = excluded.manager_chain, unit = excluded.unit, job_title = excluded.job_title, \
             grade = excluded.grade, profession = excluded.profession, organisation = excluded.organisation, \
             parent_organisation = excluded.parent_organisation, fte_percent = excluded.fte_percent, \
             state = 'active', deactivated_at = null, updated_at = excluded.updated_at, \
             version = person.version + 1",
        tx.tenant(),
        at(tx.now()),
        &ids,
        &texts(|p| &p.external_id),
        &texts(|p| &p.facts.display_name),
        &texts(|p| &p.facts.email),
        &managers as &[Option<Uuid>],
        &chains,
        &texts(|p| &p.facts.unit),
        &texts(|p| &p.facts.job_title),
        &texts(|p| &p.facts.grade),
        &texts(|p| &p.facts.profession),
        &texts(|p| &p.facts.organisation),
        &texts(|p| &p.facts.parent_organisation),
        &fte
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// Lets people leave.
pub(crate) async fn deactivate(tx: &mut Tx, people: &[Uuid]) -> Result<()> {
    if people.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "update enrollment.person \
         set state = 'deactivated', deactivated_at = $3, updated_at = $3, version = version + 1 \
         where tenant_id = $1 and person_id = any($2) and state = 'active'",
        tx.tenant(),
        people,
        at(tx.now())
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// Reads a person.
pub(crate) async fn find(tx: &mut Tx, id: Uuid) -> Result<Option<Person>> {
    let row = select!("and person_id = $2", tx.tenant(), id).fetch_optional(tx.conn()).await.db()?;
    row.map(Row::person).transpose()
}

/// What a list is narrowed to.
pub(crate) struct Filter {
    pub(crate) unit: Option<String>,
    pub(crate) below: Option<Uuid>,
    pub(crate) state: Option<&'static str>,
}

/// A page of people in the order of their external ids.
pub(crate) async fn list(tx: &mut Tx, page: &Page<String>, filter: &Filter) -> Result<Vec<Person>> {
    let rows = match filter.below {
        Some(manager) => {
            select!(
                "and person_id in (\
                     with recursive below (person_id) as (\
                         select p.person_id from enrollment.person p where p.tenant_id = $1 and p.manager_id = $6 \
                         union \
                         select p.person_id from enrollment.person p join below b on p.manager_id = b.person_id \
                         where p.tenant_id = $1) \
                     select person_id from below) \
                 and ($2::text is null or external_id > $2) and ($3::text is null or unit = $3) \
                 and ($4::text is null or state = $4) order by external_id limit $5",
                tx.tenant(),
                page.after.as_deref(),
                filter.unit.as_deref(),
                filter.state,
                page.limit(),
                manager
            )
            .fetch_all(tx.conn())
            .await
        }
        None => {
            select!(
                "and ($2::text is null or external_id > $2) and ($3::text is null or unit = $3) \
                 and ($4::text is null or state = $4) order by external_id limit $5",
                tx.tenant(),
                page.after.as_deref(),
                filter.unit.as_deref(),
                filter.state,
                page.limit()
            )
            .fetch_all(tx.conn())
            .await
        }
    };
    rows.db()?.into_iter().map(Row::person).collect()
}

/// Active people of the units and of the audiences; all when neither is named.
pub(crate) async fn audience_size(tx: &mut Tx, units: &[String], audiences: &[String]) -> Result<i32> {
    let size = sqlx::query_scalar!(
        "with recursive inside (member) as ( \
             select m.member from enrollment.audience_group g join enrollment.audience_member m \
               on m.tenant_id = $1 and m.group_id = g.group_id \
             where g.tenant_id = $1 and g.audience = any($3) \
             union \
             select m.member from inside i join enrollment.audience_member m \
               on m.tenant_id = $1 and m.group_id = i.member) \
         select count(*) as \"size!\" from enrollment.person p \
         where p.tenant_id = $1 and p.state = 'active' \
           and (cardinality($2::text[]) + cardinality($3::text[]) = 0 or p.unit = any($2) \
                or exists (select from enrollment.provisioned u join inside i on i.member = u.user_id::text \
                           where u.tenant_id = $1 and u.person_id = p.person_id))",
        tx.tenant(),
        units,
        audiences
    )
    .fetch_one(tx.conn())
    .await
    .db()?;
    Ok(i32::try_from(size).unwrap_or(i32::MAX))
}

/// Where a person stands, kept as it is until the commit. Whoever changes the person's participations takes this
/// first, so that none of them overlooks another.
pub(crate) async fn hold(tx: &mut Tx, person: Uuid) -> Result<Option<Standing>> {
    let row = sqlx::query!(
        "select state, unit, manager_id from enrollment.person where tenant_id = $1 and person_id = $2 \
         for no key update",
        tx.tenant(),
        person
    )
    .fetch_optional(tx.conn())
    .await
    .db()?;
    Ok(row.map(|row| Standing {
        active: row.state == State::Active.word(),
        unit: row.unit,
        manager: row.manager_id,
    }))
}

/// Everybody who has left.
pub(crate) async fn deactivated(tx: &mut Tx) -> Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        "select person_id from enrollment.person where tenant_id = $1 and state = 'deactivated'",
        tx.tenant()
    )
    .fetch_all(tx.conn())
    .await
    .db()
}
