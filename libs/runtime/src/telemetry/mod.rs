//! Logs, traces, metrics. Set up once per process by `main`; a test sets up nothing.

mod http;
mod process;

pub(crate) use http::{Probe, serve};

use crate::config::{LogFormat, TelemetrySection};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::WithExportConfig;
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{Sampler, SdkTracerProvider},
};
use std::time::Duration;
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

/// Upper bounds of the buckets of every `*_seconds` histogram.
const SECONDS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The process's telemetry. Flush it last.
#[derive(Clone)]
pub struct Telemetry {
    metrics: PrometheusHandle,
    traces: Option<SdkTracerProvider>,
}

/// Telemetry that could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("telemetry: {0}")]
pub struct TelemetryError(String);

impl Telemetry {
    /// Installs logging, tracing and metrics for the whole process; `service` names it in traces.
    /// Must be called inside a Tokio runtime.
    ///
    /// # Errors
    /// When a filter or an endpoint is malformed, or telemetry is set up already.
    pub fn install(section: &TelemetrySection, service: &'static str) -> Result<Self, TelemetryError> {
        opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
        let filter = EnvFilter::try_new(&section.log)
            .map_err(|error| TelemetryError(format!("setting telemetry.log: {error}")))?;
        let traces = traces(section, service)?;
        let spans = traces.as_ref().map(|provider| {
            tracing_opentelemetry::layer()
                .with_tracer(provider.tracer("mentor"))
                .with_tracked_inactivity(false)
        });
        let lines = match section.log_format {
            LogFormat::Json => tracing_subscriber::fmt::layer()
                .json()
                .flatten_event(true)
                .with_current_span(true)
                .with_span_list(false)
                .with_writer(std::io::stderr)
                .boxed(),
            LogFormat::Human => tracing_subscriber::fmt::layer().with_writer(std::io::stderr).boxed(),
        };
        tracing_subscriber::registry()
            .with(filter)
            .with(lines)
            .with(spans)
            .try_init()
            .map_err(|error| TelemetryError(error.to_string()))?;
        Ok(Telemetry { metrics: recorder()?, traces })
    }

    /// Sends what is still held back. Blocks for as long as the collector takes, five seconds at most.
    pub fn flush(&self) {
        let Some(traces) = &self.traces else { return };
        if let Err(error) = traces.shutdown_with_timeout(Duration::from_secs(5)) {
            tracing::warn!(error = %error, "the last traces were not sent");
        }
    }

    pub(crate) fn metrics(&self) -> &PrometheusHandle {
        &self.metrics
    }
}

fn traces(
    section: &TelemetrySection,
    service: &'static str,
) -> Result<Option<SdkTracerProvider>, TelemetryError> {
    if section.otlp_endpoint.is_empty() {
        return Ok(None);
    }
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_tonic()
        .with_endpoint(&section.otlp_endpoint)
        .with_timeout(Duration::from_secs(5))
        .build()
        .map_err(|error| TelemetryError(format!("setting telemetry.otlp_endpoint: {error}")))?;
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(section.trace_ratio)));
    let resource = Resource::builder().with_service_name(format!("mentor-{service}")).build();
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(sampler)
        .with_resource(resource);
    Ok(Some(provider.build()))
}

fn recorder() -> Result<PrometheusHandle, TelemetryError> {
    let wrong = |error: metrics_exporter_prometheus::BuildError| TelemetryError(error.to_string());
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
        .map_err(wrong)?
        .install_recorder()
        .map_err(wrong)
}
