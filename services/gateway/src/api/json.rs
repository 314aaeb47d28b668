//! Canonical protobuf JSON to messages and back. Pure.

use axum::body::Bytes;
use kernel::{Error, ErrorKind, FieldViolation, Result};
use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor};
use serde::{
    Deserializer,
    de::{DeserializeSeed, Error as _, SeqAccess, Visitor},
};
use std::fmt;

/// Messages that one request may have.
const MOST_MESSAGES: usize = 10_000;

/// What is said of a request as a whole.
pub(crate) fn refused(message: String) -> Box<Error> {
    Error::new(ErrorKind::InvalidArgument, "FIELD_INVALID", message)
}

/// A message from JSON text; nothing at all is an empty message.
///
/// # Errors
/// `FIELD_INVALID`, naming the field as the client wrote it.
pub(crate) fn read(of: &MessageDescriptor, text: &[u8]) -> Result<DynamicMessage> {
    if text.iter().all(u8::is_ascii_whitespace) {
        return Ok(DynamicMessage::new(of.clone()));
    }
    let mut json = serde_json::Deserializer::from_slice(text);
    if let (Ok(message), Ok(())) = (of.clone().deserialize(&mut json), json.end()) {
        return Ok(message);
    }
    // Once more, to say where it is wrong: keeping track costs more than reading.
    let mut json = serde_json::Deserializer::from_slice(text);
    let message = within(of.clone(), &mut json)?;
    json.end().map_err(|error| refused(format!("the body is not JSON: {error}")))?;
    Ok(message)
}

/// A message from a JSON value.
///
/// # Errors
/// As [`read`].
pub(crate) fn of_value(of: &MessageDescriptor, value: &serde_json::Value) -> Result<DynamicMessage> {
    of.clone().deserialize(value).or_else(|_| within(of.clone(), value))
}

/// A message as it is sent.
pub(crate) fn encoded(message: &DynamicMessage) -> Bytes {
    message.encode_to_vec().into()
}

/// Messages as they are sent, one after another: from a JSON array, or a line each. Each is encoded as soon as it is read:
/// a message in memory takes many times what its text did.
///
/// # Errors
/// As [`read`], with the message's place.
pub(crate) fn read_all(of: &MessageDescriptor, text: &[u8], lines: bool) -> Result<Vec<Bytes>> {
    if !lines {
        let mut json = serde_json::Deserializer::from_slice(text);
        let messages = within(Several(of.clone()), &mut json)?;
        json.end().map_err(|error| refused(format!("the body is not JSON: {error}")))?;
        return Ok(messages);
    }
    let mut messages = Vec::new();
    for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        if messages.len() == MOST_MESSAGES {
            return Err(refused(too_many()));
        }
        let message = read(of, line).map_err(|mut error| {
            error.message = format!("line {}: {}", index + 1, error.message).into();
            error
        })?;
        messages.push(encoded(&message));
    }
    Ok(messages)
}

fn too_many() -> String {
    format!("more than {MOST_MESSAGES} messages; put more into each")
}

/// The text of a message.
///
/// # Errors
/// Internal, when it has none, such as a time that JSON can't say.
pub(crate) fn write(message: &DynamicMessage) -> Result<String> {
    serde_json::to_string(message).map_err(Error::internal)
}

fn within<'de, S, D>(seed: S, json: D) -> Result<S::Value>
where
    S: DeserializeSeed<'de>,
    D: Deserializer<'de>,
    D::Error: fmt::Display,
{
    let mut track = serde_path_to_error::Track::new();
    let read = seed.deserialize(serde_path_to_error::Deserializer::new(json, &mut track));
    read.map_err(|error| {
        let what = error.to_string();
        let field = field(&track.path().to_string(), unknown(&what));
        if field.is_empty() {
            return refused(format!("the request is not as it should be: {what}"));
        }
        let mut refused = refused(format!("{field}: {what}"));
        refused.violations = vec![FieldViolation { field, description: what }];
        refused
    })
}

