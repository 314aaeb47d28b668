//! The sections, typed. What each setting means stands in `config.defaults.toml`.
#![expect(missing_docs, reason = "config.defaults.toml documents every setting, once")]

use super::Secret;
use serde::{Deserialize, Deserializer, de::Error as _};
use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerSection {
    pub listen: SocketAddr,
    pub web_origins: Vec<String>,
    #[serde(deserialize_with = "duration")]
    pub connection_age: Duration,
    pub tls_certificate_file: String,
    pub tls_key_file: String,
    pub tls_client_ca_file: String,
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
    pub statement_cache: usize,
    pub passwords: BTreeMap<String, Secret>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MigrateSection {
    pub url: Secret,
    pub url_file: String,
    pub password: Secret,
    pub password_file: String,
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
    pub publish_window: u16,
    pub claim_limit: u32,
    #[serde(deserialize_with = "duration")]
    pub poll: Duration,
    #[serde(deserialize_with = "duration")]
    pub confirm_timeout: Duration,
    pub consume_batch: u16,
    #[serde(deserialize_with = "duration")]
    pub retry_first: Duration,
    #[serde(deserialize_with = "duration")]
    pub retry_longest: Duration,
    pub attempts: u16,
    pub delivery_limit: u16,
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
    #[serde(deserialize_with = "duration")]
    pub response_timeout: Duration,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentitySection {
    pub issuers: Vec<grpc::IssuerSettings>,
    pub dev: DevIdentity,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DevIdentity {
    pub enabled: bool,
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
    pub calls: usize,
    pub streams: usize,
    pub calls_per_second: u32,
    pub burst: u32,
    #[serde(deserialize_with = "duration")]
    pub longest_call: Duration,
    #[serde(deserialize_with = "duration")]
    pub longest_stream: Duration,
    #[serde(deserialize_with = "duration")]
    pub deactivation_check: Duration,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionSection {
    #[serde(deserialize_with = "duration")]
    pub outbox: Duration,
    #[serde(deserialize_with = "duration")]
    pub inbox: Duration,
    #[serde(deserialize_with = "duration")]
    pub idempotency: Duration,
    /// Nothing: for ever.
    #[serde(deserialize_with = "duration")]
    pub audit: Duration,
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
    let wrong = || {
        D::Error::custom(format!(
            "must be a duration such as \"250ms\", \"5s\" or \"1m 30s\", not \"{text}\""
        ))
    };
    let parsed: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
    Duration::try_from(parsed).map_err(|_| wrong())
}

fn optional_address<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(from)?;
    if text.is_empty() {
        return Ok(None);
    }
    text.parse()
        .map(Some)
        .map_err(|_| D::Error::custom(format!("must be ADDRESS:PORT or empty, not \"{text}\"")))
}
