//! The settings of the JSON API, section `[services.gateway.api]`.

use serde::Deserialize;
use std::collections::BTreeMap;

/// What operations can set.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// Where each service answers, by its name: `enrollment = "http://enrollment:50051"`. A service without an address
    /// is called in this process, if it runs here.
    pub(crate) upstreams: BTreeMap<String, String>,
    /// PEM file of the authorities that the services' certificates chain to; needed for `https` addresses.
    pub(crate) ca_file: String,
    /// PEM files of the certificate that the gateway shows to services that ask for one; both or neither.
    pub(crate) certificate_file: String,
    /// See `certificate_file`.
    pub(crate) key_file: String,
    /// Origins of pages that may call, such as `https://mentor.example.com`; `*` for any.
    pub(crate) origins: Vec<String>,
    /// The most bytes of one request.
    pub(crate) max_body_bytes: usize,
    /// The most bytes of a request that holds several messages.
    pub(crate) max_upload_bytes: usize,
    /// The most bytes of all requests at a time.
    pub(crate) max_buffered_bytes: usize,
    /// Seconds that a client may take to send one of those; for others it is `body_seconds` of the service.
    pub(crate) upload_seconds: u64,
    /// Seconds after which a silent stream shows that it is alive.
    pub(crate) heartbeat_seconds: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            upstreams: BTreeMap::new(),
            ca_file: String::new(),
            certificate_file: String::new(),
            key_file: String::new(),
            origins: Vec::new(),
            max_body_bytes: 4 << 20,
            max_upload_bytes: 32 << 20,
            max_buffered_bytes: 64 << 20,
            upload_seconds: 120,
            heartbeat_seconds: 15,
        }
    }
}
