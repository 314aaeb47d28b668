//! Events as they are found in a service's tables.

use jiff::Timestamp;
use kernel::{TenantId, Uuid};
use serde::Serialize;
use storage::{OutboxRow, Parked};

/// What is with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    /// Given up on until somebody replays it.
    Dead,
    /// Tried again by itself.
    Waiting,
    /// In the outbox.
    Unpublished,
    /// Left the outbox.
    Published,
}

impl State {
    pub(super) fn name(self) -> &'static str {
        match self {
            State::Dead => "dead",
            State::Waiting => "waiting",
            State::Unpublished => "unpublished",
            State::Published => "published",
        }
    }
}

/// An event in the hands of one service: its owner's outbox, or the parked ones of a handler.
#[derive(Debug, Serialize)]
pub(super) struct Found {
    pub(super) id: Uuid,
    pub(super) state: State,
    /// The service in whose tables it is.
    pub(super) service: &'static str,
    #[serde(rename = "type")]
    pub(super) type_name: String,
    pub(super) tenant: Uuid,
    pub(super) aggregate: String,
    pub(super) subject: String,
    pub(super) occurred_at: Timestamp,
    pub(super) actor: String,
    pub(super) correlation: Uuid,
    pub(super) causation: Option<Uuid>,
    pub(super) traceparent: Option<String>,
    /// Times it was tried; 0 in an outbox.
    pub(super) attempts: i32,
    /// When it is tried again by itself.
    pub(super) next_at: Option<Timestamp>,
    pub(super) published_at: Option<Timestamp>,
    /// What went wrong the last time.
    pub(super) error: Option<String>,
    #[serde(skip)]
    pub(super) payload: Vec<u8>,
}

impl Found {
    pub(super) fn parked(service: &'static str, tenant: TenantId, parked: Parked) -> Self {
        let event = parked.event;
        Found {
            id: event.id,
            state: if parked.dead { State::Dead } else { State::Waiting },
            service,
            type_name: event.type_name,
            tenant: tenant.0,
            aggregate: event.aggregate,
            subject: event.subject,
            occurred_at: event.occurred_at,
            actor: event.actor,
            correlation: event.correlation,
            causation: event.causation,
            traceparent: event.traceparent,
            attempts: parked.attempts,
            next_at: (!parked.dead).then_some(parked.next_at),
            published_at: None,
            error: Some(parked.error),
            payload: event.payload,
        }
    }

    pub(super) fn outbox(service: &'static str, row: OutboxRow, published_at: Option<Timestamp>) -> Self {
        Found {
            id: row.id,
            state: if published_at.is_some() { State::Published } else { State::Unpublished },
            service,
            type_name: row.type_name,
            tenant: row.tenant.0,
            aggregate: row.aggregate,
            subject: row.subject,
            occurred_at: row.occurred_at,
            actor: row.actor,
            correlation: row.correlation,
            causation: row.causation,
            traceparent: row.traceparent,
            attempts: 0,
            next_at: None,
            published_at,
            error: None,
            payload: row.payload,
        }
    }

    /// `MatchActivated` of `mentor.matching.events.v1.MatchActivated`.
    pub(super) fn short_type(&self) -> &str {
        self.type_name.rsplit('.').next().unwrap_or(&self.type_name)
    }
}
