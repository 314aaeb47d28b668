//! Messages as JSON Schema, in the form that canonical protobuf JSON has. Pure.

use super::{comments::Comments, rules::Rules};
use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, HashSet};

/// Schemas of messages, each made once.
pub(crate) struct Schemas<'a> {
    comments: &'a Comments,
    /// Messages that are answered: what an answer lacks is its default.
    answered: HashSet<String>,
    made: BTreeMap<String, Json>,
}

impl<'a> Schemas<'a> {
    /// None yet. `answers` are the messages that RPCs give.
    pub(crate) fn new(comments: &'a Comments, answers: impl Iterator<Item = MessageDescriptor>) -> Self {
        let mut answered = HashSet::new();
        let mut open: Vec<MessageDescriptor> = answers.collect();
        while let Some(message) = open.pop() {
            if answered.insert(message.full_name().to_owned()) {
                open.extend(message.fields().filter_map(|field| field.kind().as_message().cloned()));
            }
        }
        Schemas { comments, answered, made: BTreeMap::new() }
    }

    /// All that were made, by name.
    pub(crate) fn finish(self) -> Map<String, Json> {
        self.made.into_iter().collect()
    }

    /// A reference to a message's schema, or the schema where JSON has a form of its own.
    pub(crate) fn message(&mut self, message: &MessageDescriptor) -> Json {
        if let Some(known) = well_known(message.full_name()) {
            return known;
        }
        let name = message.full_name().to_owned();
        if !self.made.contains_key(&name) {
            self.made.insert(name.clone(), Json::Null); // those that hold themselves
            let schema = self.object(message, &[]);
            self.made.insert(name.clone(), schema);
        }
        reference(&name)
    }

    /// The schema of a message without some of its fields.
    pub(crate) fn object(&mut self, message: &MessageDescriptor, without: &[&FieldDescriptor]) -> Json {
        let (mut properties, mut required) = (Map::new(), Vec::new());
        let fields: Vec<_> = message.fields().filter(|field| !without.contains(&field)).collect();
        for field in &fields {
            properties.insert(field.json_name().to_owned(), self.field(field));
            if self.needs(field) {
                required.push(Json::from(field.json_name()));
            }
        }
        let mut schema = Map::from_iter([("type".to_owned(), "object".into())]);
        let comment = self.comments.of(&message.parent_file(), message.path());
        if !comment.is_empty() {
            schema.insert("description".to_owned(), comment.into());
        }
        if !properties.is_empty() {
            schema.insert("properties".to_owned(), properties.into());
        }
        if !required.is_empty() {
            schema.insert("required".to_owned(), required.into());
        }
        let choices: Vec<Json> =
            message.oneofs().filter(|oneof| !oneof.is_synthetic()).map(|oneof| choice(&oneof)).collect();
        if !choices.is_empty() {
            schema.insert("allOf".to_owned(), choices.into());
        }
        Json::Object(schema)
    }

    /// Whether a request must name the field.
    pub(crate) fn needs(&self, field: &FieldDescriptor) -> bool {
        !self.answered.contains(field.parent_message().full_name()) && Rules::of(field).needs_value(field)
    }

    /// The schema of a field, with its rules and what is said of it.
    pub(crate) fn field(&mut self, field: &FieldDescriptor) -> Json {
        let one = |schemas: &mut Self, kind: &Kind| match kind {
            Kind::Message(message) => schemas.message(message),
            Kind::Enum(of) => schemas.choice_of(of),
            scalar => of_scalar(scalar),
        };
        let kind = field.kind();
        let schema = match &kind {
            Kind::Message(entry) if field.is_map() => {
                let value = one(self, &entry.map_entry_value_field().kind());
                json!({ "type": "object", "additionalProperties": value })
            }
            kind if field.is_list() => json!({ "type": "array", "items": one(self, kind) }),
            kind => one(self, kind),
        };
        let mut schema = Rules::of(field).constrain(field, schema);
        let comment = self.comments.of(&field.parent_file(), field.path());
        if let (Json::Object(schema), false) = (&mut schema, comment.is_empty()) {
            schema.insert("description".to_owned(), comment.into());
        }
        schema
    }

