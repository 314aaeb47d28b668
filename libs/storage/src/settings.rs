//! Where the servers are.

use secrecy::SecretString;
use serde::Deserialize;
use std::{collections::BTreeMap, time::Duration};

/// How a service reaches its database. It logs in as the role named like the service.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSettings {
    /// Host, port and database, such as `postgres://127.0.0.1:5432/mentor`; no credentials.
    pub url: String,
    /// The role's password; not needed where the server trusts the connection.
    #[serde(default)]
    pub password: Option<SecretString>,
    /// Connections at most, 1 and up.
    #[serde(default = "defaults::max_connections")]
    pub max_connections: u32,
    /// Milliseconds a call waits for a connection before it is refused as UNAVAILABLE.
    #[serde(default = "defaults::acquire_timeout_ms")]
    pub acquire_timeout_ms: u64,
    /// Prepared statements kept per connection; 0 for a pooler that can't carry them.
    #[serde(default = "defaults::statement_cache")]
    pub statement_cache: usize,
    /// The server itself, where `url` points to a pooler: notifications need a direct connection.
    #[serde(default)]
    pub listen_url: Option<String>,
}

impl DatabaseSettings {
    /// Defaults for everything but the address.
    pub fn at(url: impl Into<String>) -> Self {
        DatabaseSettings {
            url: url.into(),
            password: None,
            max_connections: defaults::max_connections(),
            acquire_timeout_ms: defaults::acquire_timeout_ms(),
            statement_cache: defaults::statement_cache(),
            listen_url: None,
        }
    }

    pub(crate) fn acquire_timeout(&self) -> Duration {
        Duration::from_millis(self.acquire_timeout_ms)
    }
}

/// How the schemas are brought up to date: as an owner, never from a server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MigrateSettings {
    /// A role that may create roles and schemas, with its credentials.
    pub admin_url: SecretString,
    /// Passwords to set for the services' roles, by service; a service without one gets a role without a
    /// password, which suits servers that trust or use certificates.
    #[serde(default)]
    pub role_passwords: BTreeMap<String, SecretString>,
}

impl MigrateSettings {
    /// No passwords: for a server that trusts its connections.
    pub fn at(admin_url: impl Into<String>) -> Self {
        MigrateSettings { admin_url: SecretString::from(admin_url.into()), role_passwords: BTreeMap::new() }
    }
}

/// Where the cache is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheSettings {
    /// `redis://…` or `rediss://…`; none means in this process.
    #[serde(default)]
    pub url: Option<SecretString>,
    /// What every key starts with, so that several suites share a server.
    #[serde(default = "defaults::prefix")]
    pub prefix: String,
    /// Milliseconds to wait for an answer before doing without.
    #[serde(default = "defaults::response_timeout_ms")]
    pub response_timeout_ms: u64,
}

impl Default for CacheSettings {
    fn default() -> Self {
        CacheSettings {
            url: None,
            prefix: defaults::prefix(),
            response_timeout_ms: defaults::response_timeout_ms(),
        }
    }
}

mod defaults {
    pub(super) fn max_connections() -> u32 {
        20
    }
    pub(super) fn acquire_timeout_ms() -> u64 {
        3_000
    }
    pub(super) fn statement_cache() -> usize {
        256
    }
    pub(super) fn prefix() -> String {
        "mentor".to_owned()
    }
    pub(super) fn response_timeout_ms() -> u64 {
        250
    }
}
