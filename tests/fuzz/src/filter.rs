//! SCIM filters: any text, and made ones. What is read is bounded and means the same when it is printed and read again; a
//! condition on one value decides as a naive reading of the RFC does.

#![no_main]

mod dice;
#[path = "scim.rs"]
mod scim;
mod words;

use dice::Dice;
use libfuzzer_sys::fuzz_target;
use scim::{
    filter::{self, Condition},
    kinds,
    path::{self, Path},
    rewrite,
    schema::{Attribute, Type},
};
use scim_v2::filter::{AttrExp, CompValue, CompareOp, Filter, PatchPath, ValFilter};
use serde_json::{Value, json};

fuzz_target!(|data: &[u8]| {
    let mut dice = Dice::new(data);
    match dice.below(4) {
        0 => {
            let text = String::from_utf8_lossy(data.get(1..).unwrap_or_default());
            any(&text);
            paths(&text, &mut dice);
        }
        1 | 2 => any(&words::filter(&mut dice, 0)),
        _ => paths(&words::path(&mut dice), &mut dice),
    }
});

/// As a filter.
fn any(text: &str) {
    let rewritten = rewrite::value_paths(text);
    let Ok(parsed) = rewritten.parse::<Filter>() else {
        for of in kinds() {
            assert!(filter::read(of, text).is_err(), "not read by the grammar: {text:?}");
        }
        return;
    };
    assert_eq!(rewrite::value_paths(&rewritten), rewritten, "rewritten twice: {text:?}");
    let printed = parsed.to_string();
    assert_eq!(printed.parse::<Filter>().as_ref().ok(), Some(&parsed), "printed: {printed:?}");
    for of in kinds() {
        let Ok(condition) = filter::read(of, text) else { continue };
        let (depth, terms) = size(&condition);
        assert!(depth <= 20 && terms <= 400, "{depth} deep, {terms} tests: {text:?}");
        // What is printed may be longer than what was sent, and too long.
        match filter::read(of, &printed) {
            Ok(again) => assert_eq!(again, condition, "{text:?} printed {printed:?}"),
            Err(_) => assert!(printed.len() > 16_384, "{text:?} printed {printed:?}"),
        }
    }
}

/// How deep and how much.
fn size(condition: &Condition) -> (usize, usize) {
    match condition {
        Condition::All(items) | Condition::Any(items) => {
            let sizes: Vec<_> = items.iter().map(size).collect();
            let deepest = sizes.iter().map(|(depth, _)| *depth).max().unwrap_or(0);
            (deepest + 1, sizes.iter().map(|(_, terms)| terms).sum())
        }
        Condition::Not(inner) | Condition::Some(_, inner) => {
            let (depth, terms) = size(inner);
            (depth + 1, terms)
        }
        Condition::Always(_) | Condition::Test(..) => (1, 1),
    }
}

/// As the path of a PATCH, and its filter on some values.
fn paths(text: &str, dice: &mut Dice<'_>) {
    for of in kinds() {
        let Ok(Path::Attribute(target)) = path::read(of, text) else { continue };
        let Some(condition) = &target.values else { continue };
        let parsed = text.trim().parse::<PatchPath>().expect("what was read can be parsed");
        let PatchPath::Value(value_path) = &parsed else { panic!("values without brackets: {text:?}") };
        assert_eq!(parsed.to_string().parse::<PatchPath>().as_ref().ok(), Some(&parsed), "{text:?}");
        for _ in 0..4 {
            let value = element(dice, target.attribute);
            let naive = holds(&value_path.filter, target.attribute, &value);
            assert_eq!(filter::matches(condition, &value), naive, "{text:?} on {value}");
        }
    }
}

/// A value as it is kept: canonical names, nothing unassigned.
fn element(dice: &mut Dice<'_>, attribute: &Attribute) -> Value {
    let mut value = json!({});
    for sub in &attribute.sub_attributes {
        if dice.one_in(2) {
            value[&sub.name] = match sub.kind {
                Type::Boolean => Value::Bool(dice.one_in(2)),
                _ => Value::String(words::text(dice)),
            };
        }
    }
    value
}

fn holds(filter: &ValFilter, attribute: &Attribute, value: &Value) -> bool {
    match filter {
        ValFilter::Attr(expression) => compares(expression, attribute, value),
        ValFilter::Not(inner) => !holds(inner, attribute, value),
        ValFilter::And(items) => items.iter().all(|item| holds(item, attribute, value)),
        ValFilter::Or(items) => items.iter().any(|item| holds(item, attribute, value)),
    }
}

fn compares(expression: &AttrExp, attribute: &Attribute, value: &Value) -> bool {
    let (AttrExp::Present(path) | AttrExp::Comparison(path, ..)) = expression;
    let sub = attribute.sub_attributes.iter().find(|sub| sub.name.eq_ignore_ascii_case(&path.name));
    let sub = sub.expect("what was read names what there is");
    let found = value.get(&sub.name);
    let AttrExp::Comparison(_, op, literal) = expression else { return found.is_some() };
    let (found, sent) = match (found, literal) {
        (found, CompValue::Null) => return found.is_none() == (*op == CompareOp::Eq),
        (None, _) => return *op == CompareOp::Ne,
        (Some(Value::Bool(found)), CompValue::Str(text)) => (found.to_string(), text.to_ascii_lowercase()),
        (Some(Value::Bool(found)), literal) => (found.to_string(), literal.to_string()),
        (Some(found), CompValue::Str(text)) => (found.as_str().unwrap_or_default().to_owned(), text.clone()),
        (Some(found), literal) => panic!("{found} compared with {literal}"),
    };
    let exact = sub.case_exact || sub.kind == Type::Binary;
    let fold = |text: String| if exact { text } else { text.to_lowercase() };
    let (found, sent) = (fold(found), fold(sent));
    match op {
        CompareOp::Eq => found == sent,
        CompareOp::Ne => found != sent,
        CompareOp::Co => found.contains(&sent),
        CompareOp::Sw => found.starts_with(&sent),
        CompareOp::Ew => found.ends_with(&sent),
        CompareOp::Gt => found > sent,
        CompareOp::Ge => found >= sent,
        CompareOp::Lt => found < sent,
        CompareOp::Le => found <= sent,
    }
}
