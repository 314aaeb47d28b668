//! Bytes of every event, as they were written once: they must decode for ever.

use crate::repository;
use contracts::event_types;
use prost::Message;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value};
use serde_json::json;
use std::{fs, path::PathBuf};
use tests::reflect;

/// `tests/contracts/golden/<routing key>.json`: the type, the bytes in hexadecimal, and what they say.
fn file(routing_key: &str) -> PathBuf {
    repository("tests/contracts/golden").join(format!("{routing_key}.json"))
}

#[test]
fn golden_bytes_of_every_event_decode_as_ever() {
    let (mut written, mut wrong) = (Vec::new(), Vec::new());
    for kind in event_types() {
        let path = file(kind.routing_key);
        let Ok(text) = fs::read_to_string(&path) else {
            write(&path, &descriptor(kind.type_name));
            written.push(path.display().to_string());
            continue;
        };
        let golden: serde_json::Value = serde_json::from_str(&text).expect("golden files are JSON");
        let bytes = unhex(golden["bytes"].as_str().unwrap_or_default());
        match DynamicMessage::decode(descriptor(kind.type_name), bytes.as_slice()) {
            Ok(message) => {
                let says = reflect::json(&message);
                if says != golden["says"] {
                    wrong.push(format!("{}\n    was  {}\n    now  {says}", kind.type_name, golden["says"]));
                }
                // A field that was removed would hide among the unknown ones.
                if message.unknown_fields().next().is_some() {
                    wrong.push(format!("{}: a field is unknown now", kind.type_name));
                }
            }
            Err(error) => wrong.push(format!("{}: {error}", kind.type_name)),
        }
    }
    assert!(
        wrong.is_empty(),
        "events that were published before read otherwise now:\n  {}",
        wrong.join("\n  ")
    );
    assert!(written.is_empty(), "new events; commit what was written: git add {}", written.join(" "));
}

#[test]
fn no_golden_file_is_left_over() {
    let known: Vec<PathBuf> = event_types().iter().map(|kind| file(kind.routing_key)).collect();
    for entry in fs::read_dir(repository("tests/contracts/golden")).expect("golden files are committed") {
        let path = entry.expect("a readable folder").path();
        let owned = known.iter().any(|known| known.file_name() == path.file_name());
        assert!(owned, "{} belongs to no event: events that were published stay declared", path.display());
    }
}

fn descriptor(type_name: &str) -> MessageDescriptor {
    reflect::pool().get_message_by_name(type_name).expect("every event is declared")
}

fn write(path: &PathBuf, descriptor: &MessageDescriptor) {
    let message = populated(descriptor, &mut 0);
    let golden = json!({
        "type": descriptor.full_name(),
        "bytes": hex(&message.encode_to_vec()),
        "says": reflect::json(&message),
    });
    let text = serde_json::to_string_pretty(&golden).expect("JSON of JSON");
    fs::write(path, text + "\n").expect("the folder of golden files can be written");
}

/// Every field set, each to another value; the same in every run.
fn populated(descriptor: &MessageDescriptor, count: &mut i32) -> DynamicMessage {
    let mut message = DynamicMessage::new(descriptor.clone());
    for field in descriptor.fields() {
        if reflect::real_oneof(&field).is_some_and(|_| is_later_choice(&field)) {
            continue;
        }
        let value = if field.is_map() {
            let key = MapKey::String("key".to_owned());
            let entry = field.kind().as_message().map(|entry| entry.map_entry_value_field());
            let value = entry.map(|field| single(&field, count)).expect("a map has entries");
            Value::Map([(key, value)].into())
        } else if field.is_list() {
            Value::List(vec![single(&field, count), single(&field, count)])
        } else {
            single(&field, count)
        };
        message.set_field(&field, value);
    }
    message
}

fn is_later_choice(field: &FieldDescriptor) -> bool {
    let first = field.containing_oneof().and_then(|oneof| oneof.fields().next());
    first.is_none_or(|first| first.number() != field.number())
}

fn single(field: &FieldDescriptor, count: &mut i32) -> Value {
    *count += 1;
    let n = *count;
    match field.kind() {
        Kind::Message(nested) if nested.full_name() == "google.protobuf.Timestamp" => timestamp(&nested, n),
        Kind::Message(nested) => Value::Message(populated(&nested, count)),
        Kind::Enum(declared) => {
            let last = declared.values().map(|value| value.number()).max();
            Value::EnumNumber(last.expect("an enum has values"))
        }
        Kind::Bool => Value::Bool(true),
        Kind::String if field.name().ends_with("_id") || field.name() == "manager_chain" => {
            Value::String(format!("01941f29-7c00-7000-8000-{n:012x}"))
        }
        Kind::String => Value::String(format!("{} {n} äß∑🙂", field.name())),
        Kind::Bytes => Value::Bytes(vec![0, 1, 255].into()),
        Kind::Double => Value::F64(f64::from(n) + 0.5),
        Kind::Float => Value::F32(0.5),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(n - 1000),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(i64::from(n) - (1 << 40)),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(n.unsigned_abs()),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(1 << 40),
    }
}

fn timestamp(descriptor: &MessageDescriptor, n: i32) -> Value {
    let mut message = DynamicMessage::new(descriptor.clone());
    message.set_field_by_name("seconds", Value::I64(1_736_154_000 + i64::from(n)));
    message.set_field_by_name("nanos", Value::I32(123_456_000));
    Value::Message(message)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.chars().filter_map(|c| c.to_digit(16)).map(|d| d.to_le_bytes()[0]).collect();
    digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| (byte << 4) | digit)).collect()
}
