//! Runtime on real servers.

mod config;
mod embedded;
mod notes;
mod shutdown;
mod start;
mod telemetry;
