//! The sections, typed. What each setting means stands in `config.defaults.toml`.
#![expect(missing_docs, reason = "config.defaults.toml documents every setting, once")]

use super::Secret;
use serde::{Deserialize, Deserializer, de::Error as _};
use std::{collections::BTreeMap, net::SocketAddr, time::Duration};
use uuid::Uuid;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerSection {
    pub listen: SocketAddr,
    pub reflection: bool,
    pub tls_certificate_file: String,
    pub tls_key_file: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSection {
    pub url: Secret,
    pub url_file: String,
    pub direct_url: Secret,
    pub direct_url_file: String,
    pub password: Secret,
    pub password_file: String,
    pub max_connections: u32,
    #[serde(deserialize_with = "duration")]
    pub acquire_timeout: Duration,
    #[serde(deserialize_with = "duration")]
    pub statement_timeout: Duration,
    pub passwords: BTreeMap<String, Secret>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MigrateSection {
    pub url: Secret,
    pub url_file: String,
    pub password: Secret,
    pub password_file: String,
    #[serde(deserialize_with = "duration")]
    pub lock_timeout: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BrokerKind {
    Rabbitmq,
    InProcess,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessagingSection {
    pub broker: BrokerKind,
    pub url: Secret,
    pub url_file: String,
    pub password: Secret,
    pub password_file: String,
    pub prefix: String,
    pub relay_batch: u32,
    #[serde(deserialize_with = "duration")]
    pub relay_poll: Duration,
    pub prefetch: u16,
    pub max_attempts: u32,
    #[serde(deserialize_with = "duration")]
    pub retry_first: Duration,
    #[serde(deserialize_with = "duration")]
    pub retry_longest: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CacheKind {
    Redis,
    InProcess,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheSection {
    pub kind: CacheKind,
    pub url: Secret,
    pub url_file: String,
    pub password: Secret,
    pub password_file: String,
    pub prefix: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentitySection {
    pub audience: String,
    #[serde(deserialize_with = "duration")]
    pub leeway: Duration,
    pub issuers: Vec<Issuer>,
    pub dev: DevIdentity,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issuer {
    pub issuer: String,
    #[serde(default)]
    pub jwks_url: String,
    #[serde(default)]
    pub jwks_file: String,
    #[serde(default = "algorithms")]
    pub algorithms: Vec<String>,
    #[serde(default)]
    pub tenants: Vec<Uuid>,
}

fn algorithms() -> Vec<String> {
    ["RS256", "ES256", "EdDSA"].map(str::to_owned).to_vec()
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DevIdentity {
    pub enabled: bool,
    pub issuer: String,
    pub key_file: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    Human,
    Json,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelemetrySection {
    pub log_format: LogFormat,
    pub log: String,
    pub otlp_endpoint: String,
    pub trace_ratio: f64,
    #[serde(deserialize_with = "optional_address")]
    pub listen: Option<SocketAddr>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsSection {
    pub concurrent_requests: usize,
    pub concurrent_requests_per_connection: usize,
    pub max_request_bytes: usize,
    #[serde(deserialize_with = "duration")]
    pub default_deadline: Duration,
    #[serde(deserialize_with = "duration")]
    pub longest_deadline: Duration,
    pub rate_per_second: u32,
    pub rate_burst: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShutdownSection {
    #[serde(deserialize_with = "duration")]
    pub readiness_delay: Duration,
    #[serde(deserialize_with = "duration")]
    pub drain: Duration,
    #[serde(deserialize_with = "duration")]
    pub deadline: Duration,
}

/// Reads "5s", "1m 30s".
fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(from)?;
    let wrong = || D::Error::custom(format!("must be a duration such as \"250ms\", \"5s\" or \"1m 30s\", not \"{text}\""));
    let parsed: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
    Duration::try_from(parsed).map_err(|_| wrong())
}

fn optional_address<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(from)?;
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| D::Error::custom(format!("must be ADDRESS:PORT or empty, not \"{text}\"")))
}
