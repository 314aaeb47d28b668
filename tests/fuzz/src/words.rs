//! SCIM from choices: filters, paths and values, mostly well-formed, of names that the schemas know.

use crate::dice::Dice;
use serde_json::{Map, Value, json};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const NAMES: [&str; 25] = [
    "userName", "displayName", "name", "emails", "EMAILS", "active", "title", "phoneNumbers", "addresses", "members",
    "externalId", "roles", "password", "groups", "id", "meta", "schemas", "x509Certificates", "nickName", "department",
    "manager", "employeeNumber", "profileUrl", "photos", "nothing",
];
const SUBS: [&str; 12] = [
    "value", "type", "primary", "display", "familyName", "formatted", "$ref", "created", "VALUE", "locality", "displayName",
    "nothing",
];
const TEXTS: [&str; 16] = [
    "", "work", "home", "WORK", "Ann", "ann@example.org", "true", "False", "ø", "ΟΔΟΣ", "İ", "\\\"", "2011-05-13T04:42:34Z",
    "YQ==", "%_", "] and (",
];
const OPS: [&str; 10] = ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "EQ"];

fn of<'t>(dice: &mut Dice<'_>, list: &[&'t str]) -> &'t str {
    list[dice.below(list.len())]
}

/// A word of the texts, or a longer one.
pub(crate) fn text(dice: &mut Dice<'_>) -> String {
    match dice.below(12) {
        0 => of(dice, &TEXTS).repeat(1 + dice.below(30)),
        1 => char::from_u32(u32::from(dice.byte()) << 4 | u32::from(dice.byte() % 16)).map(String::from).unwrap_or_default(),
        2 => "x".repeat(dice.below(9_000)),
        _ => of(dice, &TEXTS).to_owned(),
    }
}

/// What stands before an operator.
pub(crate) fn attribute(dice: &mut Dice<'_>) -> String {
    let name = of(dice, &NAMES);
    let name = if dice.one_in(6) { format!("{ENTERPRISE}:{name}") } else { name.to_owned() };
    if dice.one_in(2) { name } else { format!("{name}.{}", of(dice, &SUBS)) }
}

fn test(dice: &mut Dice<'_>, name: &str) -> String {
    let literal = match dice.below(8) {
        0 => "true".to_owned(),
        1 => "null".to_owned(),
        2 => "12".to_owned(),
        _ => json!(text(dice)).to_string(),
    };
    if dice.one_in(5) { format!("{name} pr") } else { format!("{name} {} {literal}", of(dice, &OPS)) }
}

/// Conditions on one value.
pub(crate) fn inner(dice: &mut Dice<'_>, depth: usize) -> String {
    match dice.below(if depth > 4 { 3 } else { 6 }) {
        0..=2 => {
            let sub = of(dice, &SUBS);
            test(dice, sub)
        }
        3 => format!("not ({})", inner(dice, depth + 1)),
        4 => format!("({}) and {}", inner(dice, depth + 1), inner(dice, depth + 1)),
        _ => format!("{} or ({})", inner(dice, depth + 1), inner(dice, depth + 1)),
    }
}

/// A filter on resources.
pub(crate) fn filter(dice: &mut Dice<'_>, depth: usize) -> String {
    match dice.below(if depth > 4 { 4 } else { 8 }) {
        0 | 1 => {
            let name = attribute(dice);
            test(dice, &name)
        }
        2 => format!("{}[{}]", of(dice, &NAMES), inner(dice, 0)),
        3 => {
            let after = of(dice, &SUBS);
            format!("{}[{}].{}", of(dice, &NAMES), inner(dice, 3), test(dice, after))
        }
        4 => format!("not ({})", filter(dice, depth + 1)),
        5 => format!("({})", filter(dice, depth + 1)),
        6 => format!("{} and {}", filter(dice, depth + 1), filter(dice, depth + 1)),
        _ => format!("({} or {})", filter(dice, depth + 1), filter(dice, depth + 1)),
    }
}

/// The path of an operation.
pub(crate) fn path(dice: &mut Dice<'_>) -> String {
    match dice.below(6) {
        0 => format!("{}[{}]", of(dice, &NAMES), inner(dice, 3)),
        1 => format!("{}[{}].{}", of(dice, &NAMES), inner(dice, 3), of(dice, &SUBS)),
        2 if dice.one_in(3) => ENTERPRISE.to_owned(),
        _ => attribute(dice),
    }
}

/// Any JSON, mostly what an attribute could hold.
pub(crate) fn value(dice: &mut Dice<'_>, depth: usize) -> Value {
    match dice.below(if depth > 2 { 5 } else { 9 }) {
        0 => Value::Null,
        1 => Value::Bool(dice.one_in(2)),
        2 if dice.one_in(3) => json!(dice.wild()),
        2..=4 => Value::String(text(dice)),
        5 | 6 => {
            let most = if dice.one_in(40) { 600 } else { 4 };
            Value::Array((0..dice.below(most)).map(|_| value(dice, depth + 1)).collect())
        }
        _ => Value::Object(members(dice, &SUBS, depth)),
    }
}

fn members(dice: &mut Dice<'_>, names: &[&str], depth: usize) -> Map<String, Value> {
    (0..dice.below(5)).map(|_| (of(dice, names).to_owned(), value(dice, depth + 1))).collect()
}

/// The members of a resource, or of an operation without a path.
pub(crate) fn resource(dice: &mut Dice<'_>) -> Map<String, Value> {
    let mut resource = members(dice, &NAMES, 0);
    if dice.one_in(2) {
        resource.insert(ENTERPRISE.to_owned(), Value::Object(members(dice, &NAMES, 1)));
    }
    while dice.one_in(2) {
        resource.insert(path(dice), value(dice, 0));
    }
    resource
}
