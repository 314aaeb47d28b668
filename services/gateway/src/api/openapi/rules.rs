//! The rules beside the fields (`buf.validate`) as constraints of JSON Schema. Pure.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, Value};
use serde_json::{Map, Value as Json, json};

/// The rules of one field.
pub(crate) struct Rules {
    typed: Option<DynamicMessage>,
    /// The value must be set.
    required: bool,
    /// The zero value is always right.
    zero_is_fine: bool,
}

impl Rules {
    /// Those that the field's options declare.
    pub(crate) fn of(field: &FieldDescriptor) -> Self {
        let mut rules = Rules { typed: None, required: false, zero_is_fine: false };
        let Some(option) = field.parent_file().parent_pool().get_extension_by_name("buf.validate.field")
        else {
            return rules;
        };
        let options = field.options();
        if !options.has_extension(&option) {
            return rules;
        }
        let declared = options.get_extension(&option);
        for (of, value) in declared.as_message().into_iter().flat_map(DynamicMessage::fields) {
            match (of.name(), value) {
                ("required", Value::Bool(set)) => rules.required = *set,
                // IGNORE_IF_ZERO_VALUE
                ("ignore", Value::EnumNumber(number)) => rules.zero_is_fine = *number != 0,
                (_, Value::Message(typed)) => rules.typed = Some(typed.clone()),
                _ => {}
            }
        }
        rules
    }

    /// Whether leaving the field out breaks a rule.
    pub(crate) fn needs_value(&self, field: &FieldDescriptor) -> bool {
        if self.required || self.zero_is_fine || field.supports_presence() {
            return self.required && !self.zero_is_fine;
        }
        let typed = self.typed.iter().flat_map(DynamicMessage::fields);
        typed.into_iter().any(|(rule, value)| match (rule.name(), value) {
            ("min_len" | "min_items", Value::U64(least)) => *least > 0,
            ("uuid", Value::Bool(set)) => *set,
            ("gte", value) => number(value).is_some_and(|least| least > 0.0),
            ("not_in", Value::List(values)) => values.iter().any(|value| number(value) == Some(0.0)),
            _ => false,
        })
    }

    /// Adds the constraints to the schema of the field's value; of a list, to that of the list.
    pub(crate) fn constrain(&self, field: &FieldDescriptor, schema: Json) -> Json {
        let Some(typed) = &self.typed else { return schema };
        let constraints = constraints(field, typed);
        if constraints.is_empty() {
            return schema;
        }
        let Json::Object(mut schema) = schema else { return schema };
        if field.is_list() {
            let items = typed.get_field_by_name("items").and_then(|items| items.as_message().cloned());
            if let (Some(items), Some(Json::Object(of))) = (items, schema.get_mut("items")) {
                for (_, rule) in items.fields() {
                    of.extend(rule.as_message().map(|rule| constraints_of(field, rule)).unwrap_or_default());
                }
            }
        }
        if self.zero_is_fine && !field.is_list() {
            let zero = if matches!(field.kind(), Kind::String | Kind::Bytes) { json!("") } else { json!(0) };
            schema.extend(constraints);
            return json!({ "anyOf": [{ "const": zero }, schema] });
        }
        schema.extend(constraints);
        Json::Object(schema)
    }
}

fn constraints(field: &FieldDescriptor, typed: &DynamicMessage) -> Map<String, Json> {
    constraints_of(field, typed)
}

fn constraints_of(field: &FieldDescriptor, typed: &DynamicMessage) -> Map<String, Json> {
    let mut found = Map::new();
    let in_base64 = field.kind() == Kind::Bytes;
    for (rule, value) in typed.fields() {
        let (name, constraint): (&str, Json) = match (rule.name(), value) {
            ("max_len", Value::U64(most)) if in_base64 => ("maxLength", (most.div_ceil(3) * 4).into()),
            ("min_len", Value::U64(least)) => ("minLength", (*least).into()),
            ("max_len", Value::U64(most)) => ("maxLength", (*most).into()),
            ("pattern", Value::String(pattern)) => ("pattern", pattern.clone().into()),
            ("uuid", Value::Bool(true)) => ("format", "uuid".into()),
            ("gte", value) => ("minimum", plain(value)),
            ("lte", value) => ("maximum", plain(value)),
            ("min_items", Value::U64(least)) => ("minItems", (*least).into()),
            ("max_items", Value::U64(most)) => ("maxItems", (*most).into()),
            ("unique", Value::Bool(true)) => ("uniqueItems", true.into()),
            ("not_in", Value::List(values)) => ("not", json!({ "enum": names(field, values) })),
            _ => continue,
        };
        found.insert(name.to_owned(), constraint);
    }
    found
}

/// Numbers; values of an enum by their names.
fn names(field: &FieldDescriptor, values: &[Value]) -> Vec<Json> {
    let name = |value: &Value| match field.kind() {
        Kind::Enum(of) => {
            let named = number(value).and_then(|number| of.get_value(number as i32));
            named.map(|named| named.name().into())
        }
        _ => Some(plain(value)),
    };
    values.iter().filter_map(name).collect()
}

fn number(value: &Value) -> Option<f64> {
    plain(value).as_f64()
}

fn plain(value: &Value) -> Json {
    match value {
        Value::I32(number) | Value::EnumNumber(number) => (*number).into(),
        Value::I64(number) => (*number).into(),
        Value::U32(number) => (*number).into(),
        Value::U64(number) => (*number).into(),
        Value::F32(number) => (*number).into(),
        Value::F64(number) => (*number).into(),
        _ => Json::Null,
    }
}
