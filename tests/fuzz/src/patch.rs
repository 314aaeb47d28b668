//! SCIM PATCH: any operations on any resource. What comes out is a resource that a client could have sent whole, bounded
//! like one; what is refused names the reason; the same replacement a second time changes nothing.

#![no_main]

mod dice;
#[path = "scim.rs"]
mod scim;
mod words;

use dice::Dice;
use libfuzzer_sys::fuzz_target;
use scim::{
    kinds,
    patch,
    path,
    schema::{Kind, ResourceType},
    value::{self, Object},
};
use serde_json::{Value, json};

fuzz_target!(|data: &[u8]| {
    let mut dice = Dice::new(data);
    let of = kinds()[dice.below(2)];
    if dice.one_in(8) {
        let text = String::from_utf8_lossy(data.get(2..).unwrap_or_default());
        let _ = path::read(of, &text);
        if let Ok(Value::Object(body)) = serde_json::from_str(&text) {
            let _ = patch::read(&body);
            let _ = value::resource(of, &body);
        }
    }
    let Some(resource) = resource(of, &mut dice) else { return };
    let operations: Vec<Value> = (0..1 + dice.below(4)).map(|_| operation(&mut dice)).collect();
    let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations });
    let body = body.as_object().expect("an object");
    let Ok(read) = patch::read(body) else { return };
    let Ok(patched) = patch::apply(of, resource.clone(), &read) else { return };
    whole(of, &patched, body);
    if let [only] = operations.as_slice()
        && only["op"].as_str().is_some_and(|op| op.eq_ignore_ascii_case("replace"))
        && !only.to_string().contains('[')
    {
        let again = patch::apply(of, patched.clone(), &read).expect("the same again");
        assert_eq!(again, patched, "{body:?} on {resource:?}");
    }
});

/// A resource as it is kept: of what was made, the members that are allowed.
fn resource(of: &ResourceType, dice: &mut Dice<'_>) -> Option<Object> {
    let name = if of.kind == Kind::User { "userName" } else { "displayName" };
    let mut sent = Object::from_iter([("schemas".to_owned(), json!([of.core.id])), (name.to_owned(), json!("ann"))]);
    for (name, value) in words::resource(dice) {
        let before = sent.insert(name.clone(), value);
        if value::resource(of, &sent).is_err() {
            match before {
                Some(before) => drop(sent.insert(name, before)),
                None => drop(sent.remove(&name)),
            }
        }
    }
    value::resource(of, &sent).ok()
}

fn operation(dice: &mut Dice<'_>) -> Value {
    let op = ["add", "Add", "remove", "Remove", "replace", "REPLACE"][dice.below(6)];
    if dice.one_in(3) {
        return json!({ "op": op, "value": words::resource(dice) });
    }
    let path = words::path(dice);
    if dice.one_in(4) { json!({ "op": op, "path": path }) } else { json!({ "op": op, "path": path, "value": words::value(dice, 0) }) }
}

/// Sent whole, it would be kept as it is.
fn whole(of: &ResourceType, patched: &Object, body: &Object) {
    let mut sent = patched.clone();
    sent.insert("schemas".into(), json!([of.core.id]));
    match value::resource(of, &sent) {
        Ok(kept) => assert_eq!(&kept, patched, "after {body:?}"),
        Err(refusal) => panic!("{refusal:?} of {patched:?} after {body:?}"),
    }
}
