//! Domain: `attributes` and `excludedAttributes` (RFC 7644, 3.9). Pure.

use super::{
    error::{Refusal, Result},
    schema::ResourceType,
    value::Object,
};
use serde_json::Value;

/// The most names.
const MAX_NAMES: usize = 200;

/// Which attributes an answer holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Projection {
    /// What is returned by default.
    #[default]
    Default,
    /// Only these, besides `id` and `schemas`.
    Only(Vec<String>),
    /// All but these.
    Without(Vec<String>),
}

/// A name, resolved: the extension, the attribute, the sub-attribute.
type Place = (Option<String>, Option<String>, Option<String>);

impl Projection {
    /// Reads the two parameters.
    ///
    /// # Errors
    /// `invalidValue` when both are given, or too many names.
    pub(crate) fn read(only: Vec<String>, without: Vec<String>) -> Result<Projection> {
        if only.len().max(without.len()) > MAX_NAMES {
            return Err(Refusal::value(format!("at most {MAX_NAMES} attributes can be named")));
        }
        match (only.is_empty(), without.is_empty()) {
            (true, true) => Ok(Projection::Default),
            (false, true) => Ok(Projection::Only(only)),
            (true, false) => Ok(Projection::Without(without)),
            (false, false) => Err(Refusal::value("attributes and excludedAttributes exclude each other")),
        }
    }

    /// Whether an attribute of the core schema is in the answer: what is not need not be read.
    pub(crate) fn shows(&self, of: &ResourceType, attribute: &str) -> bool {
        let named = |names: &[String], whole: bool| {
            let places = names.iter().filter_map(|name| place(of, name));
            let mut hits = places.filter(|(urn, name, sub)| {
                urn.is_none()
                    && name.as_deref().is_none_or(|name| name.eq_ignore_ascii_case(attribute))
                    && (!whole || sub.is_none())
            });
            hits.next().is_some()
        };
        match self {
            Projection::Default => true,
            Projection::Only(names) => named(names, false),
            Projection::Without(names) => !named(names, true),
        }
    }

    /// Cuts a resource down.
    pub(crate) fn apply(&self, of: &ResourceType, resource: Object) -> Object {
        match self {
            Projection::Default => resource,
            Projection::Only(names) => {
                let mut kept = Object::new();
                for always in ["schemas", "id"] {
                    if let Some(value) = resource.get(always) {
                        kept.insert(always.into(), value.clone());
                    }
                }
                names
                    .iter()
                    .filter_map(|name| place(of, name))
                    .for_each(|place| copy(&resource, &mut kept, &place));
                kept
            }
            Projection::Without(names) => {
                let mut resource = resource;
                names.iter().filter_map(|name| place(of, name)).for_each(|place| cut(&mut resource, &place));
                resource
            }
        }
    }
}

/// Splits a list of names.
pub(crate) fn names(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn place(of: &ResourceType, text: &str) -> Option<Place> {
    if of.core.id.eq_ignore_ascii_case(text) {
        return Some((None, None, None));
    }
    if let Some(extension) = of.extension(text) {
        return Some((Some(extension.id.clone()), None, None));
    }
    let (urn, rest) = match text.rsplit_once(':') {
        Some((urn, rest)) => (Some(urn), rest),
        None => (None, text),
    };
    let (name, sub) = match rest.split_once('.') {
        Some((name, sub)) => (name, Some(sub)),
        None => (rest, None),
    };
    let common = ["id", "meta", "schemas"].into_iter().find(|common| common.eq_ignore_ascii_case(name));
    if let (None, Some(common)) = (urn, common) {
        let subs = ["resourceType", "created", "lastModified", "location", "version"];
        let sub =
            sub.map(|sub| subs.into_iter().find(|known| known.eq_ignore_ascii_case(sub)).unwrap_or(sub));
        return Some((None, Some(common.to_owned()), sub.map(str::to_owned)));
    }
    let found = of.find(urn, name, sub)?;
    let sub = found.sub.map(|sub| sub.name.clone());
    Some((found.urn.map(str::to_owned), Some(found.attribute.name.clone()), sub))
}

fn copy(from: &Object, to: &mut Object, (urn, name, sub): &Place) {
    let (from, to) = match urn {
        None => (from, to),
        Some(urn) => {
            let Some(Value::Object(inner)) = from.get(urn) else { return };
            let to = to.entry(urn.clone()).or_insert_with(|| Value::Object(Object::new()));
            let Value::Object(to) = to else { return };
            (inner, to)
        }
    };
    let Some(name) = name else {
        to.extend(
            from.iter()
                .filter(|(key, _)| !key.starts_with("urn:"))
                .map(|(key, value)| (key.clone(), value.clone())),
        );
        return;
    };
    let Some(value) = from.get(name) else { return };
    let Some(sub) = sub else {
        to.insert(name.clone(), value.clone());
        return;
    };
    match value {
        Value::Object(members) => {
            if let Some(found) = members.get(sub) {
                let slot = to.entry(name.clone()).or_insert_with(|| Value::Object(Object::new()));
                slot[sub.as_str()] = found.clone();
            }
        }
        Value::Array(values) => {
            let slot = to.entry(name.clone()).or_insert_with(|| {
                Value::Array(values.iter().map(|_| Value::Object(Object::new())).collect())
            });
            if let Value::Array(slots) = slot {
                for (slot, found) in slots.iter_mut().zip(values.iter().map(|value| value.get(sub))) {
                    if let Some(found) = found {
                        slot[sub.as_str()] = found.clone();
                    }
                }
            }
        }
        _ => {}
    }
}

fn cut(resource: &mut Object, (urn, name, sub): &Place) {
    let home = match urn {
        None => resource,
        Some(urn) => match (name, resource.get_mut(urn)) {
            (None, _) => {
                resource.remove(urn);
                return;
            }
            (Some(_), Some(Value::Object(inner))) => inner,
            _ => return,
        },
    };
    match (name, sub) {
        // `id` and `schemas` are always returned.
        (Some(name), None) if name != "id" && name != "schemas" => {
            home.remove(name);
        }
        (Some(name), Some(sub)) => match home.get_mut(name) {
            Some(Value::Object(members)) => {
                members.remove(sub);
            }
            Some(Value::Array(values)) => {
                values.iter_mut().filter_map(Value::as_object_mut).for_each(|members| {
                    members.remove(sub);
                })
            }
            _ => {}
        },
        _ => {}
    }
}
