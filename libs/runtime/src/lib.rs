//! Runs services: configuration, telemetry, start-up, jobs, shutdown. See `config.defaults.toml` for every
//! setting.

pub mod config;
pub mod embedded;
mod job;
mod service;
pub mod telemetry;

pub use config::Config;
pub use job::{Job, Run};
pub use service::{Deps, Service};
