//! The rules that stand beside the fields (`buf.validate`), compiled from the descriptors.
//! Lengths count Unicode characters, bounds include their limit unless the rule says otherwise.

use kernel::FieldViolation;
use regex::Regex;
use std::{fmt::Display, hash::Hash};

/// A message that an RPC takes or gives. Only what comes in has violations.
pub trait Validate {
    /// Every field that breaks its rule.
    fn violations(&self) -> Vec<FieldViolation>;
}

/// The checks of one message, nested ones included.
trait Check {
    fn check(&self, at: &At<'_>, out: &mut Vec<FieldViolation>);
}

/// Where in the request we are; a path is written only when something is wrong.
struct At<'a> {
    parent: Option<&'a At<'a>>,
    name: &'static str,
    index: Option<usize>,
}

impl At<'_> {
    const ROOT: At<'static> = At { parent: None, name: "", index: None };

    fn field(&self, name: &'static str) -> At<'_> {
        At { parent: Some(self), name, index: None }
    }

    fn item(&self, name: &'static str, index: usize) -> At<'_> {
        At { parent: Some(self), name, index: Some(index) }
    }

    fn path(&self) -> String {
        let mut path = self.parent.map(At::path).unwrap_or_default();
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(self.name);
        if let Some(index) = self.index {
            path.push_str(&format!("[{index}]"));
        }
        path
    }

    fn say(&self, out: &mut Vec<FieldViolation>, description: impl Into<String>) {
        out.push(FieldViolation { field: self.path(), description: description.into() });
    }
}

fn run(message: &impl Check) -> Vec<FieldViolation> {
    let mut out = Vec::new();
    message.check(&At::ROOT, &mut out);
    out
}

fn is_zero<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn characters(n: u64) -> String {
    if n == 1 { "1 character".to_owned() } else { format!("{n} characters") }
}

fn length(text: &str) -> u64 {
    text.chars().count() as u64
}

fn min_len(text: &str, least: u64, at: &At<'_>, out: &mut Vec<FieldViolation>) {
    if length(text) < least {
        at.say(out, format!("must have at least {}", characters(least)));
    }
}

fn max_len(text: &str, most: u64, at: &At<'_>, out: &mut Vec<FieldViolation>) {
    let has = length(text);
    if has > most {
        at.say(out, format!("must have at most {}, has {has}", characters(most)));
    }
}

fn uuid(text: &str, at: &At<'_>, out: &mut Vec<FieldViolation>) {
    if kernel::Uuid::try_parse(text).is_err() {
        at.say(out, "must be a UUID, such as 01941f29-7c00-7aaa-9b5e-5a3f0d0f3c11");
    }
}

fn pattern(text: &str, regex: &Option<Regex>, pattern: &str, at: &At<'_>, out: &mut Vec<FieldViolation>) {
    if !regex.as_ref().is_some_and(|regex| regex.is_match(text)) {
        at.say(out, format!("must match {pattern}"));
    }
}

fn max_bytes(bytes: &[u8], most: u64, at: &At<'_>, out: &mut Vec<FieldViolation>) {
    if bytes.len() as u64 > most {
        at.say(out, format!("must have at most {most} bytes, has {}", bytes.len()));
    }
}

fn defined(is_defined: bool, at: &At<'_>, out: &mut Vec<FieldViolation>) {
    if !is_defined {
        at.say(out, "must be a known value");
    }
}

fn none_of<T: PartialEq + Display + Default>(
    value: &T,
    of: &[T],
    at: &At<'_>,
    out: &mut Vec<FieldViolation>,
) {
    if of.contains(value) {
        let zero = *value == T::default();
        at.say(out, if zero { "must be set".to_owned() } else { format!("must not be {value}") });
    }
}

fn at_least<T: PartialOrd + Display>(value: &T, least: &T, at: &At<'_>, out: &mut Vec<FieldViolation>) {
    if value.partial_cmp(least).is_none_or(std::cmp::Ordering::is_lt) {
        at.say(out, format!("must be at least {least}, is {value}"));
    }
}

fn at_most<T: PartialOrd + Display>(value: &T, most: &T, at: &At<'_>, out: &mut Vec<FieldViolation>) {
    if value.partial_cmp(most).is_none_or(std::cmp::Ordering::is_gt) {
        at.say(out, format!("must be at most {most}, is {value}"));
    }
}

fn min_items(has: usize, least: u64, at: &At<'_>, out: &mut Vec<FieldViolation>) {
    if (has as u64) < least {
        at.say(out, format!("must have at least {least} items"));
    }
}

fn max_items(has: usize, most: u64, at: &At<'_>, out: &mut Vec<FieldViolation>) {
    if has as u64 > most {
        at.say(out, format!("must have at most {most} items, has {has}"));
    }
}

fn unique<T: Eq + Hash>(items: &[T], at: &At<'_>, out: &mut Vec<FieldViolation>) {
    let mut seen = std::collections::HashSet::new();
    if let Some(index) = items.iter().position(|item| !seen.insert(item)) {
        at.say(out, format!("must not repeat; item {index} stands before"));
    }
}

mod compiled {
    #![expect(unused_parens, clippy::all, reason = "generated code")]
    use super::*;
    include!(concat!(env!("OUT_DIR"), "/checks.rs"));
}

#[cfg(test)]
mod tests {
    use super::Validate;
    use crate::mentor::enrollment::v1::{ListPeopleRequest, SubmitApplicationRequest};

    #[test]
    fn a_violation_names_its_path() {
        let fields: Vec<String> =
            SubmitApplicationRequest::default().violations().into_iter().map(|v| v.field).collect();
        assert!(fields.contains(&"request_id".to_owned()), "{fields:?}");
    }

    #[test]
    fn what_has_no_rules_is_valid() {
        assert_eq!(ListPeopleRequest::default().violations(), []);
    }
}
