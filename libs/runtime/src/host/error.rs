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
    /// A server does not answer, or does not let us in.
    #[error("setting {key} names {place}, where {server} can't be used: {cause}; {advice}")]
    Away {
        /// The setting that names the server.
        key: &'static str,
        /// Host and port, without credentials.
        place: String,
        /// What is expected there.
        server: &'static str,
        /// What happened.
        cause: String,
        /// What to look at.
        advice: &'static str,
    },
    /// Something else, such as a service that refuses its settings.
    #[error("{}", explained(.0))]
    Other(Box<kernel::Error>),
}

impl StartError {
    /// Whether it passes when somebody mends what is outside of the process: then waiting is better than ending.
    pub fn heals(&self) -> bool {
        matches!(self, StartError::MigrationsPending(_) | StartError::Away { .. })
    }

    /// A setting whose value a library refuses.
    pub(super) fn setting(path: &str, error: &kernel::Error) -> Self {
        let what = match error.violations.first() {
            Some(violation) => violation.description.clone(),
            None => format!("can't be used: {}", explained(error)),
        };
        StartError::Settings(ConfigError::at(path, what))
    }
}

impl From<Box<kernel::Error>> for StartError {
    fn from(error: Box<kernel::Error>) -> Self {
        StartError::Other(error)
    }
}

/// An error with its causes, which are kept from clients and not from the operator.
pub(super) fn explained(error: &kernel::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
