//! Runtime on real servers.

mod audit;
mod config;
mod embedded;
mod notes;
mod shutdown;
mod start;
mod telemetry;
