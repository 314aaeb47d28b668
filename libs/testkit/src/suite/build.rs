//! Starting a suite: a clone of a migrated template, and names that nobody else uses.

use super::{Suite, broker, explained};
use crate::{TestDatabase, servers, start_of_time, unique};
use jiff::Timestamp;
use kernel::{Clock, ManualClock, SharedClock, SystemClock, TenantId};
use runtime::{
    Config, Entry, Host, Service,
    config::{BrokerKind, CacheKind, Secret},
};
use sha2::{Digest, Sha256};
use std::{fmt::Write, time::Duration};
use storage::MigrateSettings;

/// How long services may take to get ready.
const PATIENCE: Duration = Duration::from_secs(60);

/// A change to the configuration.
type Change = Box<dyn FnOnce(&mut Config) + Send>;

/// What will become a suite.
#[derive(Default)]
pub struct SuiteBuilder {
    entries: Vec<Entry>,
    changes: Vec<Change>,
    begin: Option<Timestamp>,
    in_process: bool,
}

impl SuiteBuilder {
    /// Adds a service.
    pub fn service<S: Service>(mut self) -> Self {
        self.entries.push(Entry::of::<S>());
        self
    }

    /// Starts the clock at another instant.
    pub fn at(mut self, begin: Timestamp) -> Self {
        self.begin = Some(begin);
        self
    }

    /// Changes the configuration, such as a limit or a service's own section.
    pub fn configure(mut self, change: impl FnOnce(&mut Config) + Send + 'static) -> Self {
        self.changes.push(Box::new(change));
        self
    }

    /// Broker and cache inside the process, as in the embedded suite. Events then move in [`Suite::settle`] only.
    pub fn in_process(mut self) -> Self {
        self.in_process = true;
        self
    }

    /// Starts it.
    ///
    /// # Panics
    /// When a server is missing (with what to install) or the services do not start (with the reason).
    pub async fn start(self) -> Suite {
        runtime::install_crypto();
        let admin = servers::postgres().await;
        let migrate = migrate_settings(&admin, &self.entries);
        let entries = self.entries.clone();
        let database = TestDatabase::cloned(&template_key(&self.entries), async |url| {
            let settings = MigrateSettings { admin_url: url.to_owned().into(), ..migrate };
            let migrations: Vec<_> = entries.iter().map(|entry| (entry.name, entry.migrations)).collect();
            if let Err(error) = storage::migrate(&settings, &migrations).await {
                panic!("the migrations fail: {}", explained(&error));
            }
        })
        .await;
        let mut config = Config::defaults().expect("the built-in defaults are valid");
        let prefix = unique();
        basics(&mut config, &database, &admin);
        let broker = if self.in_process {
            config.messaging.broker = BrokerKind::InProcess;
            config.cache.kind = CacheKind::InProcess;
            None
        } else {
            Some(real_broker_and_cache(&mut config, &prefix, &self.entries).await)
        };
        for change in self.changes {
            change(&mut config);
        }
        let clock = ManualClock::at(self.begin.unwrap_or_else(start_of_time));
        let shared: SharedClock = clock.clone();
        let mut builder = Host::builder(config.clone()).clock(shared);
        for entry in &self.entries {
            builder = builder.entry(*entry);
        }
        if self.in_process {
            builder = builder.events_by_hand();
        }
        // As in a cluster: a server that is slow to answer on a busy machine is waited for.
        let host = match tokio::time::timeout(PATIENCE, builder.patient().start()).await {
            Ok(Ok(host)) => host,
            Ok(Err(error)) => panic!("the services do not start: {error}"),
            Err(_) => {
                panic!("the services are not ready after {PATIENCE:?}; the log says what they wait for")
            }
        };
        Suite {
            clock,
            tenant: TenantId(SystemClock.new_id()),
            host: Some(host),
            config,
            entries: self.entries,
            database,
            _broker: broker,
        }
    }
}

fn basics(config: &mut Config, database: &TestDatabase, admin: &str) {
    config.server.listen.set_port(0);
    config.http.listen.set_port(0);
    config.telemetry.listen = None;
    config.identity.dev.enabled = true;
    config.database.url = Secret::new(database.host_url());
    config.database.password = Secret::new(password(admin));
    config.database.max_connections = 10;
    config.shutdown.readiness_delay = Duration::ZERO;
    config.shutdown.drain = Duration::from_secs(5);
    config.shutdown.deadline = Duration::from_secs(10);
    config.limits.calls_per_second = 0;
    config.messaging.poll = Duration::from_millis(200);
}

async fn real_broker_and_cache(config: &mut Config, prefix: &str, entries: &[Entry]) -> broker::Prefix {
    let url = servers::rabbitmq().await;
    config.messaging.broker = BrokerKind::Rabbitmq;
    config.messaging.url = Secret::new(url.clone());
    config.messaging.prefix = format!("{prefix}.");
    config.cache.kind = CacheKind::Redis;
    let cache = servers::redis().await;
    config.cache.url = Secret::new(cache.clone());
    config.cache.prefix = prefix.to_owned();
    let services = entries.iter().map(|entry| entry.name).collect();
    broker::Prefix {
        broker: url,
        cache,
        prefix: config.messaging.prefix.clone(),
        keys: prefix.to_owned(),
        services,
    }
}

/// Where the server asks the superuser for a password, the services' roles get the same.
fn migrate_settings(admin: &str, entries: &[Entry]) -> MigrateSettings {
    let mut settings = MigrateSettings::at(admin);
    let password = password(admin);
    if !password.is_empty() {
        settings.role_passwords =
            entries.iter().map(|entry| (entry.name.to_owned(), password.to_owned().into())).collect();
    }
    settings
}

fn password(url: &str) -> &str {
    let user = url.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')).map_or("", |(user, _)| user);
    user.split_once(':').map_or("", |(_, password)| password)
}

/// Names what a template holds: the services, their migrations, and how storage prepares a database.
fn template_key(entries: &[Entry]) -> String {
    let mut entries: Vec<_> = entries.iter().collect();
    entries.sort_by_key(|entry| entry.name);
    let mut hash = Sha256::new();
    hash.update(env!("STORAGE_FINGERPRINT"));
    for entry in entries {
        hash.update(entry.name);
        for migration in entry.migrations.iter() {
            hash.update(migration.version.to_be_bytes());
            hash.update(&migration.checksum);
        }
    }
    hash.finalize().iter().take(12).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
