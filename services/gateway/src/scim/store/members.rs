//! Who is a member of what.

use super::super::value::Object;
use kernel::{Result, Uuid};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use storage::{DbResult, Tx};

/// What a change of members comes to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) added: Vec<String>,
    pub(crate) removed: Vec<String>,
}

/// Members of groups, as they were sent, in the order of their coming.
pub(crate) async fn members_of(tx: &mut Tx, groups: &[Uuid]) -> Result<HashMap<Uuid, Vec<Value>>> {
    let rows = sqlx::query!(
        "select group_id, member, type as kind, ref as reference, display from gateway.member \
         where tenant_id = $1 and group_id = any($2) order by group_id, seq",
        tx.tenant(),
        groups
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    let mut members: HashMap<Uuid, Vec<Value>> = HashMap::new();
    for row in rows {
        let mut member = Object::from_iter([("value".to_owned(), Value::String(row.member))]);
        for (name, text) in [("type", row.kind), ("$ref", row.reference), ("display", row.display)] {
            if let Some(text) = text {
                member.insert(name.to_owned(), Value::String(text));
            }
        }
        members.entry(row.group_id).or_default().push(Value::Object(member));
    }
    Ok(members)
}

/// Groups of users: those that name them, and those above.
pub(crate) async fn groups_of(tx: &mut Tx, users: &[Uuid]) -> Result<HashMap<Uuid, Vec<Value>>> {
    let texts: Vec<String> = users.iter().map(Uuid::to_string).collect();
    let rows = sqlx::query!(
        "with recursive above (member, group_id, depth) as ( \
             select m.member, m.group_id, 1 from gateway.member m where m.tenant_id = $1 and m.member = any($2) \
             union \
             select a.member, m.group_id, a.depth + 1 from above a \
             join gateway.member m on m.tenant_id = $1 and m.member = a.group_id::text \
             where a.depth < 10) \
         select a.member as \"member!\", a.group_id as \"group_id!\", min(a.depth) as \"depth!\", g.display_name \
         from above a join gateway.resource g \
           on g.tenant_id = $1 and g.resource_id = a.group_id and g.deleted_at is null \
         group by 1, 2, g.display_name order by 3, 2",
        tx.tenant(),
        &texts
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    let mut groups: HashMap<Uuid, Vec<Value>> = HashMap::new();
    for row in rows {
        let Ok(user) = row.member.parse::<Uuid>() else { continue };
        let kind = if row.depth == 1 { "direct" } else { "indirect" };
        let group =
            json!({ "value": row.group_id, "display": row.display_name.unwrap_or_default(), "type": kind });
        groups.entry(user).or_default().push(group);
    }
    Ok(groups)
}

/// Makes a group's members what they shall be, touching only those that differ.
pub(crate) async fn set_members(
    tx: &mut Tx,
    group: Uuid,
    before: &[Value],
    after: &[Value],
) -> Result<Change> {
    let unchanged: HashSet<String> = before.iter().map(Value::to_string).collect();
    let written: Vec<&Value> =
        after.iter().filter(|member| !unchanged.contains(&member.to_string())).collect();
    let wanted: HashSet<&str> = after.iter().filter_map(id).collect();
    let known: HashSet<&str> = before.iter().filter_map(id).collect();
    let removed: Vec<String> =
        known.iter().filter(|member| !wanted.contains(**member)).map(|member| (*member).to_owned()).collect();
    let added = wanted.iter().filter(|member| !known.contains(**member)).map(|member| (*member).to_owned());
    let mut change = Change { added: added.collect(), removed };
    change.added.sort();
    change.removed.sort();
    remove(tx, group, &change.removed).await?;
    write(tx, group, &written).await?;
    Ok(change)
}

fn id(member: &Value) -> Option<&str> {
    member.get("value").and_then(Value::as_str)
}

async fn remove(tx: &mut Tx, group: Uuid, members: &[String]) -> Result<()> {
    if members.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "delete from gateway.member where tenant_id = $1 and group_id = $2 and member = any($3)",
        tx.tenant(),
        group,
        members
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

async fn write(tx: &mut Tx, group: Uuid, members: &[&Value]) -> Result<()> {
    // The last of several that name the same member counts.
    let mut by_id: HashMap<&str, &Value> = HashMap::new();
    let mut order = Vec::new();
    for member in members {
        if let Some(id) = id(member)
            && by_id.insert(id, member).is_none()
        {
            order.push(id);
        }
    }
    if order.is_empty() {
        return Ok(());
    }
    let column = |name: &str| -> Vec<Option<String>> {
        let text = |id: &&str| by_id.get(id)?.get(name)?.as_str().map(str::to_owned);
        order.iter().map(text).collect()
    };
    let displays = column("display");
    let keys: Vec<Option<String>> =
        displays.iter().map(|display| display.as_deref().map(str::to_lowercase)).collect();
    let ids: Vec<String> = order.iter().map(|id| (*id).to_owned()).collect();
    sqlx::query!(
        "insert into gateway.member (tenant_id, group_id, member, type, ref, display, display_key) \
         select $1, $2, member, type, ref, display, display_key \
         from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[]) \
           as new (member, type, ref, display, display_key) \
         on conflict (tenant_id, group_id, member) do update \
         set type = excluded.type, ref = excluded.ref, display = excluded.display, display_key = excluded.display_key",
        tx.tenant(),
        group,
        &ids,
        &column("type") as &[Option<String>],
        &column("$ref") as &[Option<String>],
        &displays as &[Option<String>],
        &keys as &[Option<String>]
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}
