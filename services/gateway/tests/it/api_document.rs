//! Every RPC of the descriptors has its address, its operation and a JSON form that goes there and back.

use crate::api_client::{Answer, Api, send};
use prost_reflect::{DynamicMessage, MethodDescriptor};
use reqwest::Method;
use serde::de::DeserializeSeed;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

fn rpcs() -> Vec<MethodDescriptor> {
    let ours = contracts::pool().services().filter(|service| service.full_name().starts_with("mentor."));
    ours.flat_map(|service| service.methods().collect::<Vec<_>>()).collect()
}

fn name(rpc: &MethodDescriptor) -> String {
    format!("{}/{}", rpc.parent_service().full_name(), rpc.name())
}

async fn document(api: &Api) -> Value {
    send(api.strange(Method::GET, "/api/openapi.json")).await.ok()
}

#[tokio::test]
async fn every_rpc_has_an_address() {
    let api = Api::start().await;
    let rpcs = rpcs();
    assert!(rpcs.len() > 70, "{}", rpcs.len());
    for rpc in rpcs {
        let body = if rpc.is_client_streaming() { json!([]) } else { json!({}) };
        let answer = api.post(&format!("/api/{}", name(&rpc)), body).await;
        let here =
            ["mentor.gateway.", "mentor.common."].iter().any(|package| rpc.full_name().starts_with(package));
        let known = |answer: &Answer| match here {
            // Let in, or refused for what an empty request lacks.
            true => answer.status == 200 || answer.refused().0 == 400,
            false => answer.refused() == (503, 14, "DEPENDENCY_UNAVAILABLE"),
        };
        assert!(known(&answer), "{}: {answer:?}", rpc.full_name());
    }
}

#[tokio::test]
async fn every_rpc_and_route_has_an_operation() {
    let api = Api::start().await;
    let document = document(&api).await;
    assert_eq!(document["openapi"], "3.1.0");
    let http = contracts::pool().get_extension_by_name("google.api.http").expect("vendored");
    let mut ids = BTreeSet::new();
    let mut routes = 0;
    for rpc in rpcs() {
        let operation = &document["paths"][format!("/api/{}", name(&rpc))]["post"];
        assert!(
            operation["requestBody"]["content"]["application/json"]["schema"].is_object(),
            "{}",
            rpc.full_name()
        );
        let mut operations = vec![operation];
        let options = rpc.options();
        if options.has_extension(&http) {
            let rule = options.get_extension(&http);
            let rule = rule.as_message().expect("a message");
            let text = |field: &str| {
                rule.get_field_by_name(field).and_then(|value| value.as_str().map(str::to_owned))
            };
            let set = ["get", "put", "post", "delete", "patch"].into_iter();
            let (method, path) = set
                .filter_map(|method| Some((method, text(method).filter(|path| !path.is_empty())?)))
                .next()
                .expect("one");
            let operation = &document["paths"][format!("/api{path}")][method];
            for field in path.split('{').skip(1).filter_map(|part| part.split('}').next()) {
                let declared = operation["parameters"].as_array().is_some_and(|parameters| {
                    parameters.iter().any(|parameter| parameter["name"] == field && parameter["in"] == "path")
                });
                assert!(declared, "{method} {path}: {field}");
            }
            operations.push(operation);
            routes += 1;
        }
        for operation in operations {
            let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{}", rpc.full_name()));
            assert!(ids.insert(id.to_owned()), "{id} twice");
            assert!(operation["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{id}");
            let description = operation["description"].as_str().unwrap_or_default();
            assert!(description.contains("PERMISSION_"), "{id}: {description}");
            let answer = if rpc.is_server_streaming() { "text/event-stream" } else { "application/json" };
            assert!(operation["responses"]["200"]["content"][answer]["schema"].is_object(), "{id}");
        }
    }
    assert!(routes > 60, "{routes}");
    let mut references = Vec::new();
    collect(&document, &mut references);
    for reference in references {
        let pointer = reference.strip_prefix('#').expect("within the document");
        assert!(document.pointer(pointer).is_some_and(Value::is_object), "{reference}");
    }
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            references.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|value| collect(value, references));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        _ => {}
    }
}

