//! Metrics of sources and their runs.

use super::{
    connectors::KINDS,
    run::{Run, State},
    source::Source,
};
use jiff::Timestamp;
use kernel::TenantId;
use metrics::{Counter, counter, gauge, histogram};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

const SERVICE: &str = "gateway";

/// Counters are there from the start: the first fault is an increase, and where there was none that is seen.
pub(crate) fn begin() {
    for kind in KINDS {
        for state in [State::Succeeded, State::Failed, State::Awaiting] {
            runs(kind.to_owned(), state).increment(0);
        }
    }
}

/// A run has ended, or waits for somebody's word.
pub(crate) fn stopped(source: &Source, run: &Run, now: Timestamp) {
    runs(source.kind.clone(), run.state).increment(1);
    histogram!("mentor_sync_run_seconds", "service" => SERVICE, "kind" => source.kind.clone())
        .record(now.duration_since(run.created_at).as_secs_f64().max(0.0));
}

fn runs(kind: String, state: State) -> Counter {
    counter!("mentor_sync_runs_total", "service" => SERVICE, "kind" => kind, "state" => state.name())
}

/// Since when runs are due or under way, by tenant; what is shown is the oldest of all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ages(Arc<Mutex<HashMap<TenantId, Timestamp>>>);

impl Ages {
    /// Notes a tenant and shows the oldest of all.
    pub(crate) fn observe(&self, tenant: TenantId, since: Option<Timestamp>, now: Timestamp) {
        let mut ages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match since {
            Some(since) => ages.insert(tenant, since),
            None => ages.remove(&tenant),
        };
        let oldest = ages.values().min().map_or(0.0, |since| now.duration_since(*since).as_secs_f64());
        gauge!("mentor_sync_oldest_seconds", "service" => SERVICE).set(oldest.max(0.0));
    }
}
