//! From an address and a body to the message that an RPC takes. Pure.
//!
//! The request is put together as canonical JSON, path and query in their places, and read as one: so a field means the
//! same wherever it stood, and a refusal names it.

use super::{
    json::{self, refused},
    route::{FieldPath, InBody, Route, field_path},
};
use kernel::{Error, Result};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind};
use serde_json::{Map, Value};
use std::collections::HashSet;

/// Parameters that one query may have.
const MOST_PARAMETERS: usize = 200;

type Object = Map<String, Value>;

/// The message of a request to a route: the texts of its path, its query and its body.
///
/// # Errors
/// `FIELD_INVALID`, naming the field.
pub(crate) fn message(route: &Route, path: &[String], query: &str, body: &[u8]) -> Result<DynamicMessage> {
    let input = route.rpc.descriptor.input();
    let mut request = of_body(route, body)?;
    for (field, text) in query_fields(route, query)? {
        put(&mut request, &field, &text)?;
    }
    for (field, text) in route.path.iter().zip(path) {
        clear(&mut request, field);
        put(&mut request, field, text)?;
    }
    json::of_value(&input, &Value::Object(request))
}

fn of_body(route: &Route, body: &[u8]) -> Result<Object> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Object::new());
    }
    let parse = || -> Result<Value> {
        serde_json::from_slice(body).map_err(|error| refused(format!("the body is not JSON: {error}")))
    };
    match &route.body {
        InBody::Nothing => Err(refused(format!("{} {} takes no body", route.method, route.template))),
        InBody::Everything => match parse()? {
            Value::Object(object) => Ok(object),
            _ => Err(refused("the body must be a JSON object".to_owned())),
        },
        InBody::Field(field) => Ok(Object::from_iter([(field.json_name().to_owned(), parse()?)])),
    }
}

/// The fields that a query sets, in its order. Only lists may come more than once.
fn query_fields(route: &Route, query: &str) -> Result<Vec<(FieldPath, String)>> {
    let input = route.rpc.descriptor.input();
    let (mut fields, mut seen) = (Vec::new(), HashSet::new());
    for (name, text) in form_urlencoded::parse(query.as_bytes()) {
        if fields.len() == MOST_PARAMETERS {
            return Err(refused(format!("the query has more than {MOST_PARAMETERS} parameters")));
        }
        let name: String = name.chars().take(200).collect();
        if route.body == InBody::Everything {
            return Err(Error::field(name, "is no parameter here: everything stands in the body"));
        }
        let path = field_path(&input, &name).filter(|path| !elsewhere(route, path));
        let path = path.ok_or_else(|| Error::field(name.clone(), "is no parameter of this request"))?;
        let many = path.last().is_some_and(FieldDescriptor::is_list);
        let whole: Vec<String> = path.iter().map(|field| field.full_name().to_owned()).collect();
        if !seen.insert(whole) && !many {
            return Err(Error::field(name, "must not come more than once"));
        }
        fields.push((path, text.into_owned()));
    }
    Ok(fields)
}

/// Whether the path or the body holds the field already.
fn elsewhere(route: &Route, path: &FieldPath) -> bool {
    let in_body = match &route.body {
        InBody::Field(field) => path.first() == Some(field),
        _ => false,
    };
    in_body || route.path.contains(path)
}

/// The object that holds the last field of a path, made where it is missing, and that field.
fn holder<'a, 'p>(
    request: &'a mut Object,
    path: &'p [FieldDescriptor],
) -> Result<(&'a mut Object, &'p FieldDescriptor)> {
    let (last, outer) = path.split_last().ok_or_else(|| Error::internal("a path of no field"))?;
    let mut holder = request;
    for field in outer {
        let name = written(holder, field);
        let inner = holder.entry(name).or_insert_with(|| Value::Object(Object::new()));
        if inner.is_null() {
            *inner = Value::Object(Object::new());
        }
        holder = inner.as_object_mut().ok_or_else(|| Error::field(field.json_name(), "must be an object"))?;
    }
    Ok((holder, last))
}

/// The name that a client used for a field: its JSON name unless it wrote the proto's.
fn written(object: &Object, field: &FieldDescriptor) -> String {
    let proto = field.name();
    if object.contains_key(proto) { proto.to_owned() } else { field.json_name().to_owned() }
}

/// Takes out what the body said of a field that the path says: the address counts.
fn clear(request: &mut Object, path: &FieldPath) {
    if let Ok((object, field)) = holder(request, path) {
        object.remove(field.name());
        object.remove(field.json_name());
    }
}

fn put(request: &mut Object, path: &FieldPath, text: &str) -> Result<()> {
    let (object, field) = holder(request, path)?;
    let value = value(field, text)?;
    let name = field.json_name().to_owned();
    if !field.is_list() {
        object.insert(name, value);
        return Ok(());
    }
    match object.entry(name).or_insert_with(|| Value::Array(Vec::new())) {
        Value::Array(list) => {
            list.push(value);
            Ok(())
        }
        _ => Err(Error::field(field.json_name(), "must be an array")),
    }
}

