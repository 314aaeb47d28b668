//! From the configuration to what the libraries take.

use crate::config::{BrokerKind, CacheKind, Config, Secret};
use grpc::{IdentitySettings, ServerSettings, TlsSettings};
use kernel::Result;
use messaging::{Broker, MessagingSettings, RabbitSettings};
use secrecy::SecretString;
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
    MigrateSettings {
        admin_url: with_password(&config.migrate.url, &config.migrate.password),
        role_passwords,
    }
}

pub(super) fn broker(config: &Config) -> Result<Broker> {
    match config.messaging.broker {
        BrokerKind::InProcess => Ok(Broker::in_process()),
        BrokerKind::Rabbitmq => {
            let url = with_password(&config.messaging.url, &config.messaging.password);
            Broker::rabbitmq(&RabbitSettings { url, prefix: config.messaging.prefix.clone() })
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

pub(super) fn cache(config: &Config) -> Result<Cache> {
    let section = &config.cache;
    let url = match section.kind {
        CacheKind::InProcess => None,
        CacheKind::Redis => Some(with_password(&section.url, &section.password)),
    };
    Cache::connect(&CacheSettings {
        url,
        prefix: section.prefix.clone(),
        response_timeout_ms: millis(section.response_timeout),
    })
}

pub(super) fn identity(config: &Config) -> IdentitySettings {
    IdentitySettings { issuers: config.identity.issuers.clone() }
}

pub(super) fn server(config: &Config) -> ServerSettings {
    let (section, limits) = (&config.server, &config.limits);
    let tls = (!section.tls_certificate_file.is_empty()).then(|| TlsSettings {
        certificate_file: section.tls_certificate_file.clone().into(),
        key_file: section.tls_key_file.clone().into(),
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

/// Puts a password beside the user of a URL; `redis://host` has none, and takes it as the default user's.
fn with_password(url: &Secret, password: &Secret) -> SecretString {
    let text = url.expose();
    let joined = match (text.split_once("://"), password.is_set()) {
        (Some((scheme, rest)), true) => {
            let password = percent_encoded(password.expose());
            match rest.split_once('@') {
                Some((user, host)) => {
                    let user = user.split(':').next().unwrap_or_default();
                    format!("{scheme}://{user}:{password}@{host}")
                }
                None => format!("{scheme}://:{password}@{rest}"),
            }
        }
        _ => text.to_owned(),
    };
    SecretString::from(joined)
}

fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// At least one: a deadline of nothing would refuse everything.
fn seconds(duration: Duration) -> u64 {
    duration.as_secs().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn a_password_goes_beside_the_user_and_is_encoded() {
        let joined = |url: &str, password: &str| {
            with_password(&Secret::new(url), &Secret::new(password)).expose_secret().to_owned()
        };
        assert_eq!(
            joined("postgres://owner@db:5432/mentor", "a/b@c"),
            "postgres://owner:a%2Fb%40c@db:5432/mentor"
        );
        assert_eq!(joined("redis://cache:6379/0", "x"), "redis://:x@cache:6379/0");
        assert_eq!(joined("amqp://u:old@mq/%2f", "new"), "amqp://u:new@mq/%2f");
        assert_eq!(joined("amqp://u:old@mq/%2f", ""), "amqp://u:old@mq/%2f");
    }
}
