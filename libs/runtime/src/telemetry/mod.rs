//! Logs, traces, metrics. Set up once per process by `main`; a test sets up nothing.

mod exemplars;
mod http;
mod lines;
mod metrics;
mod process;

pub(crate) use http::{Pages, Probe, serve};
pub use metrics::METRICS;

use crate::config::{LogFormat, TelemetrySection};
use metrics::Metrics;
use opentelemetry::{KeyValue, trace::TracerProvider};
use opentelemetry_otlp::WithExportConfig;
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{Sampler, SdkTracerProvider},
};
use std::time::Duration;
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

/// Which program this is, as traces and metrics name it.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// What it serves.
    pub name: &'static str,
    /// The release. Two that run side by side for long are a rollout that has stopped halfway.
    pub version: &'static str,
}

impl Program {
    /// A program of this release.
    pub const fn named(name: &'static str) -> Self {
        Program { name, version: env!("CARGO_PKG_VERSION") }
    }
}

/// The process's telemetry. Flush it last.
#[derive(Clone)]
pub struct Telemetry {
    program: Program,
    metrics: Metrics,
    traces: Option<SdkTracerProvider>,
}

/// Telemetry that could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("telemetry: {0}")]
pub struct TelemetryError(String);

impl Telemetry {
    /// Installs logging, tracing and metrics for the whole process.
    /// Must be called inside a Tokio runtime.
    ///
    /// # Errors
    /// When a filter or an endpoint is malformed, or telemetry is set up already.
    pub fn install(section: &TelemetrySection, program: Program) -> Result<Self, TelemetryError> {
        opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
        let filter = EnvFilter::try_new(&section.log)
            .map_err(|error| TelemetryError(format!("setting telemetry.log: {error}")))?;
        let traces = traces(section, program)?;
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
                // Where a line can't be written, another about it can't either, and would panic.
                .log_internal_errors(false)
                .boxed(),
            LogFormat::Human => tracing_subscriber::fmt::layer()
                .with_writer(std::io::stderr)
                .log_internal_errors(false)
                .boxed(),
        };
        tracing_subscriber::registry()
            .with(filter)
            .with(lines)
            .with(spans)
            .with(lines::Count)
            .try_init()
            .map_err(|error| TelemetryError(error.to_string()))?;
        let metrics = Metrics::install()?;
        lines::begin();
        Ok(Telemetry { program, metrics, traces })
    }

    /// Sends what is still held back. Blocks for as long as the collector takes, five seconds at most.
    pub fn flush(&self) {
        let Some(traces) = &self.traces else { return };
        if let Err(error) = traces.shutdown_with_timeout(Duration::from_secs(5)) {
            tracing::warn!(error = %error, "the last traces were not sent");
        }
    }

    pub(crate) fn program(&self) -> Program {
        self.program
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }
}

fn traces(section: &TelemetrySection, program: Program) -> Result<Option<SdkTracerProvider>, TelemetryError> {
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
    let resource = Resource::builder()
        .with_service_name(format!("mentor-{}", program.name))
        .with_attribute(KeyValue::new("service.version", program.version))
        .build();
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(sampler)
        .with_resource(resource);
    Ok(Some(provider.build()))
}
