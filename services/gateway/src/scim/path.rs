//! Domain: the paths of PATCH operations (RFC 7644, 3.5.2), resolved against the schema. Pure.

use super::{
    error::{Refusal, Result},
    filter::{self, Condition, Field, Literal, Op, Test},
    schema::{Attribute, Mutability, ResourceType, Schema},
};
use scim_v2::filter::{AttrPath, PatchPath};
use serde_json::Value;

/// The longest path, in bytes.
const MAX_BYTES: usize = 4_096;

/// What an operation is about.
#[derive(Debug)]
pub(crate) enum Path<'a> {
    /// A whole extension.
    Extension(&'a Schema),
    /// An attribute, or values of it, or a sub-attribute of them.
    Attribute(Target<'a>),
    /// What clients can't change: `id`, `meta`, `schemas`.
    Fixed(&'static str),
}

/// An attribute, or values of it, or a sub-attribute of them.
#[derive(Debug)]
pub(crate) struct Target<'a> {
    /// The extension it belongs to.
    pub(crate) urn: Option<&'a str>,
    pub(crate) attribute: &'a Attribute,
    /// The values of a multi-valued attribute that are meant; all when `None`.
    pub(crate) values: Option<Condition>,
    pub(crate) sub: Option<&'a Attribute>,
}

impl Target<'_> {
    /// The attribute, by which its values are checked.
    pub(crate) fn attribute_name(&self) -> String {
        match self.urn {
            Some(urn) => format!("{urn}:{}", self.attribute.name),
            None => self.attribute.name.clone(),
        }
    }

    /// For messages.
    pub(crate) fn name(&self) -> String {
        let name = self.attribute_name();
        match self.sub {
            Some(sub) => format!("{name}.{}", sub.name),
            None => name,
        }
    }

    /// Whether clients can't write it at all.
    pub(crate) fn read_only(&self) -> bool {
        let fixed = |attribute: &Attribute| attribute.mutability == Mutability::ReadOnly;
        fixed(self.attribute) || self.sub.is_some_and(fixed)
    }
}

/// Reads a path.
///
/// # Errors
/// `invalidPath` for what can't be read or names nothing, `invalidFilter` for a filter in it that makes no sense.
pub(crate) fn read<'a>(of: &'a ResourceType, text: &str) -> Result<Path<'a>> {
    let text = text.trim();
    if text.len() > MAX_BYTES {
        return Err(Refusal::path(format!(
            "the path has {} bytes; at most {MAX_BYTES} are read",
            text.len()
        )));
    }
    if let Some(extension) = of.extension(text) {
        return Ok(Path::Extension(extension));
    }
    let fixed = ["id", "meta", "schemas"];
    if let Some(name) = fixed.into_iter().find(|name| {
        text.eq_ignore_ascii_case(name) || text.to_ascii_lowercase().starts_with(&format!("{name}."))
    }) {
        return Ok(Path::Fixed(name));
    }
    let parsed: PatchPath = text.parse().map_err(|_| unreadable(text))?;
    let (path, values, sub) = match &parsed {
        PatchPath::Attr(path) => (path, None, path.sub_attr.as_deref()),
        PatchPath::Value(path) => (&path.attr, Some(&path.filter), path.sub_attr.as_deref()),
    };
    let target = find(of, path, sub)?;
    let values = match values {
        None => None,
        Some(_) if !target.attribute.multi_valued => {
            return Err(Refusal::path(format!("{} has one value; leave the brackets out", target.name())));
        }
        Some(values) => Some(filter::read_values(of, target.attribute, values)?),
    };
    Ok(Path::Attribute(Target { values, ..target }))
}

fn find<'a>(of: &'a ResourceType, path: &AttrPath, sub: Option<&str>) -> Result<Target<'a>> {
    let named = |name: &str| {
        let found = of.find(path.uri.as_deref(), name, sub)?;
        Some(Target { urn: found.urn, attribute: found.attribute, values: None, sub: found.sub })
    };
    named(&path.name).ok_or_else(|| Refusal::path(format!("there is no attribute {path}")))
}

fn unreadable(text: &str) -> Box<Refusal> {
    let shown: String = text.chars().take(200).collect();
    Refusal::path(format!("the path {shown:?} can't be read"))
}

/// The value that would satisfy a filter of equalities: what `Add emails[type eq "work"].value` creates. `None` when
/// the filter leaves it open.
pub(crate) fn example(condition: &Condition) -> Option<Value> {
    let mut value = serde_json::Map::new();
    fill(condition, &mut value)?;
    Some(Value::Object(value))
}

fn fill(condition: &Condition, value: &mut serde_json::Map<String, Value>) -> Option<()> {
    match condition {
        Condition::All(items) => items.iter().try_for_each(|item| fill(item, value)),
        Condition::Test(Field::Element { sub, .. }, Test::Compare(Op::Eq, literal)) => {
            let literal = match literal {
                Literal::Text(text) => Value::String(text.clone()),
                Literal::Boolean(given) => Value::Bool(*given),
                Literal::Instant(_) => return None,
            };
            value.insert(sub.clone(), literal);
            Some(())
        }
        _ => None,
    }
}
