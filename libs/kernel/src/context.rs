//! What a handler knows of its call.

use crate::{Actor, TenantId};
use jiff::Timestamp;
use uuid::Uuid;

/// The call at hand: who, since when, under which names in logs. Made by the gRPC layer for calls, by the
/// messaging layer for events, by the host for jobs.
#[derive(Clone, Debug)]
pub struct Context {
    /// The caller.
    pub actor: Actor,
    /// What is being done: the RPC's path, the consumer's or the job's name. Goes into the audit trail.
    pub operation: String,
    /// `x-request-id`: ties log lines, audit rows and events together.
    pub correlation: Uuid,
    /// The event that caused this, in a consumer.
    pub causation: Option<Uuid>,
    /// W3C `traceparent`, to be carried into events.
    pub traceparent: Option<String>,
    /// The service's time when the call began.
    pub now: Timestamp,
}

impl Context {
    /// The context of a job or of a consumer.
    pub fn system(
        tenant: TenantId,
        service: &str,
        operation: &str,
        now: Timestamp,
        correlation: Uuid,
    ) -> Self {
        Context {
            actor: Actor::system(tenant, service),
            operation: operation.to_owned(),
            correlation,
            causation: None,
            traceparent: None,
            now,
        }
    }

    /// The caller's tenant.
    pub fn tenant(&self) -> TenantId {
        self.actor.tenant
    }
}
