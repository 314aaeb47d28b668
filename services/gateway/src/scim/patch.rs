//! Domain: PATCH (RFC 7644, 3.5.2), as the RFC says it and as Okta and Entra send it. Pure: a resource and operations go
//! in, the changed resource comes out.

use super::{
    error::{Refusal, Result},
    filter,
    path::{self, Path, Target},
    schema::{Attribute, ResourceType, Type},
    value::{self, Object},
};
use serde_json::Value;

/// The URN of a PATCH body.
const SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/// The most operations of one PATCH.
const MAX_OPERATIONS: usize = 1_000;

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Add,
    Remove,
    Replace,
}

/// One operation as sent.
#[derive(Debug)]
pub(crate) struct Operation {
    verb: Verb,
    path: Option<String>,
    value: Option<Value>,
}

/// Reads a PATCH body.
///
/// # Errors
/// `invalidSyntax`.
pub(crate) fn read(body: &Object) -> Result<Vec<Operation>> {
    if let Some(named) = member(body, "schemas")
        && !named.as_array().is_some_and(|named| named.iter().any(|urn| urn.as_str() == Some(SCHEMA)))
    {
        return Err(Refusal::syntax(format!("schemas: must name {SCHEMA}")));
    }
    let operations = member(body, "Operations").and_then(Value::as_array);
    let operations = operations.ok_or_else(|| Refusal::syntax("Operations: must be a list"))?;
    if operations.is_empty() || operations.len() > MAX_OPERATIONS {
        return Err(Refusal::syntax(format!("Operations: must be 1 to {MAX_OPERATIONS}")));
    }
    operations.iter().map(operation).collect()
}

/// A member of an object, whatever the case of its name.
pub(crate) fn member<'a>(object: &'a Object, name: &str) -> Option<&'a Value> {
    object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn operation(sent: &Value) -> Result<Operation> {
    let sent = sent.as_object().ok_or_else(|| Refusal::syntax("Operations: each must be an object"))?;
    let verb = member(sent, "op").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    let verb = match verb.as_str() {
        "add" => Verb::Add,
        "remove" => Verb::Remove,
        "replace" => Verb::Replace,
        _ => return Err(Refusal::syntax("op: must be add, remove or replace")),
    };
    let path = match member(sent, "path") {
        None | Some(Value::Null) => None,
        Some(Value::String(path)) if path.is_empty() => None,
        Some(Value::String(path)) => Some(path.clone()),
        Some(_) => return Err(Refusal::path("path: must be a text")),
    };
    let value = member(sent, "value").cloned();
    if value.is_none() && verb != Verb::Remove {
        return Err(Refusal::value("value: is required by add and replace"));
    }
    if path.is_none() && verb == Verb::Remove {
        return Err(Refusal::no_target("path: is required by remove"));
    }
    Ok(Operation { verb, path, value })
}

/// Applies the operations in order.
///
/// # Errors
/// As the RFC says; nothing of a refused PATCH is kept by the caller.
pub(crate) fn apply(of: &ResourceType, mut resource: Object, operations: &[Operation]) -> Result<Object> {
    for operation in operations {
        let value = operation.value.as_ref().unwrap_or(&Value::Null);
        match &operation.path {
            Some(path) => at(of, &mut resource, operation.verb, &path::read(of, path)?, value)?,
            None => without_path(of, &mut resource, operation.verb, value)?,
        }
    }
    value::complete(of, &resource)?;
    Ok(resource)
}

/// Each member of the value is an operation of its own; its name is the path: plain, dotted, with URN or brackets.
fn without_path(of: &ResourceType, resource: &mut Object, verb: Verb, value: &Value) -> Result<()> {
    let members =
        value.as_object().ok_or_else(|| Refusal::value("value: without a path it must be an object"))?;
    for (name, value) in members {
        if of.core.id.eq_ignore_ascii_case(name) {
            without_path(of, resource, verb, value)?;
            continue;
        }
        match path::read(of, name)? {
            // Okta sends the id along with a group's new name.
            Path::Fixed(_) => {}
            Path::Attribute(target) if target.read_only() => {}
            path => at(of, resource, verb, &path, value)?,
        }
    }
    Ok(())
}

