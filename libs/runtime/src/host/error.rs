//! Why a process does not start. For whoever starts it; never sent to a client.

use crate::config::ConfigError;
use std::net::SocketAddr;

/// Why a process does not start, with what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Settings are missing or contradict each other.
    #[error(transparent)]
    Settings(#[from] ConfigError),
    /// The database is behind the program.
    #[error("the database lacks migrations: {}; run `migrate` first", .0.join(", "))]
    MigrationsPending(Vec<String>),
    /// An address cannot be listened at.
    #[error("setting {key} names {address}, which cannot be used: {source}")]
    Listen {
        /// The setting.
        key: &'static str,
        /// The address.
        address: SocketAddr,
        /// The answer of the system.
        source: std::io::Error,
    },
    /// Something else: a server is away, a service refuses its settings.
    #[error("{}", explained(.0))]
    Other(Box<kernel::Error>),
}

impl From<Box<kernel::Error>> for StartError {
    fn from(error: Box<kernel::Error>) -> Self {
        StartError::Other(error)
    }
}

/// An error with its cause, which is kept from clients and not from the operator.
fn explained(error: &kernel::Error) -> String {
    match &error.source {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
