//! `/metrics`, `/livez`, `/readyz`.

use super::{Telemetry, process};
use axum::{Router, extract::State, http::StatusCode, routing::get};
use metrics::gauge;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use std::time::Duration;
use storage::Database;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Whether the process should be sent calls.
#[derive(Clone, Debug, Default)]
pub(crate) struct Probe(Arc<AtomicBool>);

impl Probe {
    pub(crate) fn set(&self, ready: bool) {
        self.0.store(ready, Ordering::Release);
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

#[derive(Clone)]
struct Pages {
    probe: Probe,
    telemetry: Option<Telemetry>,
    databases: Arc<[Database]>,
}

/// Serves the pages until stopped. Old histogram samples are folded away every few seconds, scraped or not.
pub(crate) async fn serve(
    listener: TcpListener,
    probe: Probe,
    telemetry: Option<Telemetry>,
    databases: Vec<Database>,
    stop: CancellationToken,
) {
    let pages = Pages { probe, telemetry: telemetry.clone(), databases: databases.into() };
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
            telemetry.metrics().run_upkeep();
        }
    }
}

async fn readyz(State(pages): State<Pages>) -> (StatusCode, &'static str) {
    if pages.probe.is_ready() {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready: starting or shutting down\n")
    }
}

async fn metrics(State(pages): State<Pages>) -> String {
    process::record();
    pages.databases.iter().for_each(record_pool);
    pages.telemetry.as_ref().map(|telemetry| telemetry.metrics().render()).unwrap_or_default()
}

/// How many connections a service has open, and how many of them nobody uses.
fn record_pool(db: &Database) {
    let (open, idle) = db.connections();
    let idle = u32::try_from(idle).unwrap_or(u32::MAX);
    gauge!("mentor_database_connections", "service" => db.service(), "state" => "open").set(open);
    gauge!("mentor_database_connections", "service" => db.service(), "state" => "idle").set(idle);
}
