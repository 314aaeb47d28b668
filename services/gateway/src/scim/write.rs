//! Changing resources: what create, replace, PATCH, delete and bulk share. The state, its events and its audit row are
//! one commit; what does not change writes and tells nothing.

use super::{
    edge::Caller,
    error::{Refusal, Result},
    patch::{self, Operation},
    resource::{Person, Resource, absent, names_etag},
    schema::Kind,
    store,
    value::{self, Object},
};
use crate::{Gateway, events, people};
use kernel::Uuid;
use serde_json::Value;
use storage::{Audit, Tx};

/// What to do with a resource that is there.
pub(crate) enum Change<'a> {
    /// Everything anew.
    Replace(&'a Object),
    /// Some of it.
    Patch(&'a [Operation]),
}

/// Adds a resource.
pub(crate) async fn create(
    gateway: &Gateway,
    caller: &Caller,
    kind: Kind,
    id: Uuid,
    sent: &Object,
) -> Result<Resource> {
    let attributes = value::with_defaults(kind, value::resource(gateway.catalogue.of(kind), sent)?);
    let mut tx = gateway.db.write(&caller.ctx).await?;
    let now = tx.now();
    let resource =
        Resource { id, kind, attributes, groups: Vec::new(), created_at: now, updated_at: now, version: 1 };
    store::insert(&mut tx, &resource).await?;
    match kind {
        Kind::User => tell_user(&mut tx, id, None, &resource.attributes),
        Kind::Group => {
            events::group_upserted(&mut tx, id, name(&resource.attributes), &[], "");
            members(&mut tx, id, &Object::new(), &resource.attributes).await?;
        }
    }
    audit(&mut tx, kind, id, "created");
    tx.commit().await?;
    Ok(resource)
}

/// Changes a resource; `if_match` is the header, if there was one.
pub(crate) async fn change(
    gateway: &Gateway,
    caller: &Caller,
    kind: Kind,
    id: Uuid,
    if_match: Option<&str>,
    change: Change<'_>,
) -> Result<Resource> {
    let of = gateway.catalogue.of(kind);
    let replaced = match &change {
        Change::Replace(sent) => Some(value::resource(of, sent)?),
        Change::Patch(_) => None,
    };
    let mut tx = gateway.db.write(&caller.ctx).await?;
    let mut resource = found(&mut tx, kind, id, if_match).await?;
    read_parts(&mut tx, &mut resource).await?;
    let before = resource.attributes.clone();
    resource.attributes = match (replaced, change) {
        (Some(mut replaced), _) => {
            // What a PUT leaves unsaid about being active stays: nobody comes back by omission.
            if let (Kind::User, Some(active)) = (kind, before.get("active")) {
                replaced.entry("active").or_insert_with(|| active.clone());
            }
            replaced
        }
        (None, Change::Patch(operations)) => {
            let patched = patch::apply(of, before.clone(), operations)?;
            not_too_large(gateway, &patched)?;
            patched
        }
        (None, Change::Replace(_)) => before.clone(),
    };
    if resource.attributes == before {
        return Ok(resource);
    }
    resource.version += 1;
    resource.updated_at = tx.now();
    store::update(&mut tx, &resource).await?;
    let mut leaver = None;
    match kind {
        Kind::User => {
            tell_user(&mut tx, id, Some(&before), &resource.attributes);
            if left(Some(&before), &resource.attributes) {
                leaver = people::leaver(&mut tx, &Person::of(&resource.attributes).external_id).await?;
            }
        }
        Kind::Group => {
            if name(&before) != name(&resource.attributes) {
                let (roles, audience) = crate::groups::mapping(&mut tx, id).await?;
                events::group_upserted(&mut tx, id, name(&resource.attributes), &roles, &audience);
            }
            members(&mut tx, id, &before, &resource.attributes).await?;
        }
    }
    audit(&mut tx, kind, id, "changed");
    tx.commit().await?;
    refuse(gateway, caller, leaver).await;
    Ok(resource)
}

/// What PATCH makes of a resource is no larger than what could be sent at once; members have a table of their own.
fn not_too_large(gateway: &Gateway, resource: &Object) -> Result<()> {
    let kept = resource.iter().filter(|(name, _)| *name != "members");
    let bytes: usize = kept.map(|(name, value)| name.len() + value.to_string().len()).sum();
    let most = gateway.settings.max_resource_bytes;
    if bytes > most {
        let detail = format!("the resource would have {bytes} bytes; at most {most} are kept");
        return Err(Refusal::value(detail));
    }
    Ok(())
}

/// Deletes a resource: a person is deactivated, a group has no members any more.
pub(crate) async fn delete(
    gateway: &Gateway,
    caller: &Caller,
    kind: Kind,
    id: Uuid,
    if_match: Option<&str>,
) -> Result<()> {
    let mut tx = gateway.db.write(&caller.ctx).await?;
    let resource = found(&mut tx, kind, id, if_match).await?;
    let groups = store::delete(&mut tx, id).await?;
    for group in groups {
        events::group_members_changed(&mut tx, group, &[], &[id.to_string()]);
    }
    let mut leaver = None;
    match kind {
        Kind::User => {
            let person = Person::of(&resource.attributes);
            if person.active {
                leaver = people::leaver(&mut tx, &person.external_id).await?;
                events::person_deprovisioned(&mut tx, id, person);
            }
        }
        Kind::Group => events::group_deleted(&mut tx, id),
    }
    audit(&mut tx, kind, id, "deleted");
    tx.commit().await?;
    refuse(gateway, caller, leaver).await;
    Ok(())
}

/// The resource, locked, at the version that the caller knows.
async fn found(tx: &mut Tx, kind: Kind, id: Uuid, if_match: Option<&str>) -> Result<Resource> {
    let resource = store::lock(tx, kind, id).await?.ok_or_else(|| absent(kind, id))?;
    if let Some(header) = if_match
        && !names_etag(header, &resource.etag())
    {
        let detail = format!("the {} was changed meanwhile; it is at {} now", kind.word(), resource.etag());
        return Err(Refusal::new(412, None, detail));
    }
    Ok(resource)
}

/// Reads what has tables of its own: members of a group, groups of a user.
pub(crate) async fn read_parts(tx: &mut Tx, resource: &mut Resource) -> Result<()> {
    match resource.kind {
        Kind::User => {
            resource.groups =
                store::groups_of(tx, &[resource.id]).await?.remove(&resource.id).unwrap_or_default();
        }
        Kind::Group => {
            if let Some(members) = store::members_of(tx, &[resource.id]).await?.remove(&resource.id) {
                resource.attributes.insert("members".into(), Value::Array(members));
            }
        }
    }
    Ok(())
}

async fn members(tx: &mut Tx, group: Uuid, before: &Object, after: &Object) -> Result<()> {
    let of = |object: &Object| object.get("members").and_then(Value::as_array).cloned().unwrap_or_default();
    let change = store::set_members(tx, group, &of(before), &of(after)).await?;
    events::group_members_changed(tx, group, &change.added, &change.removed);
    Ok(())
}

/// The directory hears of what concerns it, and of nothing else.
fn tell_user(tx: &mut Tx, id: Uuid, before: Option<&Object>, after: &Object) {
    let (before, after) = (before.map(Person::of), Person::of(after));
    if before.as_ref() == Some(&after) {
        return;
    }
    if after.active {
        events::person_provisioned(tx, id, after);
    } else if before.is_none_or(|before| before.active) {
        events::person_deprovisioned(tx, id, after);
    }
}

/// Whether somebody was here and is not any more.
fn left(before: Option<&Object>, after: &Object) -> bool {
    !Person::of(after).active && before.is_some_and(|before| Person::of(before).active)
}

/// Refuses the tokens of a leaver at once; the directory lets them leave when the event has come.
async fn refuse(gateway: &Gateway, caller: &Caller, leaver: Option<Uuid>) {
    if let Some(person) = leaver {
        gateway.deactivated.add(caller.ctx.tenant(), person).await;
    }
}

fn name(attributes: &Object) -> &str {
    attributes.get("displayName").and_then(Value::as_str).unwrap_or_default()
}

fn audit(tx: &mut Tx, kind: Kind, id: Uuid, what: &'static str) {
    let audit = match kind {
        Kind::User => Audit::of("scim_user", id).about(id),
        Kind::Group => Audit::of("scim_group", id),
    };
    tx.audit(audit.because(what));
}
