//! Any filter finds what a naive reading of RFC 7644 finds in the same resources. What fails is shown whole: the filter
//! repeats it.

use crate::world::{ENTERPRISE, USER, World, id};
use proptest::{
    prelude::*,
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Filters of a run.
const FILTERS: usize = 400;
/// Whatever SQL, JSON, patterns and languages find special.
const TEXTS: [&str; 12] = ["Ann", "ann", "ANN LEE", "ø", "Ø", "%", "_", "\"", "\\", "'; --", "ΟΔΟΣ", "z"];
/// Written so in the filter, found so in the resource, compared with regard to case.
const SINGLE: [(&str, &[&str], bool); 7] = [
    ("title", &["title"], false),
    ("DisplayName", &["displayName"], false),
    ("externalId", &["externalId"], true),
    ("name.familyName", &["name", "familyName"], false),
    ("department", &[ENTERPRISE, "department"], false),
    (
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:costCenter",
        &[ENTERPRISE, "costCenter"],
        false,
    ),
    ("manager.value", &[ENTERPRISE, "manager", "value"], true),
];
const OPERATORS: [&str; 9] = ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"];

/// A filter.
#[derive(Clone, Debug)]
enum Filter {
    Single(usize, Test),
    Active(bool, &'static str),
    /// `emails.sub`: some value.
    Email(&'static str, Test),
    /// `emails[type … and/or not value …]`.
    Emails(Test, bool, Test),
    Not(Box<Filter>),
    Both(Box<Filter>, &'static str, Box<Filter>),
}

/// What is asked of a value.
#[derive(Clone, Debug)]
enum Test {
    Present,
    Compare(&'static str, &'static str),
}

impl Test {
    fn written(&self, name: &str) -> String {
        match self {
            Test::Present => format!("{name} pr"),
            Test::Compare(op, text) => format!("{name} {op} {}", json!(text)),
        }
    }

    fn holds(&self, value: Option<&str>, exact: bool) -> bool {
        let Test::Compare(op, text) = self else { return value.is_some_and(|value| !value.is_empty()) };
        let fold = |text: &str| if exact { text.to_owned() } else { text.to_lowercase() };
        let (value, text) = (value.map(fold), fold(text));
        let Some(value) = value else { return *op == "ne" };
        match *op {
            "eq" => value == text,
            "ne" => value != text,
            "co" => value.contains(&text),
            "sw" => value.starts_with(&text),
            "ew" => value.ends_with(&text),
            "gt" => value > text,
            "ge" => value >= text,
            "lt" => value < text,
            _ => value <= text,
        }
    }
}

impl Filter {
    fn written(&self) -> String {
        match self {
            Filter::Single(at, test) => test.written(SINGLE[*at].0),
            Filter::Active(value, op) => format!("active {op} {value}"),
            Filter::Email(sub, test) => test.written(&format!("emails.{sub}")),
            Filter::Emails(kind, both, value) => {
                let (kind, value) = (kind.written("type"), value.written("value"));
                if *both {
                    format!("emails[{kind} and {value}]")
                } else {
                    format!("emails[{kind} or not ({value})]")
                }
            }
            Filter::Not(inner) => format!("not ({})", inner.written()),
            Filter::Both(left, word, right) => format!("({}) {word} ({})", left.written(), right.written()),
        }
    }

    fn holds(&self, resource: &Value) -> bool {
        let emails = || resource["emails"].as_array().into_iter().flatten();
        match self {
            Filter::Single(at, test) => {
                let (_, path, exact) = SINGLE[*at];
                test.holds(path.iter().fold(resource, |value, name| &value[*name]).as_str(), exact)
            }
            Filter::Active(value, op) => (resource["active"] == *value) == (*op == "eq"),
            Filter::Email(sub, test) => emails().any(|email| test.holds(email[*sub].as_str(), false)),
            Filter::Emails(kind, both, value) => emails().any(|email| {
                let kind = kind.holds(email["type"].as_str(), false);
                let value = value.holds(email["value"].as_str(), false);
                if *both { kind && value } else { kind || !value }
            }),
            Filter::Not(inner) => !inner.holds(resource),
            Filter::Both(left, "and", right) => left.holds(resource) && right.holds(resource),
            Filter::Both(left, _, right) => left.holds(resource) || right.holds(resource),
        }
    }
}

fn texts() -> impl Strategy<Value = &'static str> {
    prop::sample::select(TEXTS.to_vec())
}

fn tests() -> impl Strategy<Value = Test> {
    let compare = (prop::sample::select(OPERATORS.to_vec()), texts());
    prop_oneof![1 => Just(Test::Present), 5 => compare.prop_map(|(op, text)| Test::Compare(op, text))]
}

fn filters() -> impl Strategy<Value = Filter> {
    let leaf = prop_oneof![
        6 => (0..SINGLE.len(), tests()).prop_map(|(at, test)| Filter::Single(at, test)),
        1 => (any::<bool>(), prop::sample::select(vec!["eq", "ne"])).prop_map(|(value, op)| Filter::Active(value, op)),
        2 => (prop::sample::select(vec!["value", "type"]), tests()).prop_map(|(sub, test)| Filter::Email(sub, test)),
        2 => (tests(), any::<bool>(), tests()).prop_map(|(kind, both, value)| Filter::Emails(kind, both, value)),
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| Filter::Not(Box::new(inner))),
            (inner.clone(), prop::sample::select(vec!["and", "or"]), inner)
                .prop_map(|(left, word, right)| Filter::Both(Box::new(left), word, Box::new(right))),
        ]
    })
}

