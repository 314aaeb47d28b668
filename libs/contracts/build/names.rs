//! How prost names things in Rust.

use prost_reflect::{FieldDescriptor, MessageDescriptor};

/// Words that prost writes as `r#word`, as far as our protos use them.
const KEYWORDS: [&str; 12] =
    ["type", "match", "ref", "use", "where", "move", "mod", "loop", "box", "yield", "as", "in"];

/// `check_in_id` from `CheckInId`: a break before each capital.
pub(crate) fn snake(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            if !text.is_empty() {
                text.push('_');
            }
            text.push(letter.to_ascii_lowercase());
        } else {
            text.push(letter);
        }
    }
    text
}

/// `StartMinute` from `start_minute`.
pub(crate) fn upper_camel(name: &str) -> String {
    name.split('_')
        .map(|word| {
            let mut letters = word.chars();
            letters
                .next()
                .map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
                .unwrap_or_default()
        })
        .collect()
}

/// The Rust name of a field.
pub(crate) fn field(field: &FieldDescriptor) -> String {
    let name = field.name();
    if KEYWORDS.contains(&name) { format!("r#{name}") } else { name.to_owned() }
}

/// The Rust path of a message's type.
pub(crate) fn message(message: &MessageDescriptor) -> String {
    let mut path = module(message.parent_message().as_ref(), message.package_name());
    path.push_str(&upper_camel(message.name()));
    path
}

/// The module in which a message's oneofs and nested messages live, with `::` at its end.
pub(crate) fn inner_module(message: &MessageDescriptor) -> String {
    let mut path = module(message.parent_message().as_ref(), message.package_name());
    path.push_str(&snake(message.name()));
    path.push_str("::");
    path
}

fn module(parent: Option<&MessageDescriptor>, package: &str) -> String {
    match parent {
        Some(parent) => inner_module(parent),
        None => format!("crate::{}::", package.replace('.', "::")),
    }
}
