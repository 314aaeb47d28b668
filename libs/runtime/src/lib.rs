//! Runs services: configuration, telemetry, start-up, jobs, shutdown.
//!
//! - [`Service`] is what a service is; [`jobs!`] lists its jobs; [`main`] is all of its `main`.
//! - [`Host`] runs any set of services in one process, on one port.
//! - [`config`]: `config.defaults.toml` documents every setting.
//! - [`embedded`]: a private Postgres for development.

mod audit;
pub mod config;
pub mod embedded;
mod host;
mod job;
mod run;
mod service;
pub mod telemetry;

pub use config::Config;
pub use host::{Entry, Host, HostBuilder, Shutdown, StartError};
pub use job::{Job, Run};
pub use run::{Signals, install_crypto, load, main, migrate, serve, until_signal};
pub use service::{DeactivatedPeople, Deps, Here, Service};
