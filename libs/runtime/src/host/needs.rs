//! What a host needs before it is ready: the database with all migrations, the broker with its queues, the cache.

use super::{Entry, StartError, error::explained};
use crate::{
    config::{BrokerKind, Config},
    telemetry::Probe,
};
use messaging::Messaging;
use std::time::Duration;
use storage::{Cache, Database};
use tokio::time::{Instant, sleep};

/// The first pause between two looks; it doubles up to the longest.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));
/// The same reason is logged again after this long.
const REMIND: Duration = Duration::from_secs(30);
/// A cache is asked this often, a tenth of a second apart, before it counts as away: its first connection takes a moment.
const CACHE_TRIES: usize = 20;

/// What is needed, and from where.
pub(super) struct Needs<'a> {
    pub(super) config: &'a Config,
    pub(super) entries: &'a [Entry],
    pub(super) databases: &'a [Database],
    pub(super) messaging: &'a [Messaging],
    pub(super) cache: &'a Cache,
}

impl Needs<'_> {
    /// Looks once.
    ///
    /// # Errors
    /// What is missing first, with the setting to look at.
    pub(super) async fn met(&self) -> Result<(), StartError> {
        self.migrated().await?;
        self.declared().await?;
        self.cached().await
    }

    /// Looks again and again until there is all of it. What would never pass is an error.
    pub(super) async fn wait(&self, probe: &Probe) -> Result<(), StartError> {
        let (mut pause, mut said): (_, Option<(String, Instant)>) = (PAUSE.0, None);
        loop {
            let why = match self.met().await {
                Ok(()) => return Ok(()),
                Err(error) if error.heals() => error.to_string(),
                Err(error) => return Err(error),
            };
            if said.as_ref().is_none_or(|(before, at)| *before != why || at.elapsed() >= REMIND) {
                tracing::warn!(why, "not ready; waiting until this is mended");
                probe.not_ready(why.clone());
                said = Some((why, Instant::now()));
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSE.1);
        }
    }

    /// No server runs on a schema that it does not know.
    async fn migrated(&self) -> Result<(), StartError> {
        let mut missing = Vec::new();
        for (entry, db) in self.entries.iter().zip(self.databases) {
            match storage::pending(db, entry.migrations).await {
                Ok(pending) => missing.extend(pending),
                // The pool hides what happened behind its own patience.
                Err(error) => return Err(self.database_away(&db.reach().await.err().unwrap_or(error))),
            }
        }
        if missing.is_empty() { Ok(()) } else { Err(StartError::MigrationsPending(missing)) }
    }

    fn database_away(&self, error: &kernel::Error) -> StartError {
        StartError::Away {
            key: "database.url",
            place: place(self.config.database.url.expose()),
            server: "Postgres",
            cause: explained(error),
            advice: "see that it runs and can be reached from here, and that database.password is the role's",
        }
    }

    /// Every queue before the first event.
    async fn declared(&self) -> Result<(), StartError> {
        for service in self.messaging {
            service.declare().await.map_err(|error| match self.config.messaging.broker {
                BrokerKind::InProcess => StartError::from(error),
                BrokerKind::Rabbitmq => StartError::Away {
                    key: "messaging.url",
                    place: place(self.config.messaging.url.expose()),
                    server: "RabbitMQ",
                    cause: explained(&error),
                    advice: "see that it runs and can be reached from here, that the user, its messaging.password and \
                             the virtual host are right, and that it may declare queues",
                },
            })?;
        }
        Ok(())
    }

    /// A cache that can't be reached even once is a wrong address for all one knows: replicas would not share limits
    /// and deactivated people. Later it may come and go.
    async fn cached(&self) -> Result<(), StartError> {
        for _ in 0..CACHE_TRIES {
            if self.cache.ping().await {
                return Ok(());
            }
            sleep(Duration::from_millis(100)).await;
        }
        Err(StartError::Away {
            key: "cache.url",
            place: place(self.config.cache.url.expose()),
            server: "Redis",
            cause: "it does not answer".to_owned(),
            advice: "see that it runs and can be reached from here, and that cache.password is right",
        })
    }
}

/// Host and port of a URL, and nothing else of it.
fn place(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    authority.rsplit_once('@').map_or(authority, |(_, host)| host).to_owned()
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn only_host_and_port_are_shown() {
        assert_eq!(place("amqp://user:pa@ss@mq:5672/%2f?heartbeat=1"), "mq:5672");
        assert_eq!(place("redis://cache"), "cache");
        assert_eq!(place("postgres://db:5432?password=x"), "db:5432");
    }
}
