//! The metrics of the process: what there is, how it is recorded, how it is rendered.

use super::{
    TelemetryError,
    exemplars::{Exemplars, SECONDS},
};
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use metrics_exporter_prometheus::{
    BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};
use std::{fmt::Write, sync::Arc};

/// Every metric of the suite and what it means: `# HELP` of `/metrics`. A test holds that none is missing here.
pub const METRICS: &[(&str, &str)] = &[
    ("mentor_rpc_calls_total", "Finished calls, by gRPC status code."),
    ("mentor_rpc_duration_seconds", "How long calls took; a stream until its end."),
    ("mentor_rpc_refusals_total", "Calls that were answered by an error, by its reason."),
    ("mentor_rpc_under_way", "Calls and streams under way now."),
    ("mentor_rpc_under_way_limit", "How many calls and streams may be under way at once."),
    ("mentor_outbox_pending", "Events that are committed and not yet published."),
    ("mentor_outbox_age_seconds", "Age of the oldest event that is committed and not yet published."),
    ("mentor_events_published_total", "Events that the broker has confirmed."),
    ("mentor_relay_failures_total", "Attempts to publish that failed; the events stay in the outbox."),
    ("mentor_events_handled_total", "Events that a consumer applied."),
    ("mentor_events_failed_total", "Attempts of a consumer to apply an event that failed."),
    ("mentor_event_handle_seconds", "How long a consumer took to apply an event."),
    ("mentor_event_lag_seconds", "Time from when an event happened to when it was applied."),
    ("mentor_events_parked_total", "Events put aside to be tried again, or behind one that is."),
    ("mentor_events_dead_total", "Events given up after the last attempt."),
    ("mentor_events_waiting", "Events put aside now, to be tried again."),
    ("mentor_events_given_up", "Events given up now, until somebody replays them."),
    ("mentor_events_foreign_total", "Messages in a queue of ours that are no event of the suite."),
    ("mentor_job_runs_total", "Runs of a periodic job, one for each tenant, by outcome."),
    ("mentor_job_seconds", "How long a run of a periodic job took."),
    ("mentor_job_last_success_timestamp_seconds", "When a periodic job last ran without a failure."),
    ("mentor_webhook_attempts_total", "Messages posted to webhooks, by outcome."),
    ("mentor_webhook_attempt_seconds", "How long posting a message to a webhook took."),
    ("mentor_webhook_dead_total", "Messages to webhooks that were given up."),
    ("mentor_webhook_oldest_pending_seconds", "How long the oldest message to an enabled webhook waits."),
    ("mentor_webhook_late_seconds", "How long a message to a webhook has been due that nobody sends."),
    ("mentor_database_connections", "Connections of the pool, open and of these idle."),
    ("mentor_database_connections_limit", "How many connections the pool may open."),
    ("mentor_database_acquire_seconds", "How long a transaction waited for a connection."),
    ("mentor_database_acquire_failures_total", "Transactions that got no connection."),
    ("mentor_match_runs_total", "Match runs that were completed or failed, by state."),
    ("mentor_match_run_seconds", "How long a match run took to solve."),
    ("mentor_match_run_gap", "Relative gap of the last match run to the proven bound; 0 is the optimum."),
    ("mentor_match_run_unmatched", "Mentees without a proposal in the last match run."),
    ("mentor_http_requests_total", "Answered HTTP requests of the gateway, by API, method and status."),
    ("mentor_http_request_seconds", "How long the gateway took to answer an HTTP request."),
    ("mentor_sign_ins_total", "People who were signed in, and tokens that machines were given."),
    ("mentor_sign_in_refusals_total", "Sign-ins that were refused, by who wanted in and the reason."),
    ("mentor_sync_runs_total", "Runs of sources that ended or wait for a person's word, by state."),
    ("mentor_sync_run_seconds", "How long a run of a source took until it ended or waited for a person."),
    ("mentor_sync_oldest_seconds", "How long the oldest run of a source has been due or under way."),
    ("mentor_tls_reloads_total", "Renewed TLS certificates, by outcome."),
    ("mentor_log_lines_total", "Log lines of the levels warn and error."),
    ("mentor_ready", "1 while the process is ready for calls."),
    ("mentor_build_info", "Always 1; the version is in the label."),
    ("process_cpu_seconds_total", "CPU time of the process."),
    ("process_resident_memory_bytes", "Memory of the process."),
    ("process_threads", "Threads of the process."),
    ("process_open_fds", "Open files of the process."),
];

/// What `/metrics` is made from.
#[derive(Clone)]
pub(crate) struct Metrics {
    handle: PrometheusHandle,
    exemplars: Arc<Exemplars>,
}

impl Metrics {
    /// Installs the recorder of the process.
    pub(super) fn install() -> Result<Self, TelemetryError> {
        let wrong = |error: BuildError| TelemetryError(error.to_string());
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
            .map_err(wrong)?
            .build_recorder();
        let metrics = Metrics { handle: recorder.handle(), exemplars: Arc::default() };
        let tracing = Tracing { inner: recorder, exemplars: Arc::clone(&metrics.exemplars) };
        metrics::set_global_recorder(tracing).map_err(|error| TelemetryError(error.to_string()))?;
        Ok(metrics)
    }

    /// Folds samples away; to be called every few seconds.
    pub(super) fn upkeep(&self) {
        self.handle.run_upkeep();
    }

    /// In Prometheus' text format.
    pub(super) fn text(&self) -> String {
        with_help(&self.handle.render())
    }

    /// In the OpenMetrics format, with exemplars.
    pub(super) fn open_metrics(&self) -> String {
        self.exemplars.open_metrics(&self.text())
    }
}

/// Adds the meaning above each metric.
fn with_help(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 5 / 4);
    for line in text.lines().filter(|line| !line.is_empty()) {
        let name = line.strip_prefix("# TYPE ").and_then(|rest| rest.split(' ').next());
        if let Some((name, help)) = name.and_then(|name| METRICS.iter().find(|(known, _)| *known == name)) {
            // Writing to a string can't fail.
            let _ = writeln!(out, "# HELP {name} {help}");
        }
        out.push_str(line);
        out.push('\n');
    }
    out
}

/// Prometheus' recorder, whose histograms remember the traces behind their samples.
struct Tracing {
    inner: PrometheusRecorder,
    exemplars: Arc<Exemplars>,
}

impl Recorder for Tracing {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.inner.describe_counter(key, unit, description);
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.inner.describe_gauge(key, unit, description);
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.inner.describe_histogram(key, unit, description);
    }

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        self.inner.register_counter(key, metadata)
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        self.inner.register_gauge(key, metadata)
    }

    fn register_histogram(&self, key: &Key, metadata: &Metadata<'_>) -> Histogram {
        let inner = self.inner.register_histogram(key, metadata);
        if key.name().ends_with("_seconds") { self.exemplars.watch(key, inner) } else { inner }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_listed_once() {
        for (at, (name, help)) in METRICS.iter().enumerate() {
            assert!(METRICS.iter().skip(at + 1).all(|(other, _)| other != name), "{name} twice");
            assert!(help.ends_with('.') && !help.contains('\n'), "{name}");
        }
    }

    #[test]
    fn meanings_stand_above_and_empty_lines_go() {
        let text = "# TYPE mentor_ready gauge\nmentor_ready 1\n\n# TYPE other counter\nother 2\n";
        let helped = with_help(text);
        assert_eq!(
            helped,
            "# HELP mentor_ready 1 while the process is ready for calls.\n# TYPE mentor_ready gauge\n\
             mentor_ready 1\n# TYPE other counter\nother 2\n"
        );
    }
}
