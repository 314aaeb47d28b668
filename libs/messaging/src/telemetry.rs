//! Spans with the publisher's trace context, and metrics.

use crate::Envelope;
use jiff::Timestamp;
use metrics::{counter, gauge, histogram};
use opentelemetry::{
    Context, global,
    trace::{Status, TraceContextExt},
};
use std::{collections::HashMap, time::Duration};
use storage::{OutboxDepth, ParkedCounts};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The spans of events on their way to the broker, each the child of the call that caused its event, and the parent of
/// what is done about it. They end with this value.
pub(crate) struct Publishing(Vec<Span>);

impl Publishing {
    /// Begins them. An event whose trace nobody keeps has none, and costs nothing.
    pub(crate) fn begin(service: &'static str, events: &mut [Envelope]) -> Self {
        if !Span::current().context().span().span_context().is_valid() {
            return Publishing(Vec::new());
        }
        Publishing(events.iter_mut().filter_map(|event| publish_span(service, event)).collect())
    }

    /// The events stay in the outbox.
    pub(crate) fn failed(&self) {
        for span in &self.0 {
            span.set_status(Status::error("not published; it is tried again"));
        }
    }
}

/// From now on the event's trace goes on from this span.
fn publish_span(service: &'static str, event: &mut Envelope) -> Option<Span> {
    let parent = parent_of(event).filter(|parent| parent.span().span_context().is_sampled())?;
    let span = tracing::info_span!(
        parent: None,
        "event.publish",
        otel.kind = "producer",
        service,
        event.id = %event.id,
        event.type = %event.type_name,
        tenant = %event.tenant,
    );
    let _ = span.set_parent(parent);
    event.traceparent = traceparent_of(&span, event.traceparent.as_ref());
    Some(span)
}

/// The span that an event comes from.
fn parent_of(event: &Envelope) -> Option<Context> {
    let carrier = HashMap::from([("traceparent".to_owned(), event.traceparent.clone()?)]);
    let parent = global::get_text_map_propagator(|propagator| propagator.extract(&carrier));
    parent.span().span_context().is_valid().then_some(parent)
}

/// The span of one handled event, child of the span that published it.
pub(crate) fn handle_span(service: &'static str, operation: &'static str, event: &Envelope) -> Span {
    let span = tracing::info_span!(
        "event.handle",
        otel.kind = "consumer",
        service,
        operation,
        event.id = %event.id,
        event.type = %event.type_name,
        tenant = %event.tenant,
    );
    if let Some(parent) = parent_of(event) {
        // Refused only when no OpenTelemetry layer listens; then there is no trace to continue.
        let _ = span.set_parent(parent);
    }
    span
}

/// The `traceparent` that a handler in this span passes on; the incoming one when nobody traces.
pub(crate) fn traceparent_of(span: &Span, incoming: Option<&String>) -> Option<String> {
    let context: Context = span.context();
    if !context.span().span_context().is_valid() {
        return incoming.cloned();
    }
    let mut carrier = HashMap::new();
    global::get_text_map_propagator(|propagator| propagator.inject_context(&context, &mut carrier));
    carrier.remove("traceparent").or_else(|| incoming.cloned())
}

/// Counters of faults are there from the start: the first fault is an increase, and where there was none that is seen.
pub(crate) fn begin(service: &'static str, operations: impl Iterator<Item = &'static str>) {
    counter!("mentor_relay_failures_total", "service" => service).increment(0);
    for operation in operations {
        for name in ["mentor_events_failed_total", "mentor_events_parked_total", "mentor_events_dead_total"] {
            counter!(name, "service" => service, "operation" => operation).increment(0);
        }
    }
}

pub(crate) fn published(service: &'static str, events: usize) {
    counter!("mentor_events_published_total", "service" => service).increment(events as u64);
}

pub(crate) fn publish_failed(service: &'static str) {
    counter!("mentor_relay_failures_total", "service" => service).increment(1);
}

pub(crate) fn handled(
    service: &'static str,
    operation: &'static str,
    event: &Envelope,
    now: Timestamp,
    took: Duration,
) {
    counter!("mentor_events_handled_total", "service" => service, "operation" => operation).increment(1);
    let lag = now.duration_since(event.occurred_at).as_secs_f64().max(0.0);
    histogram!("mentor_event_lag_seconds", "service" => service).record(lag);
    histogram!("mentor_event_handle_seconds", "service" => service, "operation" => operation)
        .record(took.as_secs_f64());
}

pub(crate) fn failed(service: &'static str, operation: &'static str) {
    counter!("mentor_events_failed_total", "service" => service, "operation" => operation).increment(1);
}

pub(crate) fn parked(service: &'static str, operation: &'static str, dead: bool) {
    let name = if dead { "mentor_events_dead_total" } else { "mentor_events_parked_total" };
    counter!(name, "service" => service, "operation" => operation).increment(1);
}

pub(crate) fn outbox(service: &'static str, depth: &OutboxDepth, now: Timestamp) {
    gauge!("mentor_outbox_pending", "service" => service).set(depth.pending as f64);
    let age = depth.oldest.map_or(0.0, |oldest| now.duration_since(oldest).as_secs_f64().max(0.0));
    gauge!("mentor_outbox_age_seconds", "service" => service).set(age);
}

pub(crate) fn waiting(service: &'static str, counts: &ParkedCounts) {
    gauge!("mentor_events_waiting", "service" => service).set(counts.waiting as f64);
    gauge!("mentor_events_given_up", "service" => service).set(counts.dead as f64);
}
