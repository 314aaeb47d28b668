//! Domain: values of JSON answers as the mapping asks for them. Pure.

use jiff::Timestamp;
use serde_json::Value;
use std::borrow::Cow;

/// The deepest path into an answer.
const DEEPEST: usize = 8;

/// The text at a path such as `manager/userId` or `position.title`: whatever the case of its steps; `None` when there is none,
/// or it is no single value. A list gives its values, separated by commas.
pub(super) fn text_at<'v>(value: &'v Value, path: &str, separator: char) -> Option<Cow<'v, str>> {
    let mut at = value;
    for (depth, step) in path.split(separator).enumerate() {
        if depth == DEEPEST {
            return None;
        }
        // Reports nest what there could be several of: the first counts.
        at = member(at.as_array().map_or(Some(at), |list| list.first())?, step)?;
    }
    text(at)
}

/// A member of an object, by its name, else by its name in another case.
pub(super) fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    let object = value.as_object()?;
    object
        .get(name)
        .or_else(|| object.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

/// A single value as text.
pub(super) fn text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(moment(text).map_or(Cow::Borrowed(text.as_str()), Cow::Owned)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(truth) => Some(Cow::Borrowed(if *truth { "true" } else { "false" })),
        Value::Array(values) => {
            let plain = values.iter().filter(|value| !value.is_array() && !value.is_object());
            let texts: Vec<_> = plain.filter_map(text).collect();
            Some(Cow::Owned(texts.join(", ")))
        }
        Value::Null | Value::Object(_) => None,
    }
}

/// OData v2 in JSON writes moments as `/Date(1735689600000)/`, and `/Date(1735689600000+0060)/` with an offset in minutes for
/// people to see (the number is in UTC all the same): "OData Version 2.0, JSON Format", 4.
fn moment(text: &str) -> Option<String> {
    let inner = text.strip_prefix("/Date(")?.strip_suffix(")/")?;
    let end =
        inner.char_indices().skip(1).find(|(_, c)| matches!(c, '+' | '-')).map_or(inner.len(), |(at, _)| at);
    let milliseconds = inner.get(..end)?.parse().ok()?;
    Timestamp::from_millisecond(milliseconds).ok().map(|moment| moment.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn values_are_found_by_their_path() {
        let person = json!({
            "userId": "7", "manager": {"userId": "8"}, "boss": null, "fte": 0.5, "new": true, "tags": ["a", 1, {}],
        });
        let at = |path: &str| text_at(&person, path, '/').map(Cow::into_owned);
        assert_eq!(at("userId").as_deref(), Some("7"));
        assert_eq!(at("MANAGER/userid").as_deref(), Some("8"));
        assert_eq!(
            (at("boss/userId"), at("nobody"), at("manager"), at("userId/x")),
            (None, None, None, None)
        );
        assert_eq!((at("fte").as_deref(), at("new").as_deref()), (Some("0.5"), Some("true")));
        assert_eq!(at("tags").as_deref(), Some("a, 1"));
        let report = json!({ "Manager_group": [{ "ID": "8" }, { "ID": "9" }], "None_group": [] });
        assert_eq!(text_at(&report, "Manager_group/ID", '/').as_deref(), Some("8"));
        assert_eq!(text_at(&report, "None_group/ID", '/'), None);
    }

    #[test]
    fn moments_of_odata_become_iso_dates() {
        let iso = |text: &str| moment(text);
        assert_eq!(iso("/Date(1735689600000)/").as_deref(), Some("2025-01-01T00:00:00Z"));
        assert_eq!(iso("/Date(1735689600000+0060)/").as_deref(), Some("2025-01-01T00:00:00Z"));
        assert_eq!(iso("/Date(-86400000-0300)/").as_deref(), Some("1969-12-31T00:00:00Z"));
        for text in
            ["/Date()/", "/Date(x)/", "/Date(99999999999999999)/", "/Date(1", "2025-01-01", "/Date(+)/"]
        {
            assert_eq!(iso(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_moment_is_read(milliseconds in -60_000_000_000_000_i64..200_000_000_000_000, offset in 0..900) {
            let plain = moment(&format!("/Date({milliseconds})/"));
            prop_assert_eq!(&plain, &moment(&format!("/Date({milliseconds}+{offset:04})/")));
            let read: Timestamp = plain.expect("a moment").parse().expect("ISO");
            prop_assert_eq!(read.as_millisecond(), milliseconds);
        }

        #[test]
        fn no_text_breaks_it(text in "\\PC{0,30}", path in "[a-z/.]{0,30}") {
            let _ = moment(&text);
            let _ = moment(&format!("/Date({text})/"));
            let _ = text_at(&json!({ "a": {"b": text} }), &path, '/');
        }
    }
}
