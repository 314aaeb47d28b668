//! Metrics of webhooks.

use super::{post::Answer, schedule::Outcome};
use jiff::Timestamp;
use kernel::TenantId;
use metrics::{counter, gauge, histogram};
use std::collections::HashMap;

const SERVICE: &str = "gateway";

/// Counters are there from the start: the first fault is an increase, and where there was none that is seen.
pub(crate) fn begin() {
    for outcome in Outcome::LABELS {
        counter!("mentor_webhook_attempts_total", "service" => SERVICE, "outcome" => outcome).increment(0);
    }
    dead(0);
}

/// An attempt was made.
pub(crate) fn attempt(answer: &Answer) {
    let outcome = answer.outcome.label();
    counter!("mentor_webhook_attempts_total", "service" => SERVICE, "outcome" => outcome).increment(1);
    histogram!("mentor_webhook_attempt_seconds", "service" => SERVICE).record(answer.took.as_secs_f64());
}

/// Deliveries were given up.
pub(crate) fn dead(deliveries: u64) {
    counter!("mentor_webhook_dead_total", "service" => SERVICE).increment(deliveries);
}

/// What waits, by tenant; what is shown is the oldest of all.
#[derive(Debug, Default)]
pub(crate) struct Ages(HashMap<TenantId, Waiting>);

/// What waits in a tenant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// Since when the oldest delivery waits, of enabled webhooks.
    pub(crate) since: Option<Timestamp>,
    /// Since when the longest-due one is due, of those that may be called now.
    pub(crate) due_since: Option<Timestamp>,
}

impl Ages {
    /// Notes a tenant and shows what waits in all of them.
    pub(crate) fn observe(&mut self, tenant: TenantId, waiting: Waiting, now: Timestamp) {
        self.0.insert(tenant, waiting);
        let age = |oldest: Option<Timestamp>| {
            oldest.map_or(0.0, |oldest| now.duration_since(oldest).as_secs_f64().max(0.0))
        };
        let since = self.0.values().filter_map(|waiting| waiting.since).min();
        let due_since = self.0.values().filter_map(|waiting| waiting.due_since).min();
        gauge!("mentor_webhook_oldest_pending_seconds", "service" => SERVICE).set(age(since));
        gauge!("mentor_webhook_late_seconds", "service" => SERVICE).set(age(due_since));
    }
}