fn at(of: &ResourceType, resource: &mut Object, verb: Verb, path: &Path<'_>, value: &Value) -> Result<()> {
    match path {
        Path::Fixed(name) => Err(Refusal::mutability(format!("{name} can't be changed"))),
        Path::Extension(extension) => match (verb, value) {
            (Verb::Remove, _) | (Verb::Replace, Value::Null) => {
                resource.remove(&extension.id);
                Ok(())
            }
            (_, Value::Object(members)) => members.iter().try_for_each(|(name, value)| {
                // Some send the extension as if it were a resource.
                if name.eq_ignore_ascii_case("schemas") {
                    return Ok(());
                }
                let full = if name.to_ascii_lowercase().starts_with("urn:") {
                    name.clone()
                } else {
                    format!("{}:{name}", extension.id)
                };
                at(of, resource, verb, &path::read(of, &full)?, value)
            }),
            _ => Err(Refusal::value(format!("{}: must be an object", extension.id))),
        },
        Path::Attribute(target) if target.read_only() => {
            Err(Refusal::mutability(format!("{} can't be changed", target.name())))
        }
        Path::Attribute(target) => attribute(resource, verb, target, value),
    }
}

fn attribute(resource: &mut Object, verb: Verb, target: &Target<'_>, value: &Value) -> Result<()> {
    if verb == Verb::Remove && target.attribute.required && target.sub.is_none() {
        return Err(Refusal::mutability(format!("{} is required and can't be removed", target.name())));
    }
    // Checked and thrown away: a password.
    if !target.attribute.stored() {
        return value::assigned(&target.name(), target.attribute, value).map(|_| ());
    }
    let home = match target.urn {
        None => &mut *resource,
        Some(urn) => {
            let home = resource.entry(urn).or_insert_with(|| Value::Object(Object::new()));
            home.as_object_mut().ok_or_else(|| Refusal::value(format!("{urn}: must be an object")))?
        }
    };
    let slot = home.remove(&target.attribute.name);
    let slot = if target.attribute.multi_valued {
        let values = match slot {
            Some(Value::Array(values)) => values,
            _ => Vec::new(),
        };
        Some(Value::Array(many(values, verb, target, value)?))
    } else {
        one(slot, verb, target, value)?
    };
    // Whatever the operation made of it must be what could be sent, and is kept as it would be then.
    let slot = value::assigned(&target.attribute_name(), target.attribute, &slot.unwrap_or_default())?;
    if let Some(slot) = slot {
        home.insert(target.attribute.name.clone(), slot);
    }
    if let Some(urn) = target.urn
        && resource_is_empty(resource.get(urn))
    {
        resource.remove(urn);
    }
    Ok(())
}

fn resource_is_empty(value: Option<&Value>) -> bool {
    value.and_then(Value::as_object).is_some_and(Object::is_empty)
}

/// A single-valued attribute: its value afterwards.
fn one(slot: Option<Value>, verb: Verb, target: &Target<'_>, sent: &Value) -> Result<Option<Value>> {
    let removes = verb == Verb::Remove || (verb == Verb::Replace && sent.is_null());
    match target.sub {
        Some(sub) => {
            let mut members = match slot {
                Some(Value::Object(members)) => members,
                _ => Object::new(),
            };
            let new = if removes { None } else { value::assigned(&target.name(), sub, sent)? };
            if removes || new.is_some() {
                set(&mut members, &sub.name, new);
            }
            Ok(Some(Value::Object(members)))
        }
        None if removes => Ok(None),
        None => match value::assigned(&target.name(), target.attribute, sent)? {
            // `{"value": ""}` or an empty object: unassigned. An added null changes nothing.
            None => Ok(if verb == Verb::Add && sent.is_null() { slot } else { None }),
            Some(new) => Ok(Some(merged(slot, new))),
        },
    }
}

/// Sub-attributes that are not named stay (RFC 7644, 3.5.2.3).
fn merged(slot: Option<Value>, new: Value) -> Value {
    match (slot, new) {
        (Some(Value::Object(mut members)), Value::Object(new)) => {
            members.extend(new);
            Value::Object(members)
        }
        (_, new) => new,
    }
}

fn set(members: &mut Object, name: &str, value: Option<Value>) {
    match value {
        Some(value) => members.insert(name.to_owned(), value),
        None => members.remove(name),
    };
}

/// A multi-valued attribute: its values afterwards.
fn many(mut values: Vec<Value>, verb: Verb, target: &Target<'_>, sent: &Value) -> Result<Vec<Value>> {
    let name = target.name();
    match (verb, &target.values, target.sub) {
        (Verb::Remove, None, None) if is_given(sent) => {
            let gone = value::values(&name, target.attribute, sent)?;
            let keys: std::collections::HashSet<&str> = gone.iter().filter_map(key).collect();
            values.retain(|value| !key(value).is_some_and(|key| keys.contains(key)));
        }
        (Verb::Remove, None, None) => values.clear(),
        (Verb::Remove, Some(condition), None) => values.retain(|value| !filter::matches(condition, value)),
        (_, None, None) if verb == Verb::Replace => values = value::values(&name, target.attribute, sent)?,
        (_, None, None) => add(&mut values, value::values(&name, target.attribute, sent)?),
        (verb, condition, sub) => selected(&mut values, verb, target, condition.as_ref(), sub, sent)?,
    }
    Ok(values)
}