/// The name in the library's refusal of a field that the message does not have: its path ends at the message.
fn unknown(what: &str) -> Option<&str> {
    what.strip_prefix("unrecognized field name '")?.split('\'').next()
}

fn field(path: &str, unknown: Option<&str>) -> String {
    let path = if path == "." { "" } else { path };
    let separator = if path.is_empty() || unknown.is_none() { "" } else { "." };
    format!("{path}{separator}{}", unknown.unwrap_or_default())
}

/// A JSON array of messages.
struct Several(MessageDescriptor);

impl<'de> DeserializeSeed<'de> for Several {
    type Value = Vec<Bytes>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> std::result::Result<Self::Value, D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Several {
    type Value = Vec<Bytes>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of messages")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<Self::Value, A::Error> {
        let mut messages = Vec::new();
        while let Some(message) = seq.next_element_seed(self.0.clone())? {
            if messages.len() == MOST_MESSAGES {
                return Err(A::Error::custom(too_many()));
            }
            messages.push(encoded(&message));
        }
        Ok(messages)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(name: &str) -> MessageDescriptor {
        contracts::pool().get_message_by_name(name).expect("declared")
    }

    fn violation(error: &Error) -> &str {
        error.violations.first().map_or("", |violation| violation.field.as_str())
    }

    #[test]
    fn a_refusal_names_the_field_as_it_was_written() {
        let create = message("mentor.enrollment.v1.CreateProgramRequest");
        for (text, field) in [
            (r#"{"requestId": 7}"#, "requestId"),
            (r#"{"spec": {"name": ["x"]}}"#, "spec.name"),
            (r#"{"spec": {"nmae": "x"}}"#, "spec.nmae"),
            (r#"{"spec": 1}"#, "spec"),
        ] {
            let error = read(&create, text.as_bytes()).expect_err(text);
            assert_eq!((error.reason, violation(&error)), ("FIELD_INVALID", field), "{text}: {error}");
        }
        for text in ["[]", "7", "{", "{}{}", "\"x\"", "{\"requestId\": \"\u{1}\"}"] {
            assert_eq!(read(&create, text.as_bytes()).expect_err(text).reason, "FIELD_INVALID", "{text}");
        }
        let deep = "[".repeat(100_000);
        assert!(read(&create, format!("{{\"spec\": {deep}").as_bytes()).is_err());
    }

    #[test]
    fn several_messages_are_an_array_or_lines() {
        let import = message("mentor.enrollment.v1.ImportPeopleRequest");
        let array = br#"[{"options": {}}, {"csvChunk": "YQ=="}]"#;
        let lines = b"{\"options\": {}}\n\n{\"csvChunk\": \"YQ==\"}\r\n";
        let read_array = read_all(&import, array, false).expect("an array");
        assert_eq!(read_array, read_all(&import, lines, true).expect("lines"));
        assert_eq!(read_array.len(), 2);
        let error = read_all(&import, b"{\"options\": {}}\n{\"x\": 1}", true).expect_err("unknown");
        assert!(error.message.starts_with("line 2: x: "), "{error}");
        let error =
            read_all(&import, br#"[{"options": {}}, {"csvChunk": "%"}]"#, false).expect_err("no base64");
        assert_eq!(violation(&error), "[1].csvChunk");
        let many = format!("[{}{{}}]", "{},".repeat(MOST_MESSAGES));
        for (text, lines) in
            [(many.clone(), false), (many.replace("},", "}\n").replace(['[', ']'], ""), true)]
        {
            let error = read_all(&import, text.as_bytes(), lines).expect_err("too many");
            assert!(error.message.contains("more than 10000 messages"), "{error}");
        }
        assert!(read_all(&import, b"{}", false).is_err() && read_all(&import, b"", false).is_err());
    }
}
