//! Events: past-tense facts, each owned by the service that publishes it.

/// A message that the owning service publishes. Implemented for every message with the event option.
pub trait Event: prost::Message + Default + 'static {
    /// Full name of the message, the CloudEvents `type`.
    const TYPE: &'static str;
    /// The service that owns it.
    const SERVICE: &'static str;
    /// The kind of aggregate; order is kept per aggregate.
    const AGGREGATE: &'static str;
    /// The routing key on the exchange, such as `enrollment.v1.application_accepted`.
    const ROUTING_KEY: &'static str;

    /// The aggregate's id.
    fn subject(&self) -> &str;
}

/// What is known of an event type without its Rust type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventType {
    /// Full name of the message.
    pub type_name: &'static str,
    /// The owning service.
    pub service: &'static str,
    /// The kind of aggregate.
    pub aggregate: &'static str,
    /// The routing key.
    pub routing_key: &'static str,
}

/// Every event type of the suite.
pub fn event_types() -> &'static [EventType] {
    EVENT_TYPES
}

include!(concat!(env!("OUT_DIR"), "/events.rs"));
