//! Domain: values as sent, made canonical or refused: names in the schema's case, types as the schema says, read-only
//! and unknown attributes left out, nothing kept that is unassigned. Pure.

use super::{
    error::{Refusal, Result},
    schema::{Attribute, Kind, ResourceType, Schema, Type},
};
use base64::{Engine, engine::general_purpose};
use serde_json::{Map, Value};

/// A JSON object.
pub(crate) type Object = Map<String, Value>;

/// The longest text.
const MAX_TEXT: usize = 8_192;
/// The longest text that is searched for by index.
const MAX_KEY: usize = 500;
/// The longest binary value, encoded.
const MAX_BINARY: usize = 65_536;
/// The most values of an attribute, members of groups aside.
const MAX_VALUES: usize = 500;

/// The names that are searched for by index.
const KEYS: [&str; 5] = ["userName", "externalId", "displayName", "emails.value", "members.value"];

/// Reads a whole resource, as POST and PUT send it.
///
/// # Errors
/// `invalidSyntax` for unknown schemas, `invalidValue` for a wrong, missing or too long value.
pub(crate) fn resource(of: &ResourceType, sent: &Object) -> Result<Object> {
    schemas(of, sent)?;
    let mut resource = object("", &of.core.attributes, sent)?;
    for (name, value) in sent {
        if let Some(extension) = of.extension(name) {
            if let Some(values) = extended(extension, value)? {
                resource.insert(extension.id.clone(), Value::Object(values));
            }
        } else if name.to_ascii_lowercase().starts_with("urn:") {
            return Err(unknown_schema(name, of));
        }
    }
    complete(of, &resource)?;
    Ok(resource)
}

/// What must be there is there.
///
/// # Errors
/// `invalidValue`.
pub(crate) fn complete(of: &ResourceType, resource: &Object) -> Result<()> {
    for attribute in of.core.attributes.iter().filter(|attribute| attribute.required) {
        let given = match resource.get(&attribute.name) {
            Some(Value::String(text)) => !text.trim().is_empty(),
            Some(_) => true,
            None => false,
        };
        if !given {
            return Err(Refusal::value(format!("{}: is required", attribute.name)));
        }
    }
    Ok(())
}

/// `schemas` names what is known, and the kind's own schema among it.
fn schemas(of: &ResourceType, sent: &Object) -> Result<()> {
    let Some((_, named)) = sent.iter().find(|(name, _)| name.eq_ignore_ascii_case("schemas")) else {
        return Err(Refusal::syntax(format!("schemas: is required and must name {}", of.core.id)));
    };
    let Some(named) = named.as_array() else {
        return Err(Refusal::syntax("schemas: must be a list of URNs"));
    };
    for urn in named {
        let urn = urn.as_str().ok_or_else(|| Refusal::syntax("schemas: must be a list of URNs"))?;
        if !of.knows(urn) {
            return Err(unknown_schema(urn, of));
        }
    }
    if named.iter().filter_map(Value::as_str).any(|urn| of.core.id.eq_ignore_ascii_case(urn)) {
        Ok(())
    } else {
        Err(Refusal::syntax(format!("schemas: must name {}", of.core.id)))
    }
}

fn unknown_schema(urn: &str, of: &ResourceType) -> Box<Refusal> {
    let known: Vec<&str> =
        [&of.core].into_iter().chain(&of.extensions).map(|schema| schema.id.as_str()).collect();
    let urn: String = urn.chars().take(200).collect();
    Refusal::syntax(format!("the schema {urn} is not known here; known are {}", known.join(", ")))
}

/// The values of an extension; `None` when there are none.
pub(crate) fn extended(extension: &Schema, sent: &Value) -> Result<Option<Object>> {
    match sent {
        Value::Null => Ok(None),
        Value::Object(sent) => {
            let values = object(&extension.id, &extension.attributes, sent)?;
            Ok((!values.is_empty()).then_some(values))
        }
        _ => Err(wrong(&extension.id, "an object", sent)),
    }
}

/// The known attributes of an object.
fn object(path: &str, attributes: &[Attribute], sent: &Object) -> Result<Object> {
    let mut kept = Object::new();
    for (name, value) in sent {
        let Some(attribute) = super::schema::find(attributes, name) else { continue };
        let path = join(path, &attribute.name);
        if attribute.mutability != super::schema::Mutability::ReadOnly
            && let Some(value) = assigned(&path, attribute, value)?
            && attribute.stored()
        {
            kept.insert(attribute.name.clone(), value);
        }
    }
    Ok(kept)
}

fn join(path: &str, name: &str) -> String {
    match path {
        "" => name.to_owned(),
        urn if urn.starts_with("urn:") && urn.ends_with(":User") => format!("{urn}:{name}"),
        attribute => format!("{attribute}.{name}"),
    }
}

