//! What a source says about why it refuses, for the person who set it up. Pure.

use reqwest::header::HeaderMap;
use serde_json::Value;

/// The most characters of it that go on.
const MOST: usize = 200;

/// Where the APIs put the reason, the first that is there:
/// - OData v2: `{"error":{"code":…,"message":{"lang":…,"value":…}}}`
/// - OAuth 2.0 (RFC 6749, 5.2): `{"error":…,"error_description":…}`
/// - Personio v2: `{"errors":[{"title":…,"detail":…}]}`
/// - Problem details (RFC 9457), which BambooHR's newer endpoints send: `{"title":…,"detail":…}`
const PLACES: [&[&str]; 5] = [
    &["/error/code", "/error/message/value", "/error/message"],
    &["/error", "/error_description"],
    &["/errors/0/title", "/errors/0/detail"],
    &["/title", "/detail"],
    &["/errorMessage"],
];

/// What the source says, on one line and bounded; empty when it says nothing that is understood.
pub(super) fn reason(headers: &HeaderMap, body: &[u8]) -> String {
    // BambooHR's older endpoints.
    let header = headers.get("x-bamboohr-error-message").and_then(|value| value.to_str().ok());
    if let Some(header) = header.filter(|text| !text.is_empty()) {
        return one_line(header);
    }
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return String::new() };
    let texts = |places: &&[&str]| -> Vec<String> {
        let text = |place: &&str| match body.pointer(place)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        places.iter().filter_map(text).filter(|text| !text.is_empty()).collect()
    };
    let found = PLACES.iter().map(texts).find(|texts| !texts.is_empty());
    one_line(&found.unwrap_or_default().join(": "))
}

fn one_line(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MOST).collect();
    plain.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_form_is_read() {
        let said = |body: &str| reason(&HeaderMap::new(), body.as_bytes());
        let odata = r#"{"error":{"code":"COE_ENTITY_NOT_FOUND","message":{"lang":"en-US","value":"invalid entity"}}}"#;
        assert_eq!(said(odata), "COE_ENTITY_NOT_FOUND: invalid entity");
        assert_eq!(
            said(r#"{"error":"invalid_client","error_description":"wrong secret"}"#),
            "invalid_client: wrong secret"
        );
        let personio =
            r#"{"personio_trace_id":"a","errors":[{"title":"Bad request","detail":"Provided filter"}]}"#;
        assert_eq!(said(personio), "Bad request: Provided filter");
        assert_eq!(said(r#"{"status":422,"title":"Invalid\nfilter","detail":""}"#), "Invalid filter");
        let header = HeaderMap::from_iter([(
            "x-bamboohr-error-message".parse().expect("a name"),
            "Invalid API key".parse().expect("a value"),
        )]);
        assert_eq!(reason(&header, b"{}"), "Invalid API key");
        assert_eq!(said("<html>"), "");
        assert_eq!(said(r#"{"error":{"code":7}}"#), "7");
    }

    proptest! {
        #[test]
        fn it_is_always_one_short_line(body in ".{0,300}", text in ".{0,300}") {
            for body in [body.into_bytes(), serde_json::json!({"title": text}).to_string().into_bytes()] {
                let said = reason(&HeaderMap::new(), &body);
                prop_assert!(said.chars().count() <= MOST && !said.chars().any(char::is_control));
            }
        }
    }
}
