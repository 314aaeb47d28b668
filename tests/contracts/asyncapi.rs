//! `deploy/asyncapi.yaml`: every event for people and tools outside, made from the descriptors.

use crate::repository;
use contracts::event_types;
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};
use std::{fmt::Write, fs};
use tests::{audit::subscriptions, reflect};

/// Set, the test writes the file instead of comparing it.
const WRITE: &str = "MENTOR_WRITE_ASYNCAPI";

#[test]
fn asyncapi_says_what_the_descriptors_say() {
    let path = repository("deploy/asyncapi.yaml");
    let made = document();
    if std::env::var_os(WRITE).is_some() {
        fs::write(&path, &made).expect("deploy/ can be written");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    if kept != made {
        let line = kept.lines().zip(made.lines()).position(|(a, b)| a != b).unwrap_or_default() + 1;
        panic!(
            "deploy/asyncapi.yaml is not what the descriptors say (line {line}); mend it by\n\
             {WRITE}=1 cargo test -p tests --test contracts asyncapi"
        );
    }
}

fn document() -> String {
    let document = json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Mentor Suite events",
            "version": "1.0.0",
            "description": "Past-tense facts, each owned by the service that publishes it. Topic exchange \
                `mentor.events`; the body is protobuf, shown here by its canonical JSON. Delivered at least once, \
                in order per aggregate; `cloudEvents_id` tells repetitions.",
            "license": { "name": "Apache-2.0" },
        },
        "defaultContentType": "application/protobuf",
        "channels": channels(),
        "operations": operations(),
        "components": {
            "messages": messages(),
            "messageTraits": { "event": { "headers": headers() } },
            "schemas": schemas(),
        },
    });
    let mut text =
        "# Made from the descriptors by tests/contracts/asyncapi.rs; not edited by hand.\n".to_owned();
    block(&document, 0, &mut text);
    text
}

fn simple(type_name: &str) -> &str {
    type_name.rsplit('.').next().unwrap_or_default()
}

fn channels() -> Value {
    let channels = event_types().iter().map(|kind| {
        let name = simple(kind.type_name);
        let channel = json!({
            "address": kind.routing_key,
            "messages": { name: { "$ref": format!("#/components/messages/{name}") } },
            "bindings": { "amqp": {
                "is": "routingKey",
                "exchange": { "name": "mentor.events", "type": "topic", "durable": true },
            } },
        });
        (name.to_owned(), channel)
    });
    Value::Object(channels.collect())
}

fn operations() -> Value {
    let mut operations = Map::new();
    for kind in event_types() {
        let name = simple(kind.type_name);
        let takers: Vec<&str> = subscriptions()
            .into_iter()
            .filter(|(_, types)| types.contains(&kind.type_name))
            .map(|(service, _)| service)
            .collect();
        operations.insert(
            format!("{}_sends_{name}", kind.service),
            json!({ "action": "send", "channel": { "$ref": format!("#/channels/{name}") } }),
        );
        for taker in takers {
            operations.insert(
                format!("{taker}_receives_{name}"),
                json!({ "action": "receive", "channel": { "$ref": format!("#/channels/{name}") } }),
            );
        }
    }
    Value::Object(operations)
}

fn messages() -> Value {
    let messages = reflect::events().map(|event| {
        let kind = event_types().iter().find(|kind| kind.type_name == event.full_name());
        let message = json!({
            "name": event.full_name(),
            "title": event.name(),
            "summary": comment(&event),
            "traits": [{ "$ref": "#/components/messageTraits/event" }],
            "payload": { "$ref": format!("#/components/schemas/{}", event.full_name()) },
            "x-owner": kind.map(|kind| kind.service),
            "x-aggregate": kind.map(|kind| kind.aggregate),
        });
        (event.name().to_owned(), message)
    });
    Value::Object(messages.collect())
}

