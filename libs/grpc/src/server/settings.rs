//! What a server allows.

use serde::Deserialize;
use std::{path::PathBuf, time::Duration};

/// Limits of a server. Every field has a default that suits one service on two cores.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSettings {
    /// Unary calls under way at once; more are refused as OVERLOADED. 1 and up.
    pub max_calls: usize,
    /// Streams open at once. 1 and up.
    pub max_streams: usize,
    /// Calls per second that one client of one tenant may sustain; 0 for no limit.
    pub calls_per_second: u32,
    /// Calls that one client may make at once after a pause.
    pub burst: u32,
    /// The longest a unary call may take, in seconds; a shorter `grpc-timeout` of the caller is honoured.
    pub max_deadline_seconds: u64,
    /// The longest a stream may stay open, in seconds.
    pub max_stream_seconds: u64,
    /// Connections are asked to close after this many seconds, so that clients spread over new replicas.
    pub max_connection_seconds: u64,
    /// Origins of pages that may call by gRPC-Web, such as `https://mentor.example`; `*` for any.
    pub web_origins: Vec<String>,
    /// TLS; without it a proxy or a mesh has to do it.
    pub tls: Option<TlsSettings>,
}

/// A certificate and its key, in PEM files, which are read again when they change.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsSettings {
    /// The chain, the server's own first.
    pub certificate_file: PathBuf,
    /// The private key.
    pub key_file: PathBuf,
    /// The authorities that clients' certificates must chain to; then only clients with one may connect (mutual TLS).
    #[serde(default)]
    pub client_ca_file: Option<PathBuf>,
}

impl Default for ServerSettings {
    fn default() -> Self {
        ServerSettings {
            max_calls: 256,
            max_streams: 1024,
            calls_per_second: 500,
            burst: 1000,
            max_deadline_seconds: 30,
            max_stream_seconds: 3600,
            max_connection_seconds: 1800,
            web_origins: Vec::new(),
            tls: None,
        }
    }
}

impl ServerSettings {
    pub(crate) fn max_deadline(&self) -> Duration {
        Duration::from_secs(self.max_deadline_seconds)
    }

    pub(crate) fn max_stream(&self) -> Duration {
        Duration::from_secs(self.max_stream_seconds)
    }
}
