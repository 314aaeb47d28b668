//! What must hold between settings. Each message names the setting and what to do.

use super::{BrokerKind, CacheKind, Config, ConfigError};
use std::time::Duration;
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

/// What must hold always.
pub(super) fn fields(config: &Config) -> Result<(), ConfigError> {
    let mut errors = Vec::new();
    let mut must = |holds: bool, path: &str, what: &str| {
        if !holds {
            errors.push(ConfigError::at(path, what));
        }
    };
    let server = &config.server;
    must(
        server.tls_certificate_file.is_empty() == server.tls_key_file.is_empty(),
        "server.tls_certificate_file",
        "and server.tls_key_file turn TLS on together; set both or neither",
    );
    must(
        server.tls_client_ca_file.is_empty() || !server.tls_certificate_file.is_empty(),
        "server.tls_client_ca_file",
        "asks clients for certificates, which needs TLS: set server.tls_certificate_file and server.tls_key_file, too",
    );
    urls(config, &mut must);
    must(config.database.max_connections > 0, "database.max_connections", "must be at least 1");
    let messaging = &config.messaging;
    must(
        (1..=5000).contains(&messaging.publish_window),
        "messaging.publish_window",
        "must lie between 1 and 5000",
    );
    must(
        messaging.claim_limit >= u32::from(messaging.publish_window),
        "messaging.claim_limit",
        "must be at least messaging.publish_window",
    );
    must(
        (1..=1000).contains(&messaging.consume_batch),
        "messaging.consume_batch",
        "must lie between 1 and 1000",
    );
    must(messaging.attempts > 0, "messaging.attempts", "must be at least 1");
    must(is_name(&messaging.prefix), "messaging.prefix", "may hold letters, digits, '.', '-' and '_' only");
    must(
        config.messaging.retry_first <= config.messaging.retry_longest,
        "messaging.retry_first",
        "must not be longer than messaging.retry_longest",
    );
    must(
        (0.0..=1.0).contains(&config.telemetry.trace_ratio),
        "telemetry.trace_ratio",
        "must lie between 0.0 and 1.0",
    );
    log(config, &mut must);
    must(config.limits.calls > 0, "limits.calls", "must be at least 1");
    must(config.limits.streams > 0, "limits.streams", "must be at least 1");
    must(
        config.limits.burst >= config.limits.calls_per_second,
        "limits.burst",
        "must be at least limits.calls_per_second, or no client could ever reach that rate",
    );
    let shutdown = &config.shutdown;
    must(
        shutdown.readiness_delay + shutdown.drain <= shutdown.deadline,
        "shutdown.deadline",
        "must be at least shutdown.readiness_delay plus shutdown.drain, or calls are cut off before their time is up",
    );
    must(shutdown.deadline > Duration::ZERO, "shutdown.deadline", "must be longer than nothing");
    identity(config, &mut must);
    ConfigError::all(errors)
}

/// Libraries write whole messages at the level trace, and messages hold what people say of each other.
fn log(config: &Config, must: &mut impl FnMut(bool, &str, &str)) {
    match EnvFilter::try_new(&config.telemetry.log) {
        Ok(filter) => must(
            filter.max_level_hint() != Some(LevelFilter::TRACE) || config.identity.dev.enabled,
            "telemetry.log",
            "may not be finer than debug: trace would log personal data (identity.dev.enabled = true allows it)",
        ),
        Err(error) => {
            must(false, "telemetry.log", &format!("is no filter such as \"info,enrollment=debug\": {error}"))
        }
    }
}

/// A URL of another kind would be read by the drivers in their own way.
fn urls(config: &Config, must: &mut impl FnMut(bool, &str, &str)) {
    let Config { database, migrate, messaging, cache, telemetry, .. } = config;
    let mut one = |path: &str, url: &str, schemes: &[&str], example: &str| {
        let right = schemes.iter().any(|scheme| {
            let rest = url.strip_prefix(scheme).and_then(|rest| rest.strip_prefix("://"));
            rest.is_some_and(|rest| !rest.is_empty())
        });
        must(url.is_empty() || right, path, &format!("is no such URL as {example}"));
    };
    let (postgres, owner) = ("postgres://HOST:PORT/DATABASE", "postgres://OWNER@HOST:PORT/DATABASE");
    one("database.url", database.url.expose(), &["postgres", "postgresql"], postgres);
    one("database.direct_url", database.direct_url.expose(), &["postgres", "postgresql"], postgres);
    one("migrate.url", migrate.url.expose(), &["postgres", "postgresql"], owner);
    one("messaging.url", messaging.url.expose(), &["amqp", "amqps"], "amqp://USER@HOST:PORT/VHOST");
    one("cache.url", cache.url.expose(), &["redis", "rediss", "redis+unix", "unix"], "redis://HOST:PORT/DB");
    one("telemetry.otlp_endpoint", &telemetry.otlp_endpoint, &["http", "https"], "http://collector:4317");
}

fn identity(config: &Config, must: &mut impl FnMut(bool, &str, &str)) {
    for (at, issuer) in config.identity.issuers.iter().enumerate() {
        let path = format!("identity.issuers[{at}]");
        must(!issuer.issuer.is_empty(), &format!("{path}.issuer"), "must be the exact `iss` of its tokens");
        must(
            issuer.jwks_url.is_some() != issuer.jwks_file.is_some(),
            &path,
            "needs its keys: set either jwks_url or jwks_file",
        );
        must(
            !issuer.algorithms.is_empty(),
            &format!("{path}.algorithms"),
            "must name at least one algorithm, such as \"RS256\"",
        );
    }
}

fn is_name(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c))
}

/// What a server needs.
pub(super) fn serve(config: &Config) -> Result<(), ConfigError> {
    let mut errors = Vec::new();
    let mut must = |holds: bool, path: &str, what: &str| {
        if !holds {
            errors.push(ConfigError::at(path, what));
        }
    };
    must(
        config.database.url.is_set(),
        "database.url",
        "is not set: give postgres://HOST:PORT/DATABASE, or use `mentor dev`, which brings its own Postgres",
    );
    must(
        config.messaging.broker == BrokerKind::InProcess || config.messaging.url.is_set(),
        "messaging.url",
        "is not set: give amqp://USER@HOST:PORT, or set messaging.broker = \"in-process\" where one process runs all services",
    );
    must(
        config.cache.kind == CacheKind::InProcess || config.cache.url.is_set(),
        "cache.url",
        "is not set: give redis://HOST:PORT, or set cache.kind = \"in-process\" where one process runs all services",
    );
    must(
        config.identity.dev.enabled || !config.identity.issuers.is_empty(),
        "identity.issuers",
        "is empty, so no token could be accepted: name your identity provider, or set identity.dev.enabled = true for development",
    );
    ConfigError::all(errors)
}

/// What the migration needs.
pub(super) fn migrate(config: &Config) -> Result<(), ConfigError> {
    if config.migrate.url.is_set() {
        return Ok(());
    }
    Err(ConfigError::at("migrate.url", "is not set: give the owner's postgres://OWNER@HOST:PORT/DATABASE"))
}
