//! Postgres, RabbitMQ and Redis.

use super::Finding;
use crate::{
    advice,
    connect::{self, authority},
    embedded,
};
use runtime::{
    Config, Entry,
    config::{BrokerKind, CacheKind},
};
use std::time::Duration;
use storage::Database;
use tokio::{net::TcpStream, time::timeout};

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// Whether somebody listens; a failure says why not, which a pool of connections would not.
pub(super) async fn answers(address: &str) -> Result<(), String> {
    match timeout(PATIENCE, TcpStream::connect(address)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer in {} s", PATIENCE.as_secs())),
    }
}

/// The server, then each service's schema.
pub(super) async fn postgres(config: &Config) -> Vec<Finding> {
    if !config.database.url.is_set() {
        return vec![Finding::missing("Postgres", "database.url is not set", "see settings above")];
    }
    let Some(address) = authority(config.database.url.expose(), 5432) else {
        let todo = "give postgres://HOST:PORT/DATABASE";
        return vec![Finding::missing("Postgres", "database.url names no host", todo)];
    };
    if let Err(error) = answers(&address).await {
        let todo = "start it, or correct database.url";
        return vec![Finding::missing("Postgres", format!("{address}: {error}"), todo)];
    }
    let mut found = vec![Finding::ok("Postgres", format!("{address} answers"))];
    for entry in embedded::services() {
        found.extend(schema(config, &entry).await);
    }
    found
}

/// One service's schema: migrations, and events that wait.
async fn schema(config: &Config, entry: &Entry) -> Vec<Finding> {
    let check = format!("schema {}", entry.name);
    let db = match connect::database(config, entry.name).await {
        Ok(db) => db,
        Err(error) => return vec![Finding::missing(check, advice::text(&error), "correct database.url")],
    };
    match storage::pending(&db, entry.migrations).await {
        Ok(pending) if pending.is_empty() => {
            let mut found = vec![Finding::ok(check, "up to date")];
            found.extend(events(&db).await);
            found
        }
        Ok(pending) => {
            let some = pending.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
            let more = if pending.len() > 3 { ", …" } else { "" };
            let detail = format!("{} migrations are pending: {some}{more}", pending.len());
            vec![Finding::missing(check, detail, format!("mentor migrate {}", entry.name))]
        }
        Err(error) => vec![Finding::missing(
            check,
            advice::text(&error),
            "check database.password; `mentor migrate` makes the role and sets its password",
        )],
    }
}

/// Events that wait for a person, or for a relay.
async fn events(db: &Database) -> Vec<Finding> {
    let check = format!("events {}", db.service());
    let (parked, outbox) = match tokio::try_join!(db.parked_counts(), db.outbox_depth()) {
        Ok(counts) => counts,
        Err(error) => return vec![Finding::note(check, advice::text(&error), "try again")],
    };
    let mut found = Vec::new();
    if parked.dead > 0 {
        let detail = format!("{} could not be handled and block what follows them", parked.dead);
        let todo = "`mentor events list` names them; mend the cause, then `mentor events replay`";
        found.push(Finding::note(check.clone(), detail, todo));
    }
    if parked.waiting > 0 {
        found.push(Finding::note(check.clone(), format!("{} wait to be tried again", parked.waiting), ""));
    }
    // A relay that runs is done with an event within seconds.
    let now = db.clock().now();
    if let Some(oldest) = outbox.oldest.filter(|oldest| now.duration_since(*oldest).as_secs() > 30) {
        let detail = format!("{} are not published, the oldest of {oldest}", outbox.pending);
        let todo = format!("is `mentor serve {}` running, and the broker there?", db.service());
        found.push(Finding::note(check, detail, todo));
    }
    found
}

/// The broker.
pub(super) async fn rabbitmq(config: &Config) -> Finding {
    let check = "RabbitMQ";
    if config.messaging.broker == BrokerKind::InProcess {
        return Finding::ok(check, "not needed: events stay in the process, which then runs all services");
    }
    let todo = "start it, or correct messaging.url; until then events wait in the outbox";
    let Some(address) = authority(config.messaging.url.expose(), 5672) else {
        return Finding::missing(check, "messaging.url is not set, or no URL", "see settings above");
    };
    if let Err(error) = answers(&address).await {
        return Finding::missing(check, format!("{address}: {error}"), todo);
    }
    let pinged = async { connect::broker(config)?.ping().await };
    match timeout(PATIENCE, pinged).await {
        Ok(Ok(())) => Finding::ok(check, format!("{address} answers")),
        Ok(Err(error)) => Finding::missing(
            check,
            format!("{address}: {}", advice::text(&error)),
            "check the user, the password and the virtual host of messaging.url",
        ),
        Err(_) => {
            Finding::missing(check, format!("{address} listens, but does not answer as a broker"), todo)
        }
    }
}

/// The cache.
pub(super) async fn redis(config: &Config) -> Finding {
    let check = "Redis";
    if config.cache.kind == CacheKind::InProcess {
        return Finding::ok(
            check,
            "not needed: the cache is in the process, and rate limits count per process",
        );
    }
    let todo = "start it, or correct cache.url; until then the suite is slower, and limits count per process";
    let Some(address) = authority(config.cache.url.expose(), 6379) else {
        return Finding::missing(check, "cache.url is not set, or no URL", "see settings above");
    };
    if let Err(error) = answers(&address).await {
        return Finding::missing(check, format!("{address}: {error}"), todo);
    }
    match connect::cache(config) {
        Ok(cache) if cache.ping().await => Finding::ok(check, format!("{address} answers")),
        Ok(_) => Finding::missing(
            check,
            format!("{address} listens, but refuses"),
            "check the password and the database of cache.url",
        ),
        Err(error) => Finding::missing(check, advice::text(&error), todo),
    }
}
