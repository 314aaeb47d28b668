//! Connections of the commands that look at servers without running services.

use kernel::{Result, SystemClock};
use messaging::{Broker, RabbitSettings};
use runtime::{
    Config,
    config::{BrokerKind, CacheKind},
};
use std::sync::Arc;
use storage::{Cache, CacheSettings, Database, DatabaseSettings};

/// A service's database, as the service itself sees it. A command needs few connections, and soon.
pub(crate) async fn database(config: &Config, service: &'static str) -> Result<Database> {
    let section = &config.database;
    let password = section.passwords.get(service).unwrap_or(&section.password);
    let settings = DatabaseSettings {
        password: password.wrapped(),
        max_connections: 2,
        statement_cache: section.statement_cache,
        ..DatabaseSettings::at(section.url.expose())
    };
    Database::connect(&settings, service, Arc::new(SystemClock)).await
}

/// The broker.
pub(crate) fn broker(config: &Config) -> Result<Broker> {
    let section = &config.messaging;
    match section.broker {
        BrokerKind::InProcess => Ok(Broker::in_process()),
        BrokerKind::Rabbitmq => {
            let url = section.password.in_url(&section.url);
            Broker::rabbitmq(&RabbitSettings { url, prefix: section.prefix.clone() })
        }
    }
}

/// The cache.
pub(crate) fn cache(config: &Config) -> Result<Cache> {
    let section = &config.cache;
    let url = (section.kind == CacheKind::Redis).then(|| section.password.in_url(&section.url));
    // A command can wait; a call could not.
    let settings = CacheSettings { url, prefix: section.prefix.clone(), response_timeout_ms: 2_000 };
    Cache::connect(&settings)
}

/// `host:port` of a URL.
pub(crate) fn authority(url: &str, port: u16) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let rest = rest.split(['/', '?']).next()?;
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    if host.is_empty() {
        return None;
    }
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    Some(if has_port { host.to_owned() } else { format!("{host}:{port}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_a_host_and_a_port() {
        let found = |url| authority(url, 5432).unwrap_or_default();
        assert_eq!(found("postgres://db/mentor?x=1"), "db:5432");
        assert_eq!(found("amqp://u:p@mq:5671/%2f"), "mq:5671");
        assert_eq!(found("redis://[::1]/0"), "[::1]:5432");
        assert_eq!(found("nonsense"), "");
    }
}