/// The rules beside the fields are constraints; what must be set is required of requests.
#[tokio::test]
async fn rules_are_constraints() {
    let api = Api::start().await;
    let document = document(&api).await;
    let schema = |name: &str| &document["components"]["schemas"][name];
    let create = schema("mentor.gateway.v1.CreateConnectionRequest");
    assert_eq!(create["required"], json!(["requestId", "name"]), "{create}");
    assert_eq!(create["properties"]["requestId"]["format"], "uuid");
    let meeting = &schema("mentor.scheduling.v1.ScheduleMeetingRequest")["properties"];
    let duration = &meeting["durationMinutes"];
    assert_eq!(duration["anyOf"][0], json!({ "const": 0 }), "{duration}");
    assert_eq!(
        (&duration["anyOf"][1]["minimum"], &duration["anyOf"][1]["maximum"]),
        (&json!(5), &json!(480))
    );
    assert_eq!(meeting["title"]["maxLength"], 200);
    assert!(meeting["title"]["description"].as_str().is_some_and(|text| text.contains("200")), "{meeting}");
    let cancel = &schema("mentor.scheduling.v1.CancelMeetingRequest")["properties"]["scope"];
    assert_eq!(cancel["not"], json!({ "enum": ["CANCEL_SCOPE_UNSPECIFIED"] }));
    let held = &schema("mentor.scheduling.v1.AttendanceHeld")["properties"]["attendedPersonIds"];
    assert_eq!(
        (&held["minItems"], &held["uniqueItems"], &held["items"]["format"]),
        (&json!(2), &json!(true), &json!("uuid"))
    );
    let outcome = &schema("mentor.scheduling.v1.RecordAttendanceRequest")["allOf"];
    assert_eq!(outcome, &json!([{ "oneOf": [{ "required": ["held"] }, { "required": ["missed"] }] }]));
    let publish = &document["paths"]["/api/v1/programs/{program_id}:publish"]["post"];
    let body = &publish["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(body["properties"].as_object().map(Map::len), Some(1), "the address has the rest: {body}");
}

/// What the schema describes is what the message is: made from the one, read and written by the other, nothing is lost.
#[tokio::test]
async fn json_of_every_message_goes_there_and_back() {
    let api = Api::start().await;
    let document = document(&api).await;
    for rpc in rpcs() {
        for message in [rpc.input(), rpc.output()] {
            for choice in 0..3 {
                let reference = json!({ "$ref": format!("#/components/schemas/{}", message.full_name()) });
                let sample = Sample { document: &document, choice }.of(&reference, 0);
                let read: Result<DynamicMessage, _> = message.clone().deserialize(sample.clone());
                let read = read.unwrap_or_else(|error| panic!("{}: {error}: {sample}", message.full_name()));
                let bytes = prost::Message::encode_to_vec(&read);
                let decoded =
                    DynamicMessage::decode(message.clone(), bytes.as_slice()).expect("what was encoded");
                assert_eq!(serde_json::to_value(&decoded).expect("JSON"), sample, "{}", message.full_name());
            }
        }
    }
}

/// Makes values that a schema allows.
struct Sample<'a> {
    document: &'a Value,
    /// Which of several values.
    choice: usize,
}

impl Sample<'_> {
    fn of(&self, schema: &Value, depth: usize) -> Value {
        if let Some(reference) = schema["$ref"].as_str() {
            let target = self.document.pointer(reference.trim_start_matches('#')).expect("resolvable");
            return self.of(target, depth);
        }
        if let Some(any) = schema["anyOf"].as_array() {
            return self.of(any.last().expect("one"), depth);
        }
        if let Some(values) = schema["enum"].as_array() {
            // The first is the default, which is not written.
            return values[1 + self.choice % (values.len() - 1)].clone();
        }
        match schema["type"].as_str().or(schema["type"][0].as_str()) {
            Some("object") => self.object(schema, depth),
            Some("array") => {
                let count = schema["minItems"].as_u64().unwrap_or(1).max(1);
                (0..count).map(|_| self.of(&schema["items"], depth + 1)).collect()
            }
            Some("boolean") => true.into(),
            Some("integer") => schema["minimum"].as_i64().unwrap_or(1).max(1).into(),
            Some("number") => json!(schema["minimum"].as_f64().unwrap_or(0.5).max(0.5)),
            Some("string") => self.text(schema).into(),
            other => panic!("{other:?}: {schema}"),
        }
    }

    fn object(&self, schema: &Value, depth: usize) -> Value {
        if schema["additionalProperties"].is_object() {
            return json!({ "key": self.of(&schema["additionalProperties"], depth + 1) });
        }
        let mut left_out = BTreeSet::new();
        for one_of in schema["allOf"].as_array().into_iter().flatten() {
            let fields: Vec<_> = one_of["oneOf"]
                .as_array()
                .expect("choices")
                .iter()
                .filter_map(|c| c["required"][0].as_str())
                .collect();
            let chosen = fields[self.choice % fields.len()];
            left_out.extend(fields.into_iter().filter(|field| *field != chosen));
        }
        let properties = schema["properties"].as_object().into_iter().flatten();
        // Messages may hold themselves.
        let properties = properties
            .filter(|(name, of)| !left_out.contains(name.as_str()) && (depth < 8 || of["type"].is_string()));
        Value::Object(properties.map(|(name, of)| (name.clone(), self.of(of, depth + 1))).collect())
    }

    fn text(&self, schema: &Value) -> String {
        let length = schema["minLength"].as_u64().unwrap_or(1).max(1);
        match (schema["format"].as_str(), schema["pattern"].as_str()) {
            (Some("uuid"), _) => format!("01941f29-7c00-7aaa-9b5e-5a3f0d0f3c1{}", self.choice),
            (Some("date-time"), _) => "2026-03-08T14:00:00.250Z".to_owned(),
            (Some("byte"), _) => "YWJj".to_owned(),
            (Some("int64" | "uint64"), _) => format!("900719925474099{}", self.choice),
            (_, Some(pattern)) if pattern.ends_with("s$") => "3.500s".to_owned(),
            _ => "x".repeat(usize::try_from(length).expect("short")),
        }
    }
}

#[tokio::test]
async fn the_page_shows_all_and_needs_nothing() {
    let api = Api::start().await;
    let page = send(api.strange(Method::GET, "/api/docs")).await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    for rpc in rpcs() {
        assert!(page.text.contains(&format!("/api/{}", name(&rpc))), "{}", rpc.full_name());
        let anchor = format!("id=\"{}\"", rpc.input().full_name());
        assert!(page.text.contains(&anchor), "{anchor}");
    }
    for elsewhere in ["<script", "src=", "@import", "url(", "href=\"http"] {
        assert!(!page.text.contains(elsewhere), "{elsewhere}");
    }
    // Every link leads to something.
    let anchors: BTreeSet<&str> =
        page.text.split("id=\"").skip(1).filter_map(|part| part.split('"').next()).collect();
    for link in page.text.split("href=\"#").skip(1).filter_map(|part| part.split('"').next()) {
        assert!(anchors.contains(link), "{link}");
    }
}
