//! One field's rules as Rust text. A rule that is not known here fails the build, so none is ignored.

use prost_reflect::{DynamicMessage, Kind, ReflectMessage, Value};
use std::error::Error;

/// The `buf.validate.FieldRules` of a field.
pub(crate) struct Rules {
    field: String,
    message: DynamicMessage,
}

type Text = Result<String, Box<dyn Error>>;

impl Rules {
    pub(crate) fn new(field: &str, message: DynamicMessage) -> Self {
        Rules { field: field.to_owned(), message }
    }

    pub(crate) fn required(&self) -> bool {
        matches!(self.message.get_field_by_name("required").as_deref(), Some(Value::Bool(true)))
    }

    fn ignores_zero(&self) -> bool {
        const IGNORE_IF_ZERO_VALUE: i32 = 1;
        matches!(
            self.message.get_field_by_name("ignore").as_deref(),
            Some(Value::EnumNumber(IGNORE_IF_ZERO_VALUE))
        )
    }

    /// Checks of a single value.
    pub(crate) fn scalar(&self, kind: &Kind, value: &str, at: &str) -> Text {
        let mut text = String::new();
        for (field, rule) in self.message.fields() {
            match (field.name(), rule) {
                ("required" | "ignore", _) => {}
                (_, Value::Message(rules)) => text.push_str(&self.typed(field.name(), rules, value, at)?),
                (name, _) => return Err(self.unknown(name)),
            }
        }
        // A required scalar without presence must not be zero.
        if self.required() && !matches!(kind, Kind::Message(_)) {
            text = format!("if is_zero({value}) {{ {at}.say(out, \"must be set\"); }} else {{ {text} }}");
        } else if self.ignores_zero() && !text.is_empty() {
            text = format!("if !is_zero({value}) {{ {text} }}");
        }
        Ok(text)
    }

    /// Checks of a list as a whole, and of each of its items (`value` at `at`).
    pub(crate) fn list(&self, kind: &Kind, list: &str, at: &str) -> Result<(String, String), Box<dyn Error>> {
        let (mut own, mut items) = (String::new(), String::new());
        for (field, rule) in self.message.fields() {
            let rules = match (field.name(), rule) {
                ("ignore", _) => continue,
                ("required", _) => {
                    own.push_str(&format!("min_items({list}.len(), 1, {at}, out);"));
                    continue;
                }
                ("repeated", Value::Message(rules)) => rules,
                (name, _) => return Err(self.unknown(name)),
            };
            for (rule, value) in rules.fields() {
                match (rule.name(), value) {
                    ("min_items", Value::U64(n)) => {
                        own.push_str(&format!("min_items({list}.len(), {n}, {at}, out);"))
                    }
                    ("max_items", Value::U64(n)) => {
                        own.push_str(&format!("max_items({list}.len(), {n}, {at}, out);"))
                    }
                    ("unique", Value::Bool(true)) => own.push_str(&format!("unique({list}, {at}, out);")),
                    ("items", Value::Message(item)) => {
                        items.push_str(&Rules::new(&self.field, item.clone()).scalar(kind, "value", "&at")?);
                    }
                    (name, _) => return Err(self.unknown(name)),
                }
            }
        }
        Ok((own, items))
    }

    fn typed(&self, of: &str, rules: &DynamicMessage, value: &str, at: &str) -> Text {
        let mut text = String::new();
        for (field, rule) in rules.fields() {
            let check = match of {
                "string" => string_rule(field.name(), rule, value),
                "bytes" => bytes_rule(field.name(), rule, value),
                "enum" => enum_rule(field.name(), rule, value),
                "int32" | "int64" | "uint32" | "uint64" | "double" | "float" => {
                    number_rule(field.name(), rule, value)
                }
                _ => None,
            };
            let (function, arguments) =
                check.ok_or_else(|| self.unknown(&format!("{of}.{}", field.name())))?;
            text.push_str(&format!("{function}({arguments}, {at}, out);"));
        }
        // "Any of the enum's values" needs the enum's type, which the field's kind gives.
        if text.contains("@enum") {
            text = text.replace("@enum", &self.enum_path()?);
        }
        Ok(text)
    }

    fn enum_path(&self) -> Text {
        let pool = self.message.descriptor().parent_pool().clone();
        let (message, field) = self.field.rsplit_once('.').ok_or("a field has a message")?;
        let kind = pool
            .get_message_by_name(message)
            .and_then(|message| message.get_field_by_name(field))
            .map(|field| field.kind());
        match kind {
            Some(Kind::Enum(of)) => Ok(match of.parent_message() {
                Some(parent) => {
                    format!("{}{}", crate::names::inner_module(&parent), crate::names::upper_camel(of.name()))
                }
                None => format!(
                    "crate::{}::{}",
                    of.package_name().replace('.', "::"),
                    crate::names::upper_camel(of.name())
                ),
            }),
            _ => Err(self.unknown("enum rules on a field that is no enum")),
        }
    }

    fn unknown(&self, rule: &str) -> Box<dyn Error> {
        format!("{}: the rule '{rule}' is not supported; add it to libs/contracts/build/rules.rs", self.field)
            .into()
    }
}

type Call = Option<(&'static str, String)>;

fn string_rule(name: &str, rule: &Value, value: &str) -> Call {
    Some(match (name, rule) {
        ("min_len", Value::U64(n)) => ("min_len", format!("{value}, {n}")),
        ("max_len", Value::U64(n)) => ("max_len", format!("{value}, {n}")),
        ("uuid", Value::Bool(true)) => ("uuid", value.to_owned()),
        ("pattern", Value::String(pattern)) => (
            "pattern",
            format!(
                "{value}, {{ static P: std::sync::LazyLock<Option<regex::Regex>> = \
                 std::sync::LazyLock::new(|| regex::Regex::new({pattern:?}).ok()); &P }}, {pattern:?}"
            ),
        ),
        _ => return None,
    })
}

fn bytes_rule(name: &str, rule: &Value, value: &str) -> Call {
    Some(match (name, rule) {
        ("max_len", Value::U64(n)) => ("max_bytes", format!("{value}, {n}")),
        _ => return None,
    })
}

fn enum_rule(name: &str, rule: &Value, value: &str) -> Call {
    Some(match (name, rule) {
        ("defined_only", Value::Bool(true)) => ("defined", format!("@enum::try_from(*{value}).is_ok()")),
        ("not_in", Value::List(of)) => ("none_of", format!("{value}, &[{}]", numbers(of))),
        _ => return None,
    })
}

fn number_rule(name: &str, rule: &Value, value: &str) -> Call {
    let function = match name {
        "gte" => "at_least",
        "lte" => "at_most",
        "not_in" => "none_of",
        _ => return None,
    };
    Some(match rule {
        Value::List(of) => (function, format!("{value}, &[{}]", numbers(of))),
        single => (function, format!("{value}, &{}", number(single)?)),
    })
}

fn numbers(of: &[Value]) -> String {
    of.iter().filter_map(number).collect::<Vec<_>>().join(", ")
}

fn number(value: &Value) -> Option<String> {
    Some(match value {
        Value::I32(n) => n.to_string(),
        Value::I64(n) => n.to_string(),
        Value::U32(n) => n.to_string(),
        Value::U64(n) => n.to_string(),
        Value::F32(n) => format!("{n:?}"),
        Value::F64(n) => format!("{n:?}"),
        _ => return None,
    })
}
