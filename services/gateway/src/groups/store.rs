//! The SQL of groups and what they are mapped to.

use super::mapping::Group;
use kernel::{Error, Page, Result, Uuid};
use storage::{DbResult, Tx};

/// Reads a group to change what it means.
pub(crate) async fn lock(tx: &mut Tx, id: Uuid) -> Result<Group> {
    let row = sqlx::query!(
        "select display_name as \"display_name!\", roles, audience, \
                (select count(*) from gateway.member m where m.tenant_id = $1 and m.group_id = $2) as \"members!\" \
         from gateway.resource \
         where tenant_id = $1 and resource_id = $2 and kind = 'Group' and deleted_at is null for no key update",
        tx.tenant(),
        id
    )
    .fetch_optional(tx.conn())
    .await
    .db()?;
    let row = row.ok_or_else(|| Error::not_found("group", id))?;
    Ok(Group {
        id,
        display_name: row.display_name,
        members: row.members,
        roles: row.roles,
        audience: row.audience,
    })
}

/// Writes what a locked group means. Its SCIM version stays: clients see nothing of it.
pub(crate) async fn save(tx: &mut Tx, group: &Group) -> Result<()> {
    sqlx::query!(
        "update gateway.resource set roles = $3, audience = $4 where tenant_id = $1 and resource_id = $2",
        tx.tenant(),
        group.id,
        &group.roles,
        group.audience
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// What a group means: roles and audience.
pub(crate) async fn mapping(tx: &mut Tx, id: Uuid) -> Result<(Vec<String>, String)> {
    let row = sqlx::query!(
        "select roles, audience from gateway.resource where tenant_id = $1 and resource_id = $2",
        tx.tenant(),
        id
    )
    .fetch_optional(tx.conn())
    .await
    .db()?;
    Ok(row.map(|row| (row.roles, row.audience)).unwrap_or_default())
}

/// A page of groups by their ids.
pub(crate) async fn list(tx: &mut Tx, page: &Page<Uuid>) -> Result<Vec<Group>> {
    let rows = sqlx::query!(
        "select resource_id, display_name as \"display_name!\", roles, audience, \
                (select count(*) from gateway.member m \
                 where m.tenant_id = $1 and m.group_id = r.resource_id) as \"members!\" \
         from gateway.resource r \
         where tenant_id = $1 and kind = 'Group' and deleted_at is null and ($2::uuid is null or resource_id > $2) \
         order by resource_id limit $3",
        tx.tenant(),
        page.after,
        page.limit()
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    let groups = rows.into_iter().map(|row| Group {
        id: row.resource_id,
        display_name: row.display_name,
        members: row.members,
        roles: row.roles,
        audience: row.audience,
    });
    Ok(groups.collect())
}

/// Whether there is such a user.
pub(crate) async fn is_user(tx: &mut Tx, id: Uuid) -> Result<bool> {
    sqlx::query_scalar!(
        "select exists (select from gateway.resource \
         where tenant_id = $1 and resource_id = $2 and kind = 'User' and deleted_at is null) as \"exists!\"",
        tx.tenant(),
        id
    )
    .fetch_one(tx.conn())
    .await
    .db()
}

/// Roles and audiences of a user by their groups and those above.
pub(crate) async fn grants(tx: &mut Tx, user: Uuid) -> Result<(Vec<String>, Vec<String>)> {
    let rows = sqlx::query!(
        "with recursive above (group_id) as ( \
             select m.group_id from gateway.member m where m.tenant_id = $1 and m.member = $2 \
             union \
             select m.group_id from above a \
             join gateway.member m on m.tenant_id = $1 and m.member = a.group_id::text) \
         select roles, audience from gateway.resource \
         where tenant_id = $1 and deleted_at is null and resource_id in (select group_id from above)",
        tx.tenant(),
        user.to_string()
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    let sorted = |texts: Vec<String>| -> Vec<String> {
        texts.into_iter().collect::<std::collections::BTreeSet<_>>().into_iter().collect()
    };
    let roles = rows.iter().flat_map(|row| row.roles.clone()).collect();
    let audiences =
        rows.into_iter().map(|row| row.audience).filter(|audience| !audience.is_empty()).collect();
    Ok((sorted(roles), sorted(audiences)))
}
