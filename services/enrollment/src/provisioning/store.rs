//! The SQL of what identity providers said.

use super::place::User;
use kernel::{Result, Uuid};
use storage::{DbResult, Tx};

/// Whoever changes the directory one person at a time waits for an import, and for others that do the same.
pub(crate) async fn lock_directory(tx: &mut Tx) -> Result<()> {
    let key = format!("enrollment.import {}", tx.tenant());
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended($1, 0))", key)
        .execute(tx.conn())
        .await
        .db()?;
    Ok(())
}

/// The person that a user is.
pub(crate) async fn linked(tx: &mut Tx, user: Uuid) -> Result<Option<Uuid>> {
    sqlx::query_scalar!(
        "select person_id from enrollment.provisioned where tenant_id = $1 and user_id = $2",
        tx.tenant(),
        user
    )
    .fetch_optional(tx.conn())
    .await
    .db()
}

/// Remembers which person a user is.
pub(crate) async fn link(tx: &mut Tx, user: &User, person: Uuid) -> Result<()> {
    sqlx::query!(
        "insert into enrollment.provisioned (tenant_id, user_id, person_id, user_key, provider_id, manager_key) \
         values ($1, $2, $3, $4, $5, $6) \
         on conflict (tenant_id, user_id) do update \
         set person_id = excluded.person_id, user_key = excluded.user_key, provider_id = excluded.provider_id, \
             manager_key = excluded.manager_key",
        tx.tenant(),
        user.id,
        person,
        user.user_name.to_lowercase(),
        user.provider_id,
        user.manager.to_lowercase()
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// The person that a manager's name stands for: a user's id, an id in the HRIS, the provider's own id, or a user name.
pub(crate) async fn resolve(tx: &mut Tx, name: &str) -> Result<Option<Uuid>> {
    if name.is_empty() {
        return Ok(None);
    }
    sqlx::query_scalar!(
        "select person_id as \"person_id!\" from ( \
             select person_id, 1 as place from enrollment.provisioned where tenant_id = $1 and user_id = $3 \
             union all \
             select person_id, 2 from enrollment.person where tenant_id = $1 and external_id = $2 \
             union all \
             select person_id, 3 from enrollment.provisioned where tenant_id = $1 and provider_id = $2 \
             union all \
             select person_id, 4 from enrollment.provisioned where tenant_id = $1 and user_key = $4) \
         as found order by place limit 1",
        tx.tenant(),
        name,
        name.parse::<Uuid>().ok(),
        name.to_lowercase()
    )
    .fetch_optional(tx.conn())
    .await
    .db()
}

/// People whose manager was named by one of the names of this user, and who do not stand under the person yet.
pub(crate) async fn waiting_for(tx: &mut Tx, user: &User, person: Uuid) -> Result<Vec<Uuid>> {
    let names =
        [user.id.to_string(), user.external_id.clone(), user.provider_id.clone(), user.user_name.clone()];
    let names: Vec<String> =
        names.into_iter().filter(|name| !name.is_empty()).map(|name| name.to_lowercase()).collect();
    sqlx::query_scalar!(
        "select p.person_id from enrollment.provisioned w join enrollment.person p \
           on p.tenant_id = w.tenant_id and p.person_id = w.person_id \
         where w.tenant_id = $1 and w.manager_key <> '' and w.manager_key = any($2) \
           and p.state = 'active' and p.person_id <> $3 and p.manager_id is distinct from $3 \
         order by p.person_id",
        tx.tenant(),
        &names,
        person
    )
    .fetch_all(tx.conn())
    .await
    .db()
}

/// Says which audience the members of a group make up; none when empty.
pub(crate) async fn map_group(tx: &mut Tx, group: &str, audience: &str) -> Result<()> {
    sqlx::query!(
        "insert into enrollment.audience_group (tenant_id, group_id, audience) values ($1, $2, $3) \
         on conflict (tenant_id, group_id) do update set audience = excluded.audience",
        tx.tenant(),
        group,
        audience
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// Forgets a group and its members.
pub(crate) async fn forget_group(tx: &mut Tx, group: &str) -> Result<()> {
    sqlx::query!(
        "with members as (delete from enrollment.audience_member where tenant_id = $1 and group_id = $2) \
         delete from enrollment.audience_group where tenant_id = $1 and group_id = $2",
        tx.tenant(),
        group
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// Adds and removes members of a group.
pub(crate) async fn change_members(
    tx: &mut Tx,
    group: &str,
    added: &[String],
    removed: &[String],
) -> Result<()> {
    sqlx::query!(
        "delete from enrollment.audience_member where tenant_id = $1 and group_id = $2 and member = any($3)",
        tx.tenant(),
        group,
        removed
    )
    .execute(tx.conn())
    .await
    .db()?;
    sqlx::query!(
        "insert into enrollment.audience_member (tenant_id, group_id, member) \
         select $1, $2, member from unnest($3::text[]) as new (member) on conflict do nothing",
        tx.tenant(),
        group,
        added
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// Whether a person belongs to one of the audiences.
pub(crate) async fn is_in_audience(tx: &mut Tx, person: Uuid, audiences: &[String]) -> Result<bool> {
    if audiences.is_empty() {
        return Ok(false);
    }
    sqlx::query_scalar!(
        "with recursive above (group_id) as ( \
             select m.group_id from enrollment.provisioned u join enrollment.audience_member m \
               on m.tenant_id = $1 and m.member = u.user_id::text \
             where u.tenant_id = $1 and u.person_id = $2 \
             union \
             select m.group_id from above a join enrollment.audience_member m \
               on m.tenant_id = $1 and m.member = a.group_id) \
         select exists (select from enrollment.audience_group g \
             where g.tenant_id = $1 and g.audience = any($3) \
               and g.group_id in (select group_id from above)) as \"exists!\"",
        tx.tenant(),
        person,
        audiences
    )
    .fetch_one(tx.conn())
    .await
    .db()
}
