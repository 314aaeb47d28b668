//! Connections of the commands that look at servers without running services.

use kernel::{Result, SystemClock};
use messaging::{Broker, RabbitSettings};
use runtime::{
    Config,
    config::{BrokerKind, CacheKind, Secret},
};
use secrecy::SecretString;
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
            let url = with_password(&section.url, &section.password);
            Broker::rabbitmq(&RabbitSettings { url, prefix: section.prefix.clone() })
        }
    }
}

/// The cache.
pub(crate) fn cache(config: &Config) -> Result<Cache> {
    let section = &config.cache;
    let url = (section.kind == CacheKind::Redis).then(|| with_password(&section.url, &section.password));
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

/// Puts a password that stands beside its URL into it; `redis://host` has no user, and needs none.
fn with_password(url: &Secret, password: &Secret) -> SecretString {
    let text = url.expose();
    let Some((scheme, rest)) = text.split_once("://").filter(|_| password.is_set()) else {
        return SecretString::from(text.to_owned());
    };
    let (user, host) = rest.rsplit_once('@').unwrap_or(("", rest));
    let user = user.split(':').next().unwrap_or_default();
    SecretString::from(format!("{scheme}://{user}:{}@{host}", percent_encoded(password.expose())))
}

fn percent_encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let encode = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn a_password_beside_the_url_is_put_into_it() {
        let joined = |url: &str, password: &str| {
            with_password(&Secret::new(url), &Secret::new(password)).expose_secret().to_owned()
        };
        assert_eq!(joined("amqp://u@mq/%2f", "a/b@c"), "amqp://u:a%2Fb%40c@mq/%2f");
        assert_eq!(joined("redis://cache:6379/0", "x"), "redis://:x@cache:6379/0");
        assert_eq!(joined("amqp://u:old@mq/%2f", ""), "amqp://u:old@mq/%2f");
    }

    #[test]
    fn a_url_names_a_host_and_a_port() {
        let found = |url| authority(url, 5432).unwrap_or_default();
        assert_eq!(found("postgres://db/mentor?x=1"), "db:5432");
        assert_eq!(found("amqp://u:p@mq:5671/%2f"), "mq:5671");
        assert_eq!(found("redis://[::1]/0"), "[::1]:5432");
        assert_eq!(found("nonsense"), "");
    }
}
