//! An event on its way: the CloudEvents attributes and the protobuf body.

use bytes::Bytes;
use contracts::Event;
use jiff::Timestamp;
use kernel::{Clock, Context, TenantId, Uuid};
use storage::{OutboxRow, ParkedEvent};

/// An event with what is known of it. Attributes as in CloudEvents 1.0, where it has a name for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The event's id, unique for ever. CloudEvents `id`.
    pub id: Uuid,
    /// Whose data it is about.
    pub tenant: TenantId,
    /// Full name of the message. CloudEvents `type`.
    pub type_name: String,
    /// The kind of aggregate.
    pub aggregate: String,
    /// The aggregate's id. CloudEvents `subject`.
    pub subject: String,
    /// Grows with every event of the aggregate, by which a reader may check the order; 0 when unknown.
    pub sequence: i64,
    /// When it happened. CloudEvents `time`.
    pub occurred_at: Timestamp,
    /// The request at the root of it.
    pub correlation: Uuid,
    /// The event that caused it.
    pub causation: Option<Uuid>,
    /// The subject of the caller who caused it.
    pub actor: String,
    /// W3C trace context.
    pub traceparent: Option<String>,
    /// The message, encoded.
    pub payload: Bytes,
}

impl Envelope {
    /// An event that happens now, by its owner's own doing.
    pub fn of<E: Event>(event: &E, tenant: TenantId, clock: &dyn Clock) -> Self {
        Envelope {
            id: clock.new_id(),
            tenant,
            type_name: E::TYPE.to_owned(),
            aggregate: E::AGGREGATE.to_owned(),
            subject: event.subject().to_owned(),
            sequence: 0,
            occurred_at: clock.now(),
            correlation: clock.new_id(),
            causation: None,
            actor: format!("system:{}", E::SERVICE),
            traceparent: None,
            payload: event.encode_to_vec().into(),
        }
    }

    /// The context in which `service` handles it.
    pub(crate) fn context(&self, service: &str, operation: &str, now: Timestamp) -> Context {
        let mut ctx = Context::system(self.tenant, service, operation, now, self.correlation);
        ctx.causation = Some(self.id);
        ctx.traceparent = self.traceparent.clone();
        ctx
    }

    /// What is kept of it in `parked`.
    pub(crate) fn to_parked(&self) -> ParkedEvent {
        ParkedEvent {
            id: self.id,
            type_name: self.type_name.clone(),
            aggregate: self.aggregate.clone(),
            subject: self.subject.clone(),
            payload: self.payload.to_vec(),
            occurred_at: self.occurred_at,
            correlation: self.correlation,
            causation: self.causation,
            actor: self.actor.clone(),
            traceparent: self.traceparent.clone(),
        }
    }

    pub(crate) fn from_parked(tenant: TenantId, parked: &ParkedEvent) -> Self {
        Envelope {
            id: parked.id,
            tenant,
            type_name: parked.type_name.clone(),
            aggregate: parked.aggregate.clone(),
            subject: parked.subject.clone(),
            sequence: 0,
            occurred_at: parked.occurred_at,
            correlation: parked.correlation,
            causation: parked.causation,
            actor: parked.actor.clone(),
            traceparent: parked.traceparent.clone(),
            payload: parked.payload.clone().into(),
        }
    }
}

impl From<OutboxRow> for Envelope {
    fn from(row: OutboxRow) -> Self {
        Envelope {
            id: row.id,
            tenant: row.tenant,
            type_name: row.type_name,
            aggregate: row.aggregate,
            subject: row.subject,
            sequence: row.seq,
            occurred_at: row.occurred_at,
            correlation: row.correlation,
            causation: row.causation,
            actor: row.actor,
            traceparent: row.traceparent,
            payload: row.payload.into(),
        }
    }
}