/// A text as the JSON that stands for it. Canonical JSON takes texts for numbers, instants, durations and bytes.
fn value(field: &FieldDescriptor, text: &str) -> Result<Value> {
    if field.is_map() {
        return Err(Error::field(field.json_name(), "can't be a parameter"));
    }
    Ok(match field.kind() {
        Kind::Bool => match text {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => return Err(Error::field(field.json_name(), "must be true or false")),
        },
        Kind::Enum(_) => match text.parse::<i32>() {
            Ok(number) => number.into(),
            Err(_) => text.into(),
        },
        Kind::Message(message) if !is_text(message.full_name()) => {
            return Err(Error::field(field.json_name(), "can't be a parameter; name one of its fields"));
        }
        _ => text.into(),
    })
}

/// Messages that are texts in JSON.
fn is_text(message: &str) -> bool {
    [
        "google.protobuf.Timestamp",
        "google.protobuf.Duration",
        "google.protobuf.FieldMask",
        "google.protobuf.StringValue",
        "google.protobuf.BytesValue",
        "google.protobuf.Int32Value",
        "google.protobuf.Int64Value",
        "google.protobuf.UInt32Value",
        "google.protobuf.UInt64Value",
        "google.protobuf.DoubleValue",
        "google.protobuf.FloatValue",
    ]
    .contains(&message)
}

#[cfg(test)]
mod tests {
    use super::{super::route::Table, *};
    use crate::api::{route::Found, rpc};
    use axum::http::Method;
    use serde_json::json;
    use std::sync::Arc;

    fn of(method: Method, address: &str, body: &str) -> Result<Value> {
        let rpcs: Vec<_> = rpc::all(contracts::pool()).into_iter().map(Arc::new).collect();
        let table = Table::new(&rpcs).expect("the suite's routes");
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let Found::Route(route, texts) = table.find(&method, path) else { panic!("{address} is no route") };
        let message = message(route, &texts, query, body.as_bytes())?;
        Ok(serde_json::to_value(message).expect("JSON"))
    }

    fn field(result: Result<Value>) -> String {
        let error = result.expect_err("must be refused");
        assert_eq!(error.reason, "FIELD_INVALID");
        error.violations.first().map(|violation| violation.field.clone()).unwrap_or_default()
    }

    #[test]
    fn path_query_and_body_make_one_message() {
        let got = of(Method::GET, "/v1/programs?pageSize=7&page_token=x&state=PROGRAM_STATE_DRAFT", "");
        assert_eq!(
            got.expect("valid"),
            json!({"pageSize": 7, "pageToken": "x", "state": "PROGRAM_STATE_DRAFT"})
        );
        let got = of(Method::GET, "/v1/programs?state=1", "");
        assert_eq!(got.expect("valid"), json!({"state": "PROGRAM_STATE_DRAFT"}));
        let got = of(Method::GET, "/v1/slots?personIds=a&personIds=b&notBefore=2026-01-02T03:04:05Z", "");
        assert_eq!(
            got.expect("valid"),
            json!({"personIds": ["a", "b"], "notBefore": "2026-01-02T03:04:05Z"})
        );
        let got = of(Method::GET, "/v1/programs/p/adherence?activeOnly=true", "");
        assert_eq!(got.expect("valid"), json!({"programId": "p", "activeOnly": true}));
        let put = |body| of(Method::PUT, "/v1/people/p/availability?requestId=r", body);
        let want = json!({"requestId": "r", "availability": {"personId": "p", "zone": "UTC"}});
        assert_eq!(put(r#"{"zone": "UTC"}"#).expect("valid"), want);
        assert_eq!(put(r#"{"zone": "UTC", "person_id": "q"}"#).expect("the path counts"), want);
        let got = of(Method::POST, "/v1/programs/p%20q:publish", r#"{"requestId": "r", "programId": null}"#);
        assert_eq!(got.expect("valid"), json!({"requestId": "r", "programId": "p q"}));
    }

    #[test]
    fn what_has_no_place_is_refused_by_name() {
        assert_eq!(field(of(Method::GET, "/v1/programs?size=7", "")), "size");
        assert_eq!(field(of(Method::GET, "/v1/programs?pageSize=x", "")), "pageSize");
        assert_eq!(field(of(Method::GET, "/v1/programs?pageSize=1&page_size=2", "")), "page_size");
        assert_eq!(field(of(Method::GET, "/v1/programs/p?programId=q", "")), "programId");
        assert_eq!(field(of(Method::GET, "/v1/programs/p/adherence?activeOnly=1", "")), "activeOnly");
        assert_eq!(field(of(Method::POST, "/v1/programs?requestId=r", "{}")), "requestId");
        assert_eq!(
            field(of(Method::PUT, "/v1/people/p/availability?availability.zone=UTC", "{}")),
            "availability.zone"
        );
        assert_eq!(field(of(Method::PUT, "/v1/people/p/availability", "[]")), "availability");
        assert_eq!(field(of(Method::GET, "/v1/programs", "{}")), "");
        assert_eq!(field(of(Method::POST, "/v1/programs", "[]")), "");
        let many = "personIds=a&".repeat(MOST_PARAMETERS + 1);
        assert_eq!(field(of(Method::GET, &format!("/v1/slots?{many}"), "")), "");
    }
}
