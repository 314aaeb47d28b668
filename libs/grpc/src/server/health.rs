//! What probes are told by `grpc.health.v1`.

use futures::FutureExt;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use tonic_health::{ServingStatus, server::HealthReporter};

/// The name that is SERVING for as long as the process lives: for liveness probes, which must not end a process that
/// waits for its database or finishes its last calls.
const LIVE: &str = "live";

/// `grpc.health.v1`: the server as a whole (""), each of its services, and `live`.
#[derive(Clone)]
pub struct Health {
    reporter: HealthReporter,
    services: Arc<[String]>,
    open: Arc<AtomicBool>,
}

impl Health {
    /// Nothing but `live` is serving before the host says so.
    pub(super) fn starting(services: &[String], open: Arc<AtomicBool>) -> Self {
        let health = Health { reporter: HealthReporter::new(), services: services.to_vec().into(), open };
        let first = async {
            health.reporter.set_service_status(LIVE, ServingStatus::Serving).await;
            health.not_serving().await;
        };
        // Nobody else holds the reporter's lock yet, so this is done at once.
        let done = first.now_or_never();
        debug_assert!(done.is_some(), "the reporter was just made");
        health
    }

    pub(super) fn reporter(&self) -> HealthReporter {
        self.reporter.clone()
    }

    /// Ready for calls.
    pub async fn serving(&self) {
        self.open.store(true, Ordering::Release);
        self.set(ServingStatus::Serving).await;
    }

    /// Not ready yet, or no more: load balancers look elsewhere. Calls that come all the same are served.
    pub async fn not_serving(&self) {
        self.set(ServingStatus::NotServing).await;
    }

    async fn set(&self, status: ServingStatus) {
        self.reporter.set_service_status("", status).await;
        for service in self.services.iter() {
            self.reporter.set_service_status(service, status).await;
        }
    }
}