fn comment(message: &MessageDescriptor) -> String {
    one_line(&reflect::comment(&message.parent_file(), message.path()))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn headers() -> Value {
    let text = |description: &str| json!({ "type": "string", "description": description });
    let uuid = |description: &str| json!({ "type": "string", "format": "uuid", "description": description });
    json!({
        "type": "object",
        "required": ["cloudEvents_id", "cloudEvents_source", "cloudEvents_type", "cloudEvents_subject",
            "cloudEvents_time", "cloudEvents_tenant", "cloudEvents_aggregate"],
        "properties": {
            "cloudEvents_specversion": { "type": "string", "const": "1.0" },
            "cloudEvents_id": uuid("Unique for ever; the same when the event is delivered again."),
            "cloudEvents_source": text("The owner, such as //mentor/enrollment."),
            "cloudEvents_type": text("Full name of the message."),
            "cloudEvents_subject": text("Id of the aggregate."),
            "cloudEvents_time": { "type": "string", "format": "date-time", "description": "When it happened." },
            "cloudEvents_tenant": uuid("Whose data it is about."),
            "cloudEvents_aggregate": text("Kind of the aggregate, such as match."),
            "cloudEvents_sequence": text("Grows with every event of the aggregate."),
            "cloudEvents_correlation": uuid("The request at the root of it."),
            "cloudEvents_causation": uuid("The event that caused it, if one did."),
            "cloudEvents_actor": text("Who caused it: the subject of a token, or system:<service>."),
            "traceparent": text("W3C trace context."),
        },
    })
}

/// The events and everything they hold.
fn schemas() -> Value {
    let (mut schemas, mut open) = (Map::new(), reflect::events().collect::<Vec<_>>());
    while let Some(message) = open.pop() {
        if schemas.contains_key(message.full_name()) {
            continue;
        }
        let mut properties = Map::new();
        for field in message.fields() {
            properties.insert(field.json_name().to_owned(), property(&field));
            if let Kind::Message(nested) = field.kind()
                && nested.package_name().starts_with("mentor.")
            {
                open.push(nested);
            }
        }
        let schema = json!({ "type": "object", "description": comment(&message), "properties": properties });
        schemas.insert(message.full_name().to_owned(), schema);
    }
    Value::Object(schemas)
}

fn property(field: &FieldDescriptor) -> Value {
    let mut schema = kind(field);
    if field.is_list() {
        schema = json!({ "type": "array", "items": schema });
    }
    if let Value::Object(map) = &mut schema
        && !map.contains_key("$ref")
    {
        let file = field.parent_message().parent_file();
        map.insert("description".to_owned(), one_line(&reflect::comment(&file, field.path())).into());
        map.insert("x-protobuf-field".to_owned(), field.number().into());
    }
    schema
}

fn kind(field: &FieldDescriptor) -> Value {
    match field.kind() {
        Kind::Message(nested) if nested.full_name() == "google.protobuf.Timestamp" => {
            json!({ "type": "string", "format": "date-time" })
        }
        Kind::Message(nested) => json!({ "$ref": format!("#/components/schemas/{}", nested.full_name()) }),
        Kind::Enum(declared) => {
            let names: Vec<String> = declared.values().map(|value| value.name().to_owned()).collect();
            json!({ "type": "string", "enum": names })
        }
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::String => json!({ "type": "string" }),
        Kind::Bytes => json!({ "type": "string", "contentEncoding": "base64" }),
        Kind::Int64 | Kind::Uint64 | Kind::Sint64 | Kind::Fixed64 | Kind::Sfixed64 => {
            json!({ "type": "string", "pattern": "^-?[0-9]+$" })
        }
        Kind::Double | Kind::Float => json!({ "type": "number" }),
        _ => json!({ "type": "integer" }),
    }
}

/// YAML in block style; texts are quoted as in JSON, of which YAML is a superset.
fn block(value: &Value, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let _ = write!(out, "{indent}{}:", plain(key));
                nested(value, depth, out);
            }
        }
        Value::Array(items) => {
            for item in items {
                let _ = write!(out, "{indent}-");
                nested(item, depth, out);
            }
        }
        scalar => {
            let _ = writeln!(out, "{indent}{scalar}");
        }
    }
}

fn nested(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::Object(map) if map.is_empty() => out.push_str(" {}\n"),
        Value::Array(items) if items.is_empty() => out.push_str(" []\n"),
        Value::Object(_) | Value::Array(_) => {
            out.push('\n');
            block(value, depth + 1, out);
        }
        scalar => {
            let _ = writeln!(out, " {scalar}");
        }
    }
}

fn plain(key: &str) -> String {
    let safe = key.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c)) && !key.is_empty();
    if safe { key.to_owned() } else { format!("{key:?}") }
}