/// The value of an attribute; `None` when it is unassigned (RFC 7643, 2.5).
///
/// # Errors
/// `invalidValue`.
pub(crate) fn assigned(path: &str, attribute: &Attribute, sent: &Value) -> Result<Option<Value>> {
    if attribute.multi_valued {
        let values = values(path, attribute, sent)?;
        return Ok((!values.is_empty()).then_some(Value::Array(values)));
    }
    match sent {
        // Some send the one value in a list.
        Value::Array(list) => match list.as_slice() {
            [] => Ok(None),
            [only] => single(path, attribute, only),
            _ => Err(Refusal::value(format!("{path}: must be one value, not {}", list.len()))),
        },
        other => single(path, attribute, other),
    }
}

/// The values of a multi-valued attribute, each once, at most one of them primary.
///
/// # Errors
/// `invalidValue`.
pub(crate) fn values(path: &str, attribute: &Attribute, sent: &Value) -> Result<Vec<Value>> {
    let list = match sent {
        Value::Null => return Ok(Vec::new()),
        Value::Array(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    };
    if list.len() > MAX_VALUES && attribute.name != "members" {
        let values = list.len();
        return Err(Refusal::value(format!("{path}: has {values} values; at most {MAX_VALUES} are kept")));
    }
    let mut kept = Vec::with_capacity(list.len());
    let mut seen = std::collections::HashSet::new();
    for one in list {
        if let Some(value) = single(path, attribute, one)?
            && seen.insert(value.to_string())
        {
            kept.push(value);
        }
    }
    if kept.iter().filter(|value| is_primary(value)).count() > 1 {
        return Err(Refusal::value(format!("{path}: only one value can be primary")));
    }
    Ok(kept)
}

/// Whether a value is the primary one of its attribute.
pub(crate) fn is_primary(value: &Value) -> bool {
    value.get("primary").and_then(Value::as_bool).unwrap_or(false)
}

fn single(path: &str, attribute: &Attribute, sent: &Value) -> Result<Option<Value>> {
    match (attribute.kind, sent) {
        (_, Value::Null) => Ok(None),
        (Type::Complex, Value::Object(sent)) => complex(path, attribute, sent),
        // `"manager": "26118915"`, `"emails": ["ann@example.org"]`.
        (Type::Complex, Value::String(text)) if attribute.sub("value").is_some() => {
            let mut sent = Object::new();
            sent.insert("value".into(), Value::String(text.clone()));
            complex(path, attribute, &sent)
        }
        (Type::Complex, _) => Err(wrong(path, "an object", sent)),
        (Type::Boolean, Value::Bool(_)) => Ok(Some(sent.clone())),
        (Type::Boolean, Value::String(text)) => match text.to_ascii_lowercase().as_str() {
            "true" => Ok(Some(Value::Bool(true))),
            "false" => Ok(Some(Value::Bool(false))),
            _ => Err(wrong(path, "true or false", sent)),
        },
        (Type::Boolean, _) => Err(wrong(path, "true or false", sent)),
        (Type::Binary, Value::String(text)) => {
            text_of_length(path, text, MAX_BINARY)?;
            let decodes = general_purpose::STANDARD.decode(text).is_ok()
                || general_purpose::URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).is_ok();
            if decodes { Ok(Some(sent.clone())) } else { Err(wrong(path, "base64", sent)) }
        }
        (_, Value::String(text)) => {
            let most = if KEYS.contains(&path) { MAX_KEY } else { MAX_TEXT };
            text_of_length(path, text, most)?;
            Ok(Some(sent.clone()))
        }
        _ => Err(wrong(path, "a text", sent)),
    }
}

fn complex(path: &str, attribute: &Attribute, sent: &Object) -> Result<Option<Value>> {
    let value = object(path, &attribute.sub_attributes, sent)?;
    // `{"value": ""}` is how Entra takes a manager away.
    let emptied = value.get("value").and_then(Value::as_str) == Some("");
    Ok((!value.is_empty() && !emptied).then_some(Value::Object(value)))
}

fn text_of_length(path: &str, text: &str, most: usize) -> Result<()> {
    let length = text.chars().count();
    if length > most {
        return Err(Refusal::value(format!("{path}: has {length} characters; at most {most} are kept")));
    }
    if text.contains('\0') {
        return Err(Refusal::value(format!("{path}: must not hold a zero character")));
    }
    Ok(())
}

/// The same with every text in lower case: what comparisons without regard to case look at. Only binary values are longer
/// than the longest text; they are left out.
pub(crate) fn folded(value: &Value) -> Value {
    match value {
        Value::String(text) if text.len() > 4 * MAX_TEXT => Value::String(String::new()),
        Value::String(text) => Value::String(text.to_lowercase()),
        Value::Array(values) => Value::Array(values.iter().map(folded).collect()),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, value)| (name.clone(), folded(value))).collect())
        }
        other => other.clone(),
    }
}

fn wrong(path: &str, expected: &str, sent: &Value) -> Box<Refusal> {
    let got = match sent {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    Refusal::value(format!("{path}: must be {expected}, not {got}"))
}

/// A new user is active unless said otherwise.
pub(crate) fn with_defaults(kind: Kind, mut resource: Object) -> Object {
    if kind == Kind::User {
        resource.entry("active").or_insert(Value::Bool(true));
    }
    resource
}