/// Attributes of a person; each may be missing.
fn people() -> impl Strategy<Value = Value> {
    let maybe = || prop::option::weighted(0.6, texts());
    let emails = prop::collection::vec((maybe(), texts()), 0..3);
    let rest = (maybe(), maybe(), maybe(), maybe());
    (any::<bool>(), maybe(), maybe(), maybe(), emails, rest).prop_map(|(active, title, shown, outer, emails, rest)| {
        let emails: Vec<Value> = emails.iter().map(|(kind, value)| json!({ "type": kind, "value": value })).collect();
        let (family, department, cost, manager) = rest;
        json!({
            "active": active, "title": title, "displayName": shown, "externalId": outer, "name": { "familyName": family },
            "emails": emails,
            ENTERPRISE: { "department": department, "costCenter": cost, "manager": { "value": manager } },
        })
    })
}

#[tokio::test]
async fn filters_find_what_a_naive_reading_finds() {
    let world = World::start().await;
    let mut random = TestRunner::default();
    let operations: Vec<Value> = (0..40)
        .map(|n| {
            let mut data = people().new_tree(&mut random).expect("a person").current();
            data["schemas"] = json!([USER, ENTERPRISE]);
            data["userName"] = json!(format!("user{n}"));
            json!({ "method": "POST", "path": "/Users", "bulkId": n.to_string(), "data": data })
        })
        .collect();
    let bulk =
        json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations });
    world.post("/Bulk", bulk).await.ok();
    let everybody = world.get("/Users").await.ok();
    let everybody = everybody["Resources"].as_array().expect("a list");
    assert_eq!(everybody.len(), 40);
    let (mut none, mut some) = (0, 0);
    for _ in 0..FILTERS {
        let filter = filters().new_tree(&mut random).expect("a filter").current();
        let expected: BTreeSet<String> = everybody.iter().filter(|one| filter.holds(one)).map(id).collect();
        let found = world.query("/Users", &[("filter", &filter.written())]).await.ok();
        let found: BTreeSet<String> = found["Resources"].as_array().expect("a list").iter().map(id).collect();
        let wrong: Vec<&Value> =
            everybody.iter().filter(|one| expected.contains(&id(one)) != found.contains(&id(one))).collect();
        assert!(wrong.is_empty(), "{}\n{wrong:#?}", filter.written());
        if expected.is_empty() { none += 1 } else { some += 1 }
    }
    // The filters tell people apart: neither all nor none of them are empty.
    assert!(none > FILTERS / 50 && some > FILTERS / 4, "{none} found nobody, {some} somebody");
}
