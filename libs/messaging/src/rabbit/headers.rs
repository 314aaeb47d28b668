//! CloudEvents on AMQP 0.9.1: attributes as headers, the body as it is.
//!
//! Names after the CloudEvents AMQP binding, which puts `cloudEvents_` before each attribute; trace context after
//! W3C, plain. <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/amqp-protocol-binding.md>

use crate::Envelope;
use jiff::Timestamp;
use kernel::{TenantId, Uuid};
use lapin::{
    BasicProperties,
    message::Delivery,
    types::{AMQPValue, FieldTable, LongString, ShortString},
};

const CONTENT_TYPE: &str = "application/protobuf";
const PERSISTENT: u8 = 2;

/// The properties of an event's message.
pub(crate) fn encode(event: &Envelope) -> BasicProperties {
    let mut headers = FieldTable::default();
    let mut put = |name: &str, value: String| {
        headers.insert(ShortString::from(name), AMQPValue::LongString(LongString::from(value)));
    };
    put("cloudEvents_specversion", "1.0".to_owned());
    put("cloudEvents_id", event.id.to_string());
    put("cloudEvents_source", source(&event.type_name));
    put("cloudEvents_type", event.type_name.clone());
    put("cloudEvents_subject", event.subject.clone());
    put("cloudEvents_time", event.occurred_at.to_string());
    put("cloudEvents_tenant", event.tenant.to_string());
    put("cloudEvents_aggregate", event.aggregate.clone());
    put("cloudEvents_sequence", event.sequence.to_string());
    put("cloudEvents_correlation", event.correlation.to_string());
    put("cloudEvents_actor", event.actor.clone());
    if let Some(causation) = event.causation {
        put("cloudEvents_causation", causation.to_string());
    }
    if let Some(traceparent) = &event.traceparent {
        put("traceparent", traceparent.clone());
    }
    BasicProperties::default()
        .with_content_type(CONTENT_TYPE.into())
        .with_delivery_mode(PERSISTENT)
        .with_headers(headers)
}

/// `//mentor/enrollment` from `mentor.enrollment.events.v1.PersonUpserted`.
fn source(type_name: &str) -> String {
    format!("//mentor/{}", type_name.split('.').nth(1).unwrap_or("unknown"))
}

/// Reads a message back.
///
/// # Errors
/// The header that is missing or malformed: the message is not an event of ours.
pub(crate) fn decode(delivery: &Delivery) -> Result<Envelope, String> {
    let empty = FieldTable::default();
    let headers = Headers(delivery.properties.headers().as_ref().unwrap_or(&empty));
    Ok(Envelope {
        id: headers.parsed::<Uuid>("cloudEvents_id")?,
        tenant: headers.parsed::<TenantId>("cloudEvents_tenant")?,
        type_name: headers.required("cloudEvents_type")?,
        aggregate: headers.required("cloudEvents_aggregate")?,
        subject: headers.required("cloudEvents_subject")?,
        sequence: headers.text("cloudEvents_sequence").and_then(|text| text.parse().ok()).unwrap_or(0),
        occurred_at: headers.parsed::<Timestamp>("cloudEvents_time")?,
        correlation: headers.parsed::<Uuid>("cloudEvents_correlation")?,
        causation: headers.text("cloudEvents_causation").and_then(|text| text.parse().ok()),
        actor: headers.required("cloudEvents_actor")?,
        traceparent: headers.text("traceparent"),
        payload: delivery.data.clone().into(),
    })
}

struct Headers<'a>(&'a FieldTable);

impl Headers<'_> {
    fn text(&self, name: &str) -> Option<String> {
        match self.0.inner().get(name)? {
            AMQPValue::LongString(text) => Some(text.to_string()),
            AMQPValue::ShortString(text) => Some(text.to_string()),
            _ => None,
        }
    }

    fn required(&self, name: &str) -> Result<String, String> {
        self.text(name).ok_or_else(|| format!("header {name} is missing"))
    }

    fn parsed<T: std::str::FromStr>(&self, name: &str) -> Result<T, String> {
        self.required(name)?.parse().map_err(|_| format!("header {name} is malformed"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Envelope {
        Envelope {
            id: Uuid::from_u128(1),
            tenant: TenantId(Uuid::from_u128(2)),
            type_name: "mentor.enrollment.events.v1.PersonUpserted".to_owned(),
            aggregate: "person".to_owned(),
            subject: "p".to_owned(),
            sequence: 7,
            occurred_at: Timestamp::from_microsecond(1_736_154_000_000_001).expect("an instant"),
            correlation: Uuid::from_u128(3),
            causation: Some(Uuid::from_u128(4)),
            actor: "somebody".to_owned(),
            traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
            payload: vec![1, 2, 3].into(),
        }
    }

    fn delivery(properties: BasicProperties, body: &[u8]) -> Delivery {
        let mut delivery = Delivery::mock(1, "x".into(), "y".into(), false, body.to_vec());
        delivery.properties = properties;
        delivery
    }

    #[test]
    fn an_event_comes_back_as_it_went() {
        let event = event();
        assert_eq!(decode(&delivery(encode(&event), &event.payload)), Ok(event));
    }

    #[test]
    fn a_foreign_message_is_named() {
        let refused = decode(&delivery(BasicProperties::default(), b"hello"));
        assert_eq!(refused, Err("header cloudEvents_id is missing".to_owned()));
    }
}
