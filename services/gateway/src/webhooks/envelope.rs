//! The body of a message: a CloudEvents 1.0 envelope in its JSON form, with the event as canonical protobuf JSON in
//! `data`. It says no more of people than the event does; who caused it stays here.

use jiff::Timestamp;
use kernel::{Error, Result, TenantId, Uuid};
use prost_reflect::DynamicMessage;
use serde::Serialize;

/// Whose message it is, and what it tells.
pub(crate) struct Message<'a> {
    pub(crate) id: Uuid,
    pub(crate) tenant: TenantId,
    pub(crate) type_name: &'a str,
    pub(crate) aggregate: &'a str,
    pub(crate) subject: &'a str,
    /// Grows within the aggregate; 0 when unknown.
    pub(crate) sequence: i64,
    pub(crate) occurred_at: Timestamp,
    pub(crate) correlation: Uuid,
    pub(crate) payload: &'a [u8],
}

/// In this order; extension attributes have lower-case names, as CloudEvents asks.
#[derive(Serialize)]
struct Body<'a> {
    specversion: &'static str,
    id: Uuid,
    source: String,
    #[serde(rename = "type")]
    type_name: &'a str,
    subject: &'a str,
    time: String,
    datacontenttype: &'static str,
    tenant: Uuid,
    aggregate: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<String>,
    correlation: Uuid,
    data: DynamicMessage,
}

/// The body, byte for byte what is signed and sent.
///
/// # Errors
/// Internal, when the payload is not what its type says.
pub(crate) fn body(message: &Message<'_>) -> Result<String> {
    let descriptor = contracts::pool()
        .get_message_by_name(message.type_name)
        .ok_or_else(|| Error::internal(format!("{} is no message of the contract", message.type_name)))?;
    let data = DynamicMessage::decode(descriptor, message.payload).map_err(Error::internal)?;
    let body = Body {
        specversion: "1.0",
        id: message.id,
        source: format!("//mentor/{}", message.type_name.split('.').nth(1).unwrap_or("unknown")),
        type_name: message.type_name,
        subject: message.subject,
        time: message.occurred_at.to_string(),
        datacontenttype: "application/json",
        tenant: message.tenant.0,
        aggregate: message.aggregate,
        sequence: (message.sequence > 0).then(|| message.sequence.to_string()),
        correlation: message.correlation,
        data,
    };
    serde_json::to_string(&body).map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::{Event, mentor::gateway::events::v1::PersonProvisioned};
    use prost::Message as _;

    fn example(payload: &[u8]) -> Message<'_> {
        Message {
            id: Uuid::from_u128(0x0194_1f29_7c00_7aaa_9b5e_5a3f_0d0f_3c11),
            tenant: TenantId(Uuid::from_u128(0x0194_1f29_7c00_7bbb_8c6f_6b40_1e10_4d22)),
            type_name: PersonProvisioned::TYPE,
            aggregate: PersonProvisioned::AGGREGATE,
            subject: "01941f29-7c00-7ccc-9d70-7c512f215e33",
            sequence: 7,
            occurred_at: "2025-01-01T08:30:00.25Z".parse().expect("a time"),
            correlation: Uuid::from_u128(0x0194_1f29_7c00_7ddd_ae81_8d62_3032_6f44),
            payload,
        }
    }

    /// The example of the page, byte for byte: receivers were written against it.
    #[test]
    fn the_body_is_what_the_page_shows() {
        let event = PersonProvisioned {
            user_id: "01941f29-7c00-7ccc-9d70-7c512f215e33".to_owned(),
            user_name: "ann@example.com".to_owned(),
            display_name: "Ann".to_owned(),
            ..PersonProvisioned::default()
        };
        let body = body(&example(&event.encode_to_vec())).expect("a body");
        let page = include_str!("../../docs/webhooks.md");
        let shown = page.split("<!-- golden: webhook -->").nth(1).expect("the page shows a message");
        let lines = shown.lines().map(str::trim).skip_while(|line| *line != "```json").skip(1);
        let golden: String = lines.take_while(|line| *line != "```").collect();
        let [golden, body] =
            [&golden, &body].map(|text| serde_json::from_str::<serde_json::Value>(text).expect("JSON"));
        assert_eq!(body, golden);
    }

    #[test]
    fn every_event_type_has_a_body_and_an_unknown_order_is_left_out() {
        for kind in contracts::event_types() {
            let message = Message { type_name: kind.type_name, sequence: 0, ..example(&[]) };
            let body: serde_json::Value =
                serde_json::from_str(&body(&message).expect("a body")).expect("JSON");
            assert_eq!((body["type"].as_str(), body.get("sequence")), (Some(kind.type_name), None));
            assert!(body["data"].is_object());
        }
        assert!(body(&Message { type_name: "mentor.unknown.v1.Nothing", ..example(&[]) }).is_err());
        assert!(body(&example(&[0xff])).is_err());
    }
}
