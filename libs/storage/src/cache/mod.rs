//! What may be lost: cached values, token buckets, sets. With the server gone reads miss and limits let through;
//! no caller ever gets an error from here.

mod in_process;
mod redis;

pub use in_process::InProcessCache;
pub use redis::RedisCache;

use crate::CacheSettings;
use kernel::Result;
use std::{future::Future, time::Duration};

/// A cache shared by replicas (Redis), or in this process. Both behave the same.
#[derive(Clone)]
pub enum Cache {
    /// Redis, or a server that speaks its protocol.
    Redis(RedisCache),
    /// A map in this process.
    InProcess(InProcessCache),
}

/// A token bucket: so many a second on average, so many at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// Tokens that come back each second; more than 0.
    pub per_second: f64,
    /// Tokens that a full bucket holds; 1 and up.
    pub burst: f64,
}

/// What a token bucket said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// There were tokens, or nobody knows.
    Allowed,
    /// Not now; there will be tokens after this long.
    Refused(Duration),
}

macro_rules! either {
    ($cache:expr, $inner:ident => $call:expr) => {
        match $cache {
            Cache::Redis($inner) => $call.await,
            Cache::InProcess($inner) => $call,
        }
    };
}

impl Cache {
    /// Redis where the settings name one, else in this process. Connects when it is first used.
    ///
    /// # Errors
    /// `INTERNAL` when the address can't be read.
    pub fn connect(settings: &CacheSettings) -> Result<Self> {
        match &settings.url {
            Some(url) => Ok(Cache::Redis(RedisCache::new(url, settings)?)),
            None => Ok(Cache::in_process()),
        }
    }

    /// An empty cache of its own in this process.
    pub fn in_process() -> Self {
        Cache::InProcess(InProcessCache::default())
    }

    /// Whether the server answers; always so in the process.
    pub async fn ping(&self) -> bool {
        match self {
            Cache::Redis(redis) => redis.ping().await,
            Cache::InProcess(_) => true,
        }
    }

    /// A value that was set and has not expired.
    pub async fn get(&self, key: &str) -> Option<Vec<u8>> {
        either!(self, cache => cache.get(key))
    }

    /// A value that was set and has not expired, and forgets it: nobody gets it twice.
    pub async fn pull(&self, key: &str) -> Option<Vec<u8>> {
        either!(self, cache => cache.pull(key))
    }

    /// Sets a value for so long.
    pub async fn set(&self, key: &str, value: &[u8], ttl: Duration) {
        either!(self, cache => cache.set(key, value, ttl));
    }

    /// Forgets a value or a set.
    pub async fn delete(&self, key: &str) {
        either!(self, cache => cache.delete(key));
    }

    /// The value, from the cache or else loaded and kept for so long.
    ///
    /// # Errors
    /// The loader's.
    pub async fn get_or_load<F, Fut>(&self, key: &str, ttl: Duration, load: F) -> Result<Vec<u8>>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<Vec<u8>>>,
    {
        if let Some(value) = self.get(key).await {
            return Ok(value);
        }
        let value = load().await?;
        self.set(key, &value, ttl).await;
        Ok(value)
    }

    /// Makes a set known with these members, for so long. Members added meanwhile stay.
    pub async fn set_fill(&self, set: &str, members: &[String], ttl: Duration) {
        either!(self, cache => cache.set_fill(set, members, ttl));
    }

    /// Adds a member. A set that is not known yet stays unknown.
    pub async fn set_add(&self, set: &str, member: &str) {
        either!(self, cache => cache.set_add(set, member));
    }

    /// Removes a member.
    pub async fn set_remove(&self, set: &str, member: &str) {
        either!(self, cache => cache.set_remove(set, member));
    }

    /// Whether the set has the member; `None` when the set is not known (never filled, expired, wiped, server
    /// away): look it up where it is true and fill the set.
    pub async fn set_contains(&self, set: &str, member: &str) -> Option<bool> {
        either!(self, cache => cache.set_contains(set, member))
    }

    /// Takes a number of tokens from a bucket, all or none.
    pub async fn take(&self, bucket: &str, limit: Limit, tokens: f64) -> Taken {
        either!(self, cache => cache.take(bucket, limit, tokens))
    }
}

/// A member that no caller uses: it says that the set was filled.
const FILLED: &str = "\u{0}filled";

/// The arithmetic of a token bucket, in microseconds and tokens; the script for the server does the same.
fn take_from(tokens: f64, elapsed_us: f64, limit: Limit, wanted: f64) -> (f64, Taken) {
    let tokens = (tokens + elapsed_us * limit.per_second / 1e6).min(limit.burst);
    if tokens >= wanted {
        return (tokens - wanted, Taken::Allowed);
    }
    let wait_us = ((wanted - tokens) / limit.per_second * 1e6).ceil();
    (tokens, Taken::Refused(Duration::try_from_secs_f64(wait_us / 1e6).unwrap_or(Duration::MAX)))
}
