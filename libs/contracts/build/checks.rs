//! `impl Check` for every message and `impl Validate` for everything that an RPC takes or gives.
//! Source of the rules: `buf.validate` options, <https://protovalidate.com>.

use crate::{names, rules};
use prost_reflect::{DescriptorPool, ExtensionDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use std::{collections::BTreeMap, error::Error, fmt::Write};

/// The Rust text.
pub(crate) fn generate(pool: &DescriptorPool) -> Result<String, Box<dyn Error>> {
    let options = Options::find(pool)?;
    let mut text = String::new();
    for message in pool.all_messages().filter(is_ours) {
        writeln!(
            text,
            "impl Check for {} {{ fn check(&self, at: &At<'_>, out: &mut Vec<FieldViolation>) {{ let _ = (at, &out); {} }} }}",
            names::message(&message),
            body(&message, &options)?
        )?;
    }
    for (message, is_request) in rpc_messages(pool)? {
        let check = if is_request { "run(self)" } else { "Vec::new()" };
        writeln!(
            text,
            "impl Validate for {message} {{ fn violations(&self) -> Vec<FieldViolation> {{ {check} }} }}"
        )?;
    }
    Ok(text)
}

/// The extensions that carry rules.
struct Options {
    field: ExtensionDescriptor,
    oneof: ExtensionDescriptor,
}

impl Options {
    fn find(pool: &DescriptorPool) -> Result<Self, Box<dyn Error>> {
        let get = |name: &str| pool.get_extension_by_name(name).ok_or(format!("{name} is not declared"));
        Ok(Options { field: get("buf.validate.field")?, oneof: get("buf.validate.oneof")? })
    }
}

/// Messages of the suite; map entries have no Rust type.
fn is_ours(message: &MessageDescriptor) -> bool {
    message.package_name().starts_with("mentor.") && !message.is_map_entry()
}

/// What RPCs take (true) and give (false). Only what comes in is checked.
fn rpc_messages(pool: &DescriptorPool) -> Result<BTreeMap<String, bool>, Box<dyn Error>> {
    let mut found = BTreeMap::new();
    for method in pool.services().flat_map(|service| service.methods().collect::<Vec<_>>()) {
        for (message, is_request) in [(method.input(), true), (method.output(), false)] {
            let name = names::message(&message);
            if found.insert(name.clone(), is_request).is_some_and(|before| before != is_request) {
                return Err(format!("{name} is a request and a response; give each RPC its own").into());
            }
        }
    }
    Ok(found)
}

fn body(message: &MessageDescriptor, options: &Options) -> Result<String, Box<dyn Error>> {
    let mut text = String::new();
    for field in message.fields().filter(|field| real_oneof(field).is_none()) {
        text.push_str(&field_check(&field, options)?);
    }
    for oneof in message.oneofs().filter(|oneof| !oneof.is_synthetic()) {
        let mut arms = String::new();
        for field in oneof.fields() {
            let variant = names::upper_camel(field.name());
            let check = value_check(&field, "value", &at(&field), &rules_of(&field, options), options)?;
            write!(
                arms,
                "Some({}{}::{variant}(value)) => {{ let _ = value; {check} }}",
                names::inner_module(message),
                names::upper_camel(oneof.name())
            )?;
        }
        let required = oneof.options().get_extension(&options.oneof).as_message().is_some_and(|rules| {
            rules.get_field_by_name("required").and_then(|value| value.as_bool()).unwrap_or(false)
        });
        let none = if required {
            format!("at.field({:?}).say(out, \"must be set\")", oneof.name())
        } else {
            "{}".to_owned()
        };
        write!(text, "match &self.{} {{ {arms} None => {none}, }}", oneof.name())?;
    }
    Ok(text)
}

fn real_oneof(field: &FieldDescriptor) -> Option<prost_reflect::OneofDescriptor> {
    field.containing_oneof().filter(|oneof| !oneof.is_synthetic())
}

fn at(field: &FieldDescriptor) -> String {
    format!("&at.field({:?})", field.name())
}

fn rules_of(field: &FieldDescriptor, options: &Options) -> Option<rules::Rules> {
    let set = field.options();
    set.has_extension(&options.field)
        .then(|| set.get_extension(&options.field).as_message().cloned())
        .flatten()
        .map(|message| rules::Rules::new(field.full_name(), message))
}

/// The checks of one field outside a oneof.
fn field_check(field: &FieldDescriptor, options: &Options) -> Result<String, Box<dyn Error>> {
    let rules = rules_of(field, options);
    let name = names::field(field);
    if field.is_map() {
        return match rules {
            None => Ok(String::new()),
            Some(_) => Err(format!("{}: rules on maps are not supported", field.full_name()).into()),
        };
    }
    if field.is_list() {
        return list_check(field, &name, rules.as_ref());
    }
    if field.supports_presence() {
        let check = value_check(field, "value", &at(field), &rules, options)?;
        let required = rules.as_ref().is_some_and(rules::Rules::required);
        let none = if required {
            format!("else {{ at.field({:?}).say(out, \"must be set\"); }}", field.name())
        } else {
            String::new()
        };
        if check.is_empty() && none.is_empty() {
            return Ok(String::new());
        }
        return Ok(format!("if let Some(value) = &self.{name} {{ let _ = value; {check} }} {none}"));
    }
    value_check(field, &format!("(&self.{name})"), &at(field), &rules, options)
}

/// The checks of one value; `value` is an expression for a reference to it.
fn value_check(
    field: &FieldDescriptor,
    value: &str,
    at: &str,
    rules: &Option<rules::Rules>,
    _: &Options,
) -> Result<String, Box<dyn Error>> {
    let own = match rules {
        Some(rules) => rules.scalar(&field.kind(), value, at)?,
        None => String::new(),
    };
    Ok(match field.kind() {
        Kind::Message(message) if is_ours(&message) => format!("{own} {value}.check({at}, out);"),
        _ => own,
    })
}

fn list_check(
    field: &FieldDescriptor,
    name: &str,
    rules: Option<&rules::Rules>,
) -> Result<String, Box<dyn Error>> {
    let list = format!("(&self.{name})");
    let (own, items) = match rules {
        Some(rules) => rules.list(&field.kind(), &list, &at(field))?,
        None => (String::new(), String::new()),
    };
    let nested = match field.kind() {
        Kind::Message(message) if is_ours(&message) => "value.check(&at, out);",
        _ => "",
    };
    if items.is_empty() && nested.is_empty() {
        return Ok(own);
    }
    Ok(format!(
        "{own} for (index, value) in {list}.iter().enumerate() {{ let _ = value; let at = at.item({:?}, index); {items} {nested} }}",
        field.name()
    ))
}