    fn choice_of(&mut self, of: &EnumDescriptor) -> Json {
        let name = of.full_name().to_owned();
        if !self.made.contains_key(&name) {
            let file = of.parent_file();
            let values: Vec<String> = of.values().map(|value| value.name().to_owned()).collect();
            let said = of
                .values()
                .map(|value| format!("- {}: {}", value.name(), self.comments.of(&file, value.path())));
            let said: Vec<String> = said.collect();
            let description = format!("{}\n\n{}", self.comments.of(&file, of.path()), said.join("\n"));
            self.made.insert(
                name.clone(),
                json!({ "type": "string", "enum": values, "description": description.trim() }),
            );
        }
        reference(&name)
    }
}

fn reference(name: &str) -> Json {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// At most one of the fields; exactly one where the rules say so.
fn choice(oneof: &prost_reflect::OneofDescriptor) -> Json {
    let only = |field: FieldDescriptor| json!({ "required": [field.json_name()] });
    let mut choices: Vec<Json> = oneof.fields().map(only).collect();
    let pool = oneof.parent_message().parent_pool().clone();
    let required = pool.get_extension_by_name("buf.validate.oneof").is_some_and(|option| {
        let options = oneof.options();
        let rules = options.get_extension(&option);
        let required = rules.as_message().and_then(|rules| rules.get_field_by_name("required"));
        required.is_some_and(|required| required.as_bool() == Some(true))
    });
    if !required {
        choices.push(json!({ "not": { "anyOf": choices } }));
    }
    json!({ "oneOf": choices })
}

fn of_scalar(kind: &Kind) -> Json {
    match kind {
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::String => json!({ "type": "string" }),
        Kind::Bytes => json!({ "type": "string", "format": "byte" }),
        Kind::Double => json!({ "type": "number", "format": "double" }),
        Kind::Float => json!({ "type": "number", "format": "float" }),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => json!({ "type": "integer", "format": "int32" }),
        Kind::Uint32 | Kind::Fixed32 => {
            json!({ "type": "integer", "format": "int64", "minimum": 0, "maximum": u32::MAX })
        }
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
            json!({ "type": ["string", "integer"], "format": "int64", "pattern": "^-?[0-9]{1,19}$" })
        }
        Kind::Uint64 | Kind::Fixed64 => {
            json!({ "type": ["string", "integer"], "format": "uint64", "pattern": "^[0-9]{1,20}$", "minimum": 0 })
        }
        Kind::Message(_) | Kind::Enum(_) => Json::Object(Map::new()),
    }
}

/// Messages that have a form of their own in JSON (<https://protobuf.dev/programming-guides/json/>).
fn well_known(name: &str) -> Option<Json> {
    Some(match name.strip_prefix("google.protobuf.")? {
        "Timestamp" => json!({ "type": "string", "format": "date-time" }),
        "Duration" => {
            json!({ "type": "string", "pattern": "^-?[0-9]{1,12}(\\.[0-9]{1,9})?s$", "examples": ["3.5s"] })
        }
        "FieldMask" => json!({ "type": "string", "examples": ["name,policy.cadence"] }),
        "Empty" | "Struct" => json!({ "type": "object" }),
        "Any" => {
            json!({ "type": "object", "properties": { "@type": { "type": "string" } }, "required": ["@type"] })
        }
        "Value" => json!({}),
        "ListValue" => json!({ "type": "array", "items": {} }),
        "BoolValue" => json!({ "type": "boolean" }),
        "StringValue" => json!({ "type": "string" }),
        "BytesValue" => json!({ "type": "string", "format": "byte" }),
        "Int32Value" => of_scalar(&Kind::Int32),
        "Int64Value" => of_scalar(&Kind::Int64),
        "UInt32Value" => of_scalar(&Kind::Uint32),
        "UInt64Value" => of_scalar(&Kind::Uint64),
        "FloatValue" | "DoubleValue" => json!({ "type": "number" }),
        _ => return None,
    })
}
