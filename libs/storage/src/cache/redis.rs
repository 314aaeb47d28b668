//! The cache in Redis.

use super::{FILLED, Limit, Taken};
use crate::CacheSettings;
use kernel::{Error, Result};
use redis::{
    AsyncCommands, Client, FromRedisValue, RedisError, Script,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use secrecy::{ExposeSecret, SecretString};
use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;

/// After a failure the server is left alone this long, so that calls do not each wait for it.
const REST: Duration = Duration::from_millis(500);

/// A cache in Redis. Clones share the connection, which mends itself.
#[derive(Clone)]
pub struct RedisCache(Arc<Shared>);

struct Shared {
    connection: ConnectionManager,
    prefix: String,
    bucket: Script,
    patience: Duration,
    health: Health,
}

impl RedisCache {
    pub(super) fn new(url: &SecretString, settings: &CacheSettings) -> Result<Self> {
        let client = Client::open(url.expose_secret()).map_err(Error::internal)?;
        let patience = Duration::from_millis(settings.response_timeout_ms);
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(Some(patience))
            .set_connection_timeout(Some(Duration::from_secs(2)))
            .set_min_delay(Duration::from_millis(50))
            .set_max_delay(Duration::from_secs(1));
        let connection = ConnectionManager::new_lazy_with_config(client, config).map_err(Error::internal)?;
        Ok(RedisCache(Arc::new(Shared {
            connection,
            prefix: settings.prefix.clone(),
            bucket: Script::new(include_str!("bucket.lua")),
            patience,
            health: Health::default(),
        })))
    }

    fn key(&self, key: &str) -> String {
        format!("{}:{key}", self.0.prefix)
    }

    /// Runs a command, for as long as the patience lasts; `None` when the server did not answer.
    async fn ask<T: FromRedisValue>(&self, call: impl Future<Output = Result<T, RedisError>>) -> Option<T> {
        if self.0.health.resting() {
            return None;
        }
        // A reconnection under way does not count against the driver's own timeout.
        let answer = tokio::time::timeout(self.0.patience, call).await;
        match answer {
            Ok(Ok(value)) => {
                self.0.health.good();
                Some(value)
            }
            Ok(Err(error)) => {
                self.0.health.bad(&error);
                None
            }
            Err(elapsed) => {
                self.0.health.bad(&elapsed);
                None
            }
        }
    }

    pub(super) async fn ping(&self) -> bool {
        let mut connection = self.0.connection.clone();
        self.ask(async move { redis::cmd("PING").query_async::<String>(&mut connection).await })
            .await
            .is_some()
    }

    pub(super) async fn get(&self, key: &str) -> Option<Vec<u8>> {
        let mut connection = self.0.connection.clone();
        let found: Option<Option<Vec<u8>>> = self.ask(connection.get(self.key(key))).await;
        found.flatten()
    }

    pub(super) async fn pull(&self, key: &str) -> Option<Vec<u8>> {
        let mut connection = self.0.connection.clone();
        let found: Option<Option<Vec<u8>>> = self.ask(connection.get_del(self.key(key))).await;
        found.flatten()
    }

    pub(super) async fn set(&self, key: &str, value: &[u8], ttl: Duration) {
        let mut connection = self.0.connection.clone();
        let _: Option<()> = self.ask(connection.pset_ex(self.key(key), value, millis(ttl))).await;
    }

    pub(super) async fn delete(&self, key: &str) {
        let mut connection = self.0.connection.clone();
        let _: Option<()> = self.ask(connection.del(self.key(key))).await;
    }

    pub(super) async fn set_fill(&self, set: &str, members: &[String], ttl: Duration) {
        let key = self.key(set);
        let all: Vec<&str> = members.iter().map(String::as_str).chain([FILLED]).collect();
        let mut pipeline = redis::pipe();
        pipeline
            .atomic()
            .sadd(&key, all)
            .ignore()
            .pexpire(&key, i64::try_from(millis(ttl)).unwrap_or(i64::MAX))
            .ignore();
        let mut connection = self.0.connection.clone();
        let _: Option<()> = self.ask(async move { pipeline.query_async(&mut connection).await }).await;
    }

    pub(super) async fn set_add(&self, set: &str, member: &str) {
        let mut connection = self.0.connection.clone();
        let _: Option<()> = self.ask(connection.sadd(self.key(set), member)).await;
    }

    pub(super) async fn set_remove(&self, set: &str, member: &str) {
        let mut connection = self.0.connection.clone();
        let _: Option<()> = self.ask(connection.srem(self.key(set), member)).await;
    }

    pub(super) async fn set_contains(&self, set: &str, member: &str) -> Option<bool> {
        let mut connection = self.0.connection.clone();
        let found: Option<(bool, bool)> =
            self.ask(connection.smismember(self.key(set), &[member, FILLED])).await;
        found.and_then(|(contains, filled)| filled.then_some(contains))
    }

    pub(super) async fn take(&self, bucket: &str, limit: Limit, tokens: f64) -> Taken {
        let mut call = self.0.bucket.key(self.key(bucket));
        call.arg(limit.per_second).arg(limit.burst).arg(tokens);
        let mut connection = self.0.connection.clone();
        let wait: Option<u64> = self.ask(async move { call.invoke_async(&mut connection).await }).await;
        match wait {
            None | Some(0) => Taken::Allowed,
            Some(wait) => Taken::Refused(Duration::from_micros(wait)),
        }
    }
}

fn millis(ttl: Duration) -> u64 {
    u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX).max(1)
}

/// Whether the server answered the last time; says so once when that changes.
struct Health {
    started: Instant,
    away: AtomicBool,
    rest_until_ms: AtomicU64,
}

impl Default for Health {
    fn default() -> Self {
        Health { started: Instant::now(), away: AtomicBool::new(false), rest_until_ms: AtomicU64::new(0) }
    }
}

impl Health {
    fn resting(&self) -> bool {
        self.away.load(Ordering::Relaxed) && self.now_ms() < self.rest_until_ms.load(Ordering::Relaxed)
    }

    fn good(&self) {
        if self.away.swap(false, Ordering::Relaxed) {
            tracing::info!("the cache answers again");
        }
    }

    fn bad(&self, error: &dyn std::error::Error) {
        let rest_until = self.now_ms() + u64::try_from(REST.as_millis()).unwrap_or(u64::MAX);
        self.rest_until_ms.store(rest_until, Ordering::Relaxed);
        if !self.away.swap(true, Ordering::Relaxed) {
            tracing::warn!(error = error.to_string(), "the cache does not answer; going on without it");
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
