//! The SQL of the directory's people as the gateway knows them, and of whom subjects are.

use kernel::{Result, Uuid};
use storage::time::at;
use storage::{DbResult, Tx};

/// A person of the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) id: Uuid,
    pub(crate) external_id: String,
    pub(crate) active: bool,
}

/// Whom a subject was found to be.
pub(crate) struct Linked {
    pub(crate) known: Option<Known>,
    pub(crate) because: String,
}

/// Keeps what the directory says of a person; whether they were here before, if they were known.
pub(crate) async fn put(tx: &mut Tx, person: &Known, email: &str) -> Result<Option<bool>> {
    let before = sqlx::query_scalar!(
        "select active from gateway.directory_person where tenant_id = $1 and person_id = $2",
        tx.tenant(),
        person.id
    )
    .fetch_optional(tx.conn())
    .await
    .db()?;
    sqlx::query!(
        "insert into gateway.directory_person (tenant_id, person_id, external_id, email_key, active) \
         values ($1, $2, $3, $4, $5) \
         on conflict (tenant_id, person_id) do update \
         set external_id = excluded.external_id, email_key = excluded.email_key, active = excluded.active",
        tx.tenant(),
        person.id,
        person.external_id,
        email,
        person.active
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(before)
}

/// A person left.
pub(crate) async fn leave(tx: &mut Tx, person: Uuid) -> Result<()> {
    sqlx::query!(
        "update gateway.directory_person set active = false where tenant_id = $1 and person_id = $2",
        tx.tenant(),
        person
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// Whom a subject of a provider was found to be.
pub(crate) async fn linked(tx: &mut Tx, provider: Uuid, subject: &str) -> Result<Option<Linked>> {
    let row = sqlx::query!(
        "select i.because, p.person_id as \"person_id?\", p.external_id as \"external_id?\", p.active as \"active?\" \
         from gateway.identity i left join gateway.directory_person p \
           on p.tenant_id = i.tenant_id and p.person_id = i.person_id \
         where i.tenant_id = $1 and i.provider_id = $2 and i.subject = $3",
        tx.tenant(),
        provider,
        subject
    )
    .fetch_optional(tx.conn())
    .await
    .db()?;
    Ok(row.map(|row| Linked {
        known: row.person_id.map(|id| Known {
            id,
            external_id: row.external_id.unwrap_or_default(),
            active: row.active.unwrap_or_default(),
        }),
        because: row.because,
    }))
}

/// Remembers whom a subject was found to be.
pub(crate) async fn link(
    tx: &mut Tx,
    provider: Uuid,
    subject: &str,
    person: Uuid,
    because: &str,
) -> Result<()> {
    sqlx::query!(
        "insert into gateway.identity (tenant_id, provider_id, subject, person_id, because, linked_at) \
         values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
        tx.tenant(),
        provider,
        subject,
        person,
        because,
        at(tx.now())
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// People with an id in the HRIS, at most a few.
pub(crate) async fn by_external_id(tx: &mut Tx, external_id: &str) -> Result<Vec<Known>> {
    sqlx::query_as!(
        Known,
        "select person_id as id, external_id, active from gateway.directory_person \
         where tenant_id = $1 and external_id = $2 order by person_id limit 10",
        tx.tenant(),
        external_id
    )
    .fetch_all(tx.conn())
    .await
    .db()
}

/// People with an address, in lower case; at most a few.
pub(crate) async fn by_email(tx: &mut Tx, email: &str) -> Result<Vec<Known>> {
    sqlx::query_as!(
        Known,
        "select person_id as id, external_id, active from gateway.directory_person \
         where tenant_id = $1 and email_key = $2 and email_key <> '' order by active desc, person_id limit 10",
        tx.tenant(),
        email
    )
    .fetch_all(tx.conn())
    .await
    .db()
}

/// Whether the directory has told of the person.
pub(crate) async fn is_known(tx: &mut Tx, person: Uuid) -> Result<bool> {
    sqlx::query_scalar!(
        "select exists (select from gateway.directory_person where tenant_id = $1 and person_id = $2) as \"is!\"",
        tx.tenant(),
        person
    )
    .fetch_one(tx.conn())
    .await
    .db()
}

/// The provisioned user that a person is: by the id they came with, else by what stands for their id in the HRIS.
pub(crate) async fn scim_user(tx: &mut Tx, person: Uuid, external_id: &str) -> Result<Option<Uuid>> {
    sqlx::query_scalar!(
        "select resource_id as \"resource_id!\" from ( \
             select resource_id, 1 as place from gateway.resource \
             where tenant_id = $1 and kind = 'User' and deleted_at is null \
               and attributes -> 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User' ->> 'employeeNumber' = $3 \
             union all \
             select resource_id, 2 from gateway.resource \
             where tenant_id = $1 and kind = 'User' and deleted_at is null and external_id = $3 \
             union all \
             select resource_id, 3 from gateway.resource \
             where tenant_id = $1 and kind = 'User' and deleted_at is null and user_key = $4 \
             union all \
             select resource_id, 4 from gateway.resource \
             where tenant_id = $1 and kind = 'User' and deleted_at is null and resource_id = $2) \
         as found order by place limit 1",
        tx.tenant(),
        person,
        external_id,
        external_id.to_lowercase()
    )
    .fetch_optional(tx.conn())
    .await
    .db()
}
