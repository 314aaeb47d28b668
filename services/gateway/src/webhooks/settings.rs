//! Settings of webhooks, section `[services.gateway.webhooks]`.

use crate::{
    config::MovedToKeysFile,
    outgoing::{Guard, Network},
};
use kernel::{Error, Result};
use serde::Deserialize;
use std::time::Duration;

/// The longest that an attempt may take.
const MAX_TIMEOUT: u64 = 60;

/// What operations can set.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// Stood here before.
    pub(super) key_file: MovedToKeysFile,
    /// Stood here before.
    pub(super) generate_key: MovedToKeysFile,
    /// Networks that may be called though they are not public, such as `10.1.0.0/16`; also without TLS.
    pub(crate) allowed_networks: Vec<Network>,
    /// Ports that may be called; any when empty.
    pub(crate) ports: Vec<u16>,
    /// Seconds that one attempt may take.
    pub(crate) timeout_seconds: u64,
    /// Attempts under way at once for one webhook.
    pub(crate) concurrency: i64,
    /// Webhooks that one process works on at once.
    pub(crate) webhooks_at_once: usize,
    /// Hours after which a delivery is given up.
    pub(crate) give_up_hours: u32,
    /// Days that the log of what was delivered or given up is kept.
    pub(crate) log_days: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            key_file: MovedToKeysFile,
            generate_key: MovedToKeysFile,
            allowed_networks: Vec::new(),
            ports: vec![443, 8443],
            timeout_seconds: 10,
            concurrency: 8,
            webhooks_at_once: 32,
            give_up_hours: 24,
            log_days: 14,
        }
    }
}

impl Settings {
    /// What must hold.
    ///
    /// # Errors
    /// Names the setting that is out of bounds.
    pub(crate) fn check(&self) -> Result<()> {
        let wrong = |name: &str, what: &str| {
            Err(Error::field(format!("services.gateway.webhooks.{name}"), what.to_owned()))
        };
        if !(1..=MAX_TIMEOUT).contains(&self.timeout_seconds) {
            return wrong("timeout_seconds", "must lie between 1 and 60");
        }
        if !(1..=100).contains(&self.concurrency) {
            return wrong("concurrency", "must lie between 1 and 100");
        }
        if !(1..=1_000).contains(&self.webhooks_at_once) {
            return wrong("webhooks_at_once", "must lie between 1 and 1000");
        }
        if !(1..=240).contains(&self.give_up_hours) {
            return wrong("give_up_hours", "must lie between 1 and 240");
        }
        if self.log_days == 0 {
            return wrong("log_days", "must be at least 1: what is deleted at once could not be replayed");
        }
        Ok(())
    }

    /// Which addresses may be called.
    pub(crate) fn guard(&self) -> Guard {
        Guard::new(&self.allowed_networks, "services.gateway.webhooks.allowed_networks")
    }

    /// How long one attempt may take.
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds)
    }
}