fn is_given(sent: &Value) -> bool {
    !sent.is_null() && sent.as_array().is_none_or(|list| !list.is_empty())
}

/// What tells one value of an attribute from another.
fn key(value: &Value) -> Option<&str> {
    value.get("value").unwrap_or(value).as_str()
}

/// Adds values that are not there yet; a new primary one takes the place of the old.
fn add(values: &mut Vec<Value>, new: Vec<Value>) {
    let known: std::collections::HashSet<String> = values.iter().map(Value::to_string).collect();
    let members: std::collections::HashSet<String> = values
        .iter()
        .filter(|value| value.get("primary").is_none())
        .filter_map(key)
        .map(str::to_owned)
        .collect();
    for value in new {
        let is_known = known.contains(&value.to_string());
        // A member is known by its value alone.
        let is_member =
            value.get("$ref").is_some() || value.as_object().is_some_and(|value| value.len() == 1);
        if is_known || (is_member && key(&value).is_some_and(|key| members.contains(key))) {
            continue;
        }
        if value::is_primary(&value) {
            demote(values);
        }
        values.push(value);
    }
}

fn demote(values: &mut [Value]) {
    for value in values.iter_mut().filter(|value| value::is_primary(value)) {
        value["primary"] = Value::Bool(false);
    }
}

/// Changes the values that a filter selects, or a sub-attribute of them.
fn selected(
    values: &mut Vec<Value>,
    verb: Verb,
    target: &Target<'_>,
    condition: Option<&filter::Condition>,
    sub: Option<&Attribute>,
    sent: &Value,
) -> Result<()> {
    let hits: Vec<usize> = (0..)
        .zip(values.iter())
        .filter(|(_, value)| condition.is_none_or(|condition| filter::matches(condition, value)))
        .map(|(at, _)| at)
        .collect();
    let removes = verb == Verb::Remove || (verb == Verb::Replace && sent.is_null());
    if hits.is_empty() {
        return match (removes, verb) {
            (true, _) => Ok(()),
            // Without a filter a replacement of what is not there adds it (RFC 7644, 3.5.2.3).
            (false, Verb::Replace) if condition.is_some() => {
                Err(Refusal::no_target(format!("{}: no value matches", target.name())))
            }
            (false, _) => create(values, target, condition, sub, sent),
        };
    }
    let change = changed(target, sub, sent, removes)?;
    if change.as_ref().is_some_and(value::is_primary) {
        if hits.len() > 1 {
            return Err(Refusal::value(format!("{}: only one value can be primary", target.name())));
        }
        demote(values);
    }
    for at in hits {
        if let Some(Value::Object(members)) = values.get_mut(at) {
            match (&change, sub) {
                (Some(Value::Object(change)), _) => members.extend(change.clone()),
                (_, Some(sub)) if removes => set(members, &sub.name, None),
                _ => {}
            }
        }
    }
    Ok(())
}

/// What the selected values take over; `None` when there is nothing to take.
fn changed(
    target: &Target<'_>,
    sub: Option<&Attribute>,
    sent: &Value,
    removes: bool,
) -> Result<Option<Value>> {
    if removes {
        return Ok(None);
    }
    match sub {
        Some(sub) => {
            let new = value::assigned(&target.name(), sub, sent)?;
            Ok(new.map(|new| Value::Object(Object::from_iter([(sub.name.clone(), new)]))))
        }
        None => Ok(value::values(&target.name(), target.attribute, sent)?.into_iter().next()),
    }
}

