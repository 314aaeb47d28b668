//! A process: any set of services on one gRPC port, each with its own database, relay, consumers and jobs.
//!
//! Nothing here is global, so a test can run several hosts side by side.

mod build;
mod entry;
mod error;
mod http;
mod jobs;
mod listen;
mod needs;
mod settings;
mod shutdown;

pub use build::HostBuilder;
pub use entry::Entry;
pub use error::StartError;
pub use shutdown::Shutdown;

pub(crate) use build::migrate;

use crate::{
    config::Config,
    telemetry::{Probe, Telemetry},
};
use entry::Running;
use grpc::{DevIssuer, Health};
use jobs::Jobs;
use kernel::{Error, Result, SharedClock};
use messaging::{Broker, Handle, Messaging};
use std::{net::SocketAddr, sync::Arc};
use storage::Database;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

/// Services at work. End it with [`Host::shutdown`]; dropped, it ends as in a crash, and nothing is lost.
pub struct Host {
    config: Config,
    clock: SharedClock,
    address: SocketAddr,
    telemetry_address: Option<SocketAddr>,
    http_address: Option<SocketAddr>,
    services: Vec<(&'static str, Arc<dyn Running>)>,
    broker: Broker,
    messaging: Vec<Messaging>,
    consuming: Vec<Handle>,
    jobs: Arc<Jobs>,
    issuer: Option<DevIssuer>,
    health: Health,
    probe: Probe,
    telemetry: Option<Telemetry>,
    stop: Stop,
    tasks: Tasks,
}

/// What tells each part to stop.
#[derive(Clone, Default)]
struct Stop {
    accepting: CancellationToken,
    jobs: CancellationToken,
    telemetry: CancellationToken,
}

/// What runs in the background; it ends with the host.
struct Tasks {
    server: AbortOnDropHandle<Result<()>>,
    http: Option<AbortOnDropHandle<()>>,
    jobs: Option<AbortOnDropHandle<()>>,
    telemetry: Option<AbortOnDropHandle<()>>,
}

impl Host {
    /// Begins a host with this configuration.
    pub fn builder(config: Config) -> HostBuilder {
        HostBuilder::new(config)
    }

    /// Where gRPC is served.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where gRPC is served, for clients.
    pub fn url(&self) -> String {
        let scheme = if self.config.server.tls_key_file.is_empty() { "http" } else { "https" };
        format!("{scheme}://{}", self.address)
    }

    /// Where HTTP is served, if a service of this process does.
    pub fn http_address(&self) -> Option<SocketAddr> {
        self.http_address
    }

    /// Where `/metrics`, `/livez` and `/readyz` are served, if anywhere.
    pub fn telemetry_address(&self) -> Option<SocketAddr> {
        self.telemetry_address
    }

    /// The names of its services.
    pub fn services(&self) -> impl Iterator<Item = &'static str> {
        self.services.iter().map(|(name, _)| *name)
    }

    /// The database of one of its services.
    pub fn database(&self, service: &str) -> Option<&Database> {
        self.services.iter().find(|(name, _)| *name == service).map(|(_, service)| service.db())
    }

    /// The broker, to publish what another system would.
    pub fn broker(&self) -> &Broker {
        &self.broker
    }

    /// The time.
    pub fn clock(&self) -> &SharedClock {
        &self.clock
    }

    /// The development issuer, where the configuration enables it.
    pub fn issuer(&self) -> Option<&DevIssuer> {
        self.issuer.as_ref()
    }

    /// The configuration it runs with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Returns when no due event is unpublished, and every published one was handled (or parked) by each of
    /// its services that handles it; also those that handlers emitted meanwhile.
    ///
    /// # Errors
    /// `DEADLINE_EXCEEDED` when events are still under way after a minute.
    pub async fn settle(&self) -> Result<()> {
        messaging::settle(&self.messaging).await
    }

    /// Runs every job whose period has passed by the clock, for each tenant, in a fixed order. Returns how many
    /// runs there were.
    ///
    /// # Errors
    /// The first failure, after all have run.
    pub async fn run_jobs(&self) -> Result<u64> {
        self.jobs.run_due().await
    }

    /// Returns when the server ends by itself, which it should not; for `select!` beside a signal.
    ///
    /// # Errors
    /// Why it ended.
    pub async fn failed(&mut self) -> Result<(), StartError> {
        Err(match (&mut self.tasks.server).await {
            Ok(Ok(())) => Error::internal("the server ended by itself"),
            Ok(Err(error)) => error,
            Err(error) => Error::internal(error),
        }
        .into())
    }
}
