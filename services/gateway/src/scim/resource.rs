//! Domain: a user or group as the gateway keeps and shows it. Pure.

use super::{
    error::Refusal,
    schema::{ENTERPRISE, Kind, ResourceType},
    value::Object,
};
use jiff::Timestamp;
use kernel::Uuid;
use serde_json::{Value, json};

/// A resource.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Resource {
    pub(crate) id: Uuid,
    pub(crate) kind: Kind,
    /// What clients wrote, with canonical names; members of a group included where they were read.
    pub(crate) attributes: Object,
    /// Groups of a user, where they were read.
    pub(crate) groups: Vec<Value>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) version: i64,
}

impl Resource {
    /// The entity tag.
    pub(crate) fn etag(&self) -> String {
        etag(self.version)
    }

    /// Where it is found.
    pub(crate) fn location(&self, base: &str) -> String {
        location(base, self.kind, self.id)
    }

    /// As answered.
    pub(crate) fn shown(&self, of: &ResourceType, base: &str) -> Object {
        let mut shown = self.attributes.clone();
        let mut schemas = vec![of.core.id.as_str()];
        schemas.extend(
            of.extensions.iter().map(|schema| schema.id.as_str()).filter(|id| shown.contains_key(*id)),
        );
        let schemas = json!(schemas);
        shown.insert("schemas".into(), schemas);
        shown.insert("id".into(), json!(self.id));
        if !self.groups.is_empty() {
            let groups = self.groups.iter().cloned().map(|group| linked(group, base)).collect();
            shown.insert("groups".into(), Value::Array(groups));
        }
        let meta = json!({
            "resourceType": self.kind.word(),
            "created": self.created_at.to_string(),
            "lastModified": self.updated_at.to_string(),
            "location": self.location(base),
            "version": self.etag(),
        });
        shown.insert("meta".into(), meta);
        shown
    }
}

/// No such resource for this caller.
pub(crate) fn absent(kind: Kind, id: impl std::fmt::Display) -> Box<Refusal> {
    let id: String = id.to_string().chars().take(100).collect();
    Refusal::not_found(format!("there is no {} with id {id}", kind.word()))
}

/// A group of a user, with its address.
fn linked(mut group: Value, base: &str) -> Value {
    if let Some(id) = group.get("value").and_then(Value::as_str) {
        let reference = format!("{base}/Groups/{id}");
        group["$ref"] = reference.into();
    }
    group
}

/// The address of a resource.
pub(crate) fn location(base: &str, kind: Kind, id: Uuid) -> String {
    format!("{base}/{}/{id}", kind.endpoint())
}

/// The entity tag of a version: weak, for the answer also depends on what was asked for.
pub(crate) fn etag(version: i64) -> String {
    format!("W/\"{version}\"")
}

/// Whether one of the entity tags of a header is this one. Weak comparison (RFC 7232, 2.3.2).
pub(crate) fn names_etag(header: &str, etag: &str) -> bool {
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    header.split(',').any(|tag| tag.trim() == "*" || bare(tag) == bare(etag))
}

/// A person as the directory needs to know them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) active: bool,
    pub(crate) external_id: String,
    pub(crate) user_name: String,
    pub(crate) provider_id: String,
    pub(crate) display_name: String,
    pub(crate) email: String,
    pub(crate) manager: String,
    pub(crate) unit: String,
    pub(crate) job_title: String,
    pub(crate) organisation: String,
    pub(crate) division: String,
}

impl Person {
    /// Reads them from the attributes of a user.
    pub(crate) fn of(user: &Object) -> Person {
        let text = |name: &str| text_at(user, &[name]);
        let enterprise = |name: &str| text_at(user, &[ENTERPRISE, name]);
        let (user_name, provider_id) = (text("userName"), text("externalId"));
        let external_id = first([enterprise("employeeNumber"), provider_id.clone(), user_name.clone()]);
        Person {
            active: user.get("active").and_then(Value::as_bool).unwrap_or(true),
            external_id,
            display_name: first([
                text("displayName"),
                text_at(user, &["name", "formatted"]),
                full_name(user),
            ]),
            email: email(user),
            manager: text_at(user, &[ENTERPRISE, "manager", "value"]),
            unit: enterprise("department"),
            job_title: text("title"),
            organisation: enterprise("organization"),
            division: enterprise("division"),
            user_name,
            provider_id,
        }
    }
}

fn first<const N: usize>(texts: [String; N]) -> String {
    texts.into_iter().find(|text| !text.trim().is_empty()).unwrap_or_default()
}

fn text_at(object: &Object, path: &[&str]) -> String {
    let Some((name, rest)) = path.split_first() else { return String::new() };
    match (object.get(*name), rest) {
        (Some(Value::String(text)), []) => text.trim().to_owned(),
        (Some(Value::Object(inner)), rest) => text_at(inner, rest),
        _ => String::new(),
    }
}

fn full_name(user: &Object) -> String {
    let parts = ["givenName", "familyName"].map(|part| text_at(user, &["name", part]));
    parts.join(" ").trim().to_owned()
}

/// The primary address, else the one for work, else the first.
fn email(user: &Object) -> String {
    let Some(Value::Array(emails)) = user.get("emails") else { return String::new() };
    let of = |wanted: fn(&Value) -> bool| {
        let address = |email: &Value| email.get("value").and_then(Value::as_str).map(str::to_owned);
        emails.iter().filter(|email| wanted(email)).find_map(address)
    };
    let work = |email: &Value| {
        email.get("type").and_then(Value::as_str).is_some_and(|kind| kind.eq_ignore_ascii_case("work"))
    };
    of(super::value::is_primary).or_else(|| of(work)).or_else(|| of(|_| true)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(value: Value) -> Object {
        value.as_object().cloned().expect("an object")
    }

    #[test]
    fn a_person_is_read_from_what_there_is() {
        let person = Person::of(&user(json!({
            "userName": "ann@example.org", "externalId": "00u1",
            "name": { "givenName": "Ann", "familyName": "Lee" },
            "emails": [{ "value": "home@x.org", "type": "home" }, { "value": "ann@x.org", "type": "Work" }],
            ENTERPRISE: { "employeeNumber": "7", "department": "Finance", "manager": { "value": "8" } },
        })));
        assert!(person.active);
        assert_eq!((person.external_id.as_str(), person.display_name.as_str()), ("7", "Ann Lee"));
        assert_eq!(
            (person.email.as_str(), person.manager.as_str(), person.unit.as_str()),
            ("ann@x.org", "8", "Finance")
        );
        let bare = Person::of(&user(json!({ "userName": "bob", "active": false })));
        assert_eq!((bare.external_id.as_str(), bare.active), ("bob", false));
    }

    #[test]
    fn an_etag_is_compared_weakly() {
        for header in ["W/\"3\"", "\"3\"", "W/\"2\", W/\"3\"", "*"] {
            assert!(names_etag(header, &etag(3)), "{header}");
        }
        assert!(!names_etag("W/\"2\"", &etag(3)));
    }
}
