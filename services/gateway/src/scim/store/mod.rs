//! The SQL of SCIM resources.

mod members;
mod query;

pub(crate) use members::{groups_of, members_of, set_members};
pub(crate) use query::{Query, find_page};

use super::{
    resource::Resource,
    schema::Kind,
    value::{self, Object},
};
use jiff::Timestamp;
use kernel::{Error, ErrorKind, Result, Uuid};
use serde_json::Value;
use sqlx::types::Json;
use storage::time::at;
use storage::{DbResult, Tx};

/// A row as stored.
struct Row {
    resource_id: Uuid,
    kind: String,
    attributes: Json<Object>,
    created_at: jiff_sqlx::Timestamp,
    updated_at: jiff_sqlx::Timestamp,
    version: i64,
}

impl Row {
    fn resource(self) -> Resource {
        Resource {
            id: self.resource_id,
            kind: Kind::of_word(&self.kind),
            attributes: self.attributes.0,
            groups: Vec::new(),
            created_at: self.created_at.to_jiff(),
            updated_at: self.updated_at.to_jiff(),
            version: self.version,
        }
    }
}

/// What is kept in the row; members of groups have a table of their own.
fn kept(attributes: &Object) -> Value {
    let kept = attributes.iter().filter(|(name, _)| *name != "members");
    Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// Reads a resource that was not deleted, without members and groups.
pub(crate) async fn find(tx: &mut Tx, kind: Kind, id: Uuid) -> Result<Option<Resource>> {
    let row = sqlx::query_as!(
        Row,
        "select resource_id, kind, attributes as \"attributes: Json<Object>\", created_at, updated_at, version \
         from gateway.resource where tenant_id = $1 and resource_id = $2 and kind = $3 and deleted_at is null",
        tx.tenant(),
        id,
        kind.word()
    )
    .fetch_optional(tx.conn())
    .await
    .db()?;
    Ok(row.map(Row::resource))
}

/// Reads a resource to change it: nobody else changes it until the commit.
pub(crate) async fn lock(tx: &mut Tx, kind: Kind, id: Uuid) -> Result<Option<Resource>> {
    let row = sqlx::query_as!(
        Row,
        "select resource_id, kind, attributes as \"attributes: Json<Object>\", created_at, updated_at, version \
         from gateway.resource where tenant_id = $1 and resource_id = $2 and kind = $3 and deleted_at is null \
         for no key update",
        tx.tenant(),
        id,
        kind.word()
    )
    .fetch_optional(tx.conn())
    .await
    .db()?;
    Ok(row.map(Row::resource))
}

/// Reads several resources, in the order of the ids.
pub(crate) async fn find_all(tx: &mut Tx, ids: &[Uuid]) -> Result<Vec<Resource>> {
    let rows = sqlx::query_as!(
        Row,
        "select r.resource_id, r.kind, r.attributes as \"attributes: Json<Object>\", r.created_at, r.updated_at, r.version \
         from unnest($2::uuid[]) with ordinality as wanted (resource_id, place) \
         join gateway.resource r on r.tenant_id = $1 and r.resource_id = wanted.resource_id \
         order by wanted.place",
        tx.tenant(),
        ids
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    Ok(rows.into_iter().map(Row::resource).collect())
}

/// Adds a resource, without its members.
pub(crate) async fn insert(tx: &mut Tx, resource: &Resource) -> Result<()> {
    let kept = kept(&resource.attributes);
    let folded = value::folded(&kept);
    sqlx::query!(
        "insert into gateway.resource (tenant_id, resource_id, kind, attributes, folded, created_at, updated_at) \
         values ($1, $2, $3, $4, $5, $6, $6)",
        tx.tenant(),
        resource.id,
        resource.kind.word(),
        kept,
        folded,
        at(resource.created_at)
    )
    .execute(tx.conn())
    .await
    .violates("resource_user_name_key", || user_name_taken(&resource.attributes))
    .db()?;
    Ok(())
}

/// Writes a locked resource, without its members.
pub(crate) async fn update(tx: &mut Tx, resource: &Resource) -> Result<()> {
    let kept = kept(&resource.attributes);
    let folded = value::folded(&kept);
    sqlx::query!(
        "update gateway.resource set attributes = $3, folded = $4, updated_at = $5, version = $6 \
         where tenant_id = $1 and resource_id = $2",
        tx.tenant(),
        resource.id,
        kept,
        folded,
        at(resource.updated_at),
        resource.version
    )
    .execute(tx.conn())
    .await
    .violates("resource_user_name_key", || user_name_taken(&resource.attributes))
    .db()?;
    Ok(())
}

fn user_name_taken(attributes: &Object) -> Box<Error> {
    let name = attributes.get("userName").and_then(Value::as_str).unwrap_or_default();
    let message = format!("userName: {name} belongs to another user; names differ in more than their case");
    Error::new(ErrorKind::AlreadyExists, "ALREADY_EXISTS", message)
}

/// Deletes a locked resource: nobody sees it any more. Its memberships end, those in it and those it had; the groups
/// that lost it.
pub(crate) async fn delete(tx: &mut Tx, id: Uuid) -> Result<Vec<Uuid>> {
    sqlx::query!(
        "update gateway.resource set deleted_at = $3, updated_at = $3, version = version + 1 \
         where tenant_id = $1 and resource_id = $2",
        tx.tenant(),
        id,
        at(tx.now())
    )
    .execute(tx.conn())
    .await
    .db()?;
    // Also the lock under which they tell of it.
    let mut groups = sqlx::query_scalar!(
        "update gateway.resource set updated_at = $3, version = version + 1 \
         where tenant_id = $1 and resource_id in ( \
             select g.resource_id from gateway.resource g join gateway.member m \
               on m.tenant_id = $1 and m.group_id = g.resource_id and m.member = $2 \
             where g.tenant_id = $1 order by g.resource_id for no key update of g) \
         returning resource_id",
        tx.tenant(),
        id.to_string(),
        at(tx.now())
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    sqlx::query!(
        "delete from gateway.member where tenant_id = $1 and (member = $2 or group_id = $3)",
        tx.tenant(),
        id.to_string(),
        id
    )
    .execute(tx.conn())
    .await
    .db()?;
    groups.sort();
    Ok(groups)
}

/// Erases resources that were deleted before an instant; their ids.
pub(crate) async fn purge(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        "delete from gateway.resource where tenant_id = $1 and resource_id in ( \
             select resource_id from gateway.resource \
             where tenant_id = $1 and deleted_at < $2 order by deleted_at limit $3 for update skip locked) \
         returning resource_id",
        tx.tenant(),
        at(before),
        limit
    )
    .fetch_all(tx.conn())
    .await
    .db()
}