/// `Add emails[type eq "work"].value` where there is no work address yet.
fn create(
    values: &mut Vec<Value>,
    target: &Target<'_>,
    condition: Option<&filter::Condition>,
    sub: Option<&Attribute>,
    sent: &Value,
) -> Result<()> {
    if target.attribute.kind != Type::Complex {
        return Err(Refusal::no_target(format!("{}: no value matches", target.name())));
    }
    let blank = match condition {
        None => Some(Value::Object(Object::new())),
        Some(condition) => path::example(condition),
    };
    let blank = blank.ok_or_else(|| Refusal::no_target(format!("{}: no value matches", target.name())))?;
    if let Some(change) = changed(target, sub, sent, false)? {
        add(values, vec![merged(Some(blank), change)]);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::schema::{Catalogue, ENTERPRISE};
    use proptest::prelude::*;
    use serde_json::json;

    fn object(value: Value) -> Object {
        value.as_object().cloned().expect("an object")
    }

    fn patched(before: Value, operations: Value) -> Result<Value> {
        let catalogue = Catalogue::read().expect("the documents are sound");
        let operations = read(&object(json!({ "schemas": [SCHEMA], "Operations": operations })))?;
        apply(&catalogue.user, object(before), &operations).map(Value::Object)
    }

    #[test]
    fn an_extension_is_merged_and_gone_when_empty() {
        let before = json!({ "userName": "a", ENTERPRISE: { "department": "x" } });
        let path = format!("{ENTERPRISE}:costCenter");
        let added = patched(before, json!([{ "op": "add", "path": path, "value": "7" }])).expect("sound");
        assert_eq!(added[ENTERPRISE], json!({ "department": "x", "costCenter": "7" }));
        let gone = json!([
            { "op": "remove", "path": path },
            { "op": "remove", "path": format!("{ENTERPRISE}:department") },
        ]);
        assert_eq!(patched(added, gone).expect("sound"), json!({ "userName": "a" }));
    }

    #[test]
    fn every_value_of_an_attribute_is_changed_without_a_filter() {
        let before =
            json!({ "userName": "a", "emails": [{ "value": "x" }, { "value": "y", "type": "home" }] });
        let after = patched(before, json!([{ "op": "replace", "path": "emails.type", "value": "work" }]));
        let emails = json!([{ "value": "x", "type": "work" }, { "value": "y", "type": "work" }]);
        assert_eq!(after.expect("sound")["emails"], emails);
    }

    #[test]
    fn values_that_a_change_makes_alike_are_one() {
        let before =
            json!({ "userName": "a", "emails": [{ "value": "x" }, { "value": "x", "type": "home" }] });
        for (path, value) in [("emails.type", "home"), ("emails[value pr].type", "home")] {
            let change = json!([{ "op": "replace", "path": path, "value": value }]);
            let after = patched(before.clone(), change).expect("sound");
            assert_eq!(after["emails"], json!([{ "value": "x", "type": "home" }]), "{path}");
        }
    }

    #[test]
    fn a_replacement_is_the_same_a_second_time() {
        let before = json!({ "userName": "a", "emails": [{ "value": "x" }] });
        let change = json!([{ "op": "replace", "path": "emails.value", "value": "" }]);
        let after = patched(before, change.clone()).expect("sound");
        assert_eq!(patched(after.clone(), change).expect("the same"), after);
    }

    #[test]
    fn a_value_made_from_a_filter_is_checked_like_any() {
        let long = "x".repeat(501);
        let path = format!("emails[type eq \"work\" and value eq \"{long}\"].display");
        let refused =
            patched(json!({ "userName": "a" }), json!([{ "op": "add", "path": path, "value": "d" }]));
        assert!(refused.expect_err("too long").detail.contains("at most 500"));
    }

    proptest! {
        /// Whatever is sent, the user keeps a name and the attributes keep their types.
        #[test]
        fn a_patch_never_leaves_what_could_not_be_posted(
            verb in prop::sample::select(vec!["add", "replace", "remove"]),
            path in prop::sample::select(vec![
                "userName", "active", "name", "name.familyName", "emails", "emails.value", "emails[type eq \"work\"]",
                "emails[type eq \"work\"].value", "emails[not (type pr)].primary", ENTERPRISE, "manager", "manager.value", "password",
            ]),
            value in prop::sample::select(vec![
                json!(null), json!(""), json!("x"), json!(true), json!([]), json!({}), json!([{ "value": "v" }]),
                json!({ "value": "v", "type": "work", "primary": true }), json!({ "department": "d" }), json!(["a", "a"]),
            ]),
        ) {
            let before = json!({ "userName": "a", "emails": [{ "value": "x", "type": "work", "primary": true }] });
            if let Ok(after) = patched(before, json!([{ "op": verb, "path": path, "value": value }])) {
                let catalogue = Catalogue::read().expect("the documents are sound");
                let mut posted = object(after.clone());
                posted.insert("schemas".into(), json!([catalogue.user.core.id]));
                let read = value::resource(&catalogue.user, &posted);
                prop_assert_eq!(read.map(Value::Object).ok(), Some(after));
            }
        }
    }
}
