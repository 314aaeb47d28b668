//! From the configuration to what the libraries take.

use super::StartError;
use crate::config::{BrokerKind, CacheKind, Config};
use grpc::{IdentitySettings, ServerSettings, TlsSettings};
use messaging::{Broker, MessagingSettings, RabbitSettings};
use std::{collections::BTreeMap, time::Duration};
use storage::{Cache, CacheSettings, DatabaseSettings, MigrateSettings};

pub(super) fn database(config: &Config, service: &str) -> DatabaseSettings {
    let section = &config.database;
    let password = section.passwords.get(service).unwrap_or(&section.password);
    DatabaseSettings {
        url: section.url.expose().to_owned(),
        password: password.wrapped(),
        max_connections: section.max_connections,
        acquire_timeout_ms: millis(section.acquire_timeout),
        statement_cache: section.statement_cache,
        listen_url: section.direct_url.is_set().then(|| section.direct_url.expose().to_owned()),
    }
}

pub(super) fn migrate(config: &Config, services: &[&'static str]) -> MigrateSettings {
    let section = &config.database;
    let mut role_passwords = BTreeMap::new();
    for service in services {
        let password = section.passwords.get(*service).unwrap_or(&section.password);
        role_passwords.extend(password.wrapped().map(|password| ((*service).to_owned(), password)));
    }
    MigrateSettings { admin_url: config.migrate.password.in_url(&config.migrate.url), role_passwords }
}

pub(super) fn broker(config: &Config) -> Result<Broker, StartError> {
    match config.messaging.broker {
        BrokerKind::InProcess => Ok(Broker::in_process()),
        BrokerKind::Rabbitmq => {
            let url = config.messaging.password.in_url(&config.messaging.url);
            Broker::rabbitmq(&RabbitSettings { url, prefix: config.messaging.prefix.clone() })
                .map_err(|error| StartError::setting("messaging.url", &error))
        }
    }
}

pub(super) fn messaging(config: &Config) -> MessagingSettings {
    let section = &config.messaging;
    MessagingSettings {
        publish_window: section.publish_window,
        claim_limit: section.claim_limit,
        poll_ms: millis(section.poll),
        confirm_timeout_ms: millis(section.confirm_timeout),
        consume_batch: section.consume_batch,
        retry_first_ms: millis(section.retry_first),
        retry_longest_ms: millis(section.retry_longest),
        attempts: section.attempts,
        delivery_limit: section.delivery_limit,
        ..MessagingSettings::default()
    }
}

pub(super) fn cache(config: &Config) -> Result<Cache, StartError> {
    let section = &config.cache;
    let url = match section.kind {
        CacheKind::InProcess => None,
        CacheKind::Redis => Some(section.password.in_url(&section.url)),
    };
    Cache::connect(&CacheSettings {
        url,
        prefix: section.prefix.clone(),
        response_timeout_ms: millis(section.response_timeout),
    })
    .map_err(|error| StartError::setting("cache.url", &error))
}

pub(super) fn identity(config: &Config) -> IdentitySettings {
    IdentitySettings { issuers: config.identity.issuers.clone() }
}

pub(super) fn server(config: &Config) -> ServerSettings {
    let (section, limits) = (&config.server, &config.limits);
    let tls = (!section.tls_certificate_file.is_empty()).then(|| TlsSettings {
        certificate_file: section.tls_certificate_file.clone().into(),
        key_file: section.tls_key_file.clone().into(),
        client_ca_file: (!section.tls_client_ca_file.is_empty())
            .then(|| section.tls_client_ca_file.clone().into()),
    });
    ServerSettings {
        max_calls: limits.calls,
        max_streams: limits.streams,
        calls_per_second: limits.calls_per_second,
        burst: limits.burst,
        max_deadline_seconds: seconds(limits.longest_call),
        max_stream_seconds: seconds(limits.longest_stream),
        max_connection_seconds: seconds(section.connection_age),
        web_origins: section.web_origins.clone(),
        tls,
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// At least one: a deadline of nothing would refuse everything.
fn seconds(duration: Duration) -> u64 {
    duration.as_secs().max(1)
}
