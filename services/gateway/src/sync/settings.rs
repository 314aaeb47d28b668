//! What operations can set of sources: section `[services.gateway.sync]`.

use crate::outgoing::{Guard, Network};
use runtime::config::Secret;
use serde::Deserialize;
use std::{collections::BTreeMap, path::PathBuf};

/// Settings of sources and runs.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SyncSettings {
    /// The folder in whose `<tenant>/<folder>` files are looked for; none are where empty.
    pub(crate) drop_dir: PathBuf,
    /// Seconds that a file's size and time must stand still before it is taken for whole.
    pub(crate) settle_seconds: u32,
    /// The most bytes of one file.
    pub(crate) max_file_bytes: usize,
    /// The most rows of one file.
    pub(crate) max_rows: usize,
    /// Runs that one process has under way at once.
    pub(crate) runs: usize,
    /// Seconds after which a run whose process was not heard of goes on in another.
    pub(crate) lease_seconds: u32,
    /// Attempts at one page of a source that does not answer; then the run fails.
    pub(crate) attempts: i32,
    /// Days that runs, their errors and their files are kept.
    pub(crate) kept_days: u32,
    /// Whether sources on this machine may be reached without TLS: for tests.
    pub(crate) allow_http: bool,
    /// Networks where sources may be though they are not public, such as `10.1.0.0/16`.
    pub(crate) allowed_networks: Vec<Network>,
    /// Secrets that sources name.
    pub(crate) secrets: BTreeMap<String, NamedSecret>,
}

/// A secret that the sources of one tenant may name.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NamedSecret {
    /// Whose sources may use it: the tenant's id.
    pub(crate) tenant: String,
    /// The secret; this or `file`.
    pub(crate) value: Secret,
    /// The file that holds it, read anew for each run.
    pub(crate) file: PathBuf,
}

impl SyncSettings {
    /// Where sources may be.
    pub(crate) fn guard(&self) -> Guard {
        let guard = Guard::new(&self.allowed_networks, "services.gateway.sync.allowed_networks");
        if self.allow_http { guard.with_this_machine() } else { guard }
    }
}

impl Default for SyncSettings {
    fn default() -> Self {
        SyncSettings {
            drop_dir: PathBuf::new(),
            settle_seconds: 30,
            max_file_bytes: 256 << 20,
            max_rows: 1_000_000,
            runs: 2,
            lease_seconds: 60,
            attempts: 6,
            kept_days: 30,
            allow_http: false,
            allowed_networks: Vec::new(),
            secrets: BTreeMap::new(),
        }
    }
}
