//! `/metrics`, `/livez`, `/readyz`.

use super::{Telemetry, process};
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use grpc::Places;
use metrics::gauge;
use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use storage::Database;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// What `Accept` names when OpenMetrics is wanted, and what is said when it is sent.
const OPEN_METRICS: &str = "application/openmetrics-text";
const OPEN_METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const TEXT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Whether the process should be sent calls, and if not, why.
#[derive(Clone, Debug)]
pub(crate) struct Probe(Arc<RwLock<Option<String>>>);

impl Probe {
    /// Not ready yet.
    pub(crate) fn starting() -> Self {
        Probe(Arc::new(RwLock::new(Some("starting".to_owned()))))
    }

    pub(crate) fn ready(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(crate) fn not_ready(&self, why: impl Into<String>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(why.into());
    }

    /// Why it is not ready.
    fn reason(&self) -> Option<String> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What the pages show.
#[derive(Clone)]
pub(crate) struct Pages {
    pub(crate) probe: Probe,
    pub(crate) telemetry: Option<Telemetry>,
    pub(crate) databases: Arc<[Database]>,
    pub(crate) places: Places,
}

/// Serves the pages until stopped. Old histogram samples are folded away every few seconds, scraped or not.
pub(crate) async fn serve(listener: TcpListener, pages: Pages, stop: CancellationToken) {
    let telemetry = pages.telemetry.clone();
    let router = Router::new()
        .route("/livez", get(async || "alive\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(pages);
    let server = axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
    tokio::select! {
        served = server.into_future() => {
            if let Err(error) = served {
                tracing::error!(error = %error, "the metrics endpoint stopped");
            }
        }
        () = upkeep(telemetry) => {}
        // A scraper that keeps its connection open does not hold the end.
        () = stop.cancelled() => {}
    }
}

async fn upkeep(telemetry: Option<Telemetry>) {
    let mut tick = tokio::time::interval(Duration::from_secs(5));
    loop {
        tick.tick().await;
        if let Some(telemetry) = &telemetry {
            telemetry.metrics().upkeep();
        }
    }
}

async fn readyz(State(pages): State<Pages>) -> (StatusCode, String) {
    match pages.probe.reason() {
        None => (StatusCode::OK, "ready\n".to_owned()),
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n")),
    }
}

async fn metrics(State(pages): State<Pages>, headers: HeaderMap) -> Response {
    process::record();
    gauge!("mentor_ready").set(u8::from(pages.probe.reason().is_none()));
    pages.databases.iter().for_each(record_pool);
    record_places(&pages.places);
    let Some(telemetry) = &pages.telemetry else { return String::new().into_response() };
    gauge!("mentor_build_info", "version" => telemetry.program().version).set(1);
    let accepts = headers.get_all(header::ACCEPT).iter();
    let open = accepts.filter_map(|value| value.to_str().ok()).any(|value| value.contains(OPEN_METRICS));
    let (kind, text) = if open {
        (OPEN_METRICS_TYPE, telemetry.metrics().open_metrics())
    } else {
        (TEXT_TYPE, telemetry.metrics().text())
    };
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

/// How many connections a service has open, how many of them nobody uses, and how many there may be.
fn record_pool(db: &Database) {
    let (open, idle) = db.connections();
    let idle = u32::try_from(idle).unwrap_or(u32::MAX);
    gauge!("mentor_database_connections", "service" => db.service(), "state" => "open").set(open);
    gauge!("mentor_database_connections", "service" => db.service(), "state" => "idle").set(idle);
    gauge!("mentor_database_connections_limit", "service" => db.service()).set(db.connections_limit());
}

/// How many calls and streams are under way, and how many there may be.
fn record_places(places: &Places) {
    for (kind, (taken, most)) in [("calls", places.calls()), ("streams", places.streams())] {
        gauge!("mentor_rpc_under_way", "kind" => kind).set(taken as f64);
        gauge!("mentor_rpc_under_way_limit", "kind" => kind).set(most as f64);
    }
}
