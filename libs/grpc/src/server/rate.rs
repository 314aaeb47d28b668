//! How often one client may call: a token bucket per tenant and subject, shared by all replicas.
//!
//! A bucket outside of the process is asked for a handful of calls at a time; the rest of the handful needs no round
//! trip. A handful not used within a second lapses, so a client is at most a handful short, never over.

use kernel::{Actor, Error, ErrorKind, Result};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use storage::{Cache, Limit, Taken};
use tokio::time::Instant;

/// Calls asked for at once, at most, and as a share of the burst.
const HANDFUL: (u32, u32) = (50, 20);
/// How long a handful lasts.
const LAPSE: Duration = Duration::from_secs(1);
/// Handfuls kept at most.
const MAX_CLIENTS: usize = 16 * 1024;

/// Counts calls.
pub(crate) struct Rate {
    cache: Cache,
    limit: Limit,
    handful: u32,
    prepaid: Mutex<HashMap<String, Prepaid>>,
}

struct Prepaid {
    left: u32,
    until: Instant,
}

impl Rate {
    /// A limit in calls per second; none for zero.
    pub(crate) fn new(cache: Cache, calls_per_second: u32, burst: u32) -> Option<Self> {
        if calls_per_second == 0 {
            return None;
        }
        let burst = burst.max(1);
        let shared = !matches!(cache, Cache::InProcess(_));
        let handful = if shared { (burst / HANDFUL.1).clamp(1, HANDFUL.0) } else { 1 };
        let limit = Limit { per_second: f64::from(calls_per_second), burst: f64::from(burst) };
        Some(Rate { cache, limit, handful, prepaid: Mutex::default() })
    }

    /// Takes one call from the client's bucket.
    ///
    /// # Errors
    /// `RATE_LIMITED`, with the time after which there is a place again.
    pub(crate) async fn take(&self, actor: &Actor) -> Result<()> {
        let key = format!("rate:{}:{}", actor.tenant, actor.subject);
        if self.handful > 1 && self.spend(&key) {
            return Ok(());
        }
        let Taken::Refused(wait) = self.ask(&key).await else { return Ok(()) };
        let message = format!(
            "more than {} calls a second; try again in {} ms",
            self.limit.per_second,
            wait.as_millis().max(1)
        );
        Err(Error::new(ErrorKind::ResourceExhausted, "RATE_LIMITED", message).retry_after(wait))
    }

    /// Asks the bucket for a handful, and if it has not that many, for one. While the cache is away it lets through.
    async fn ask(&self, key: &str) -> Taken {
        if self.handful > 1
            && self.cache.take(key, self.limit, f64::from(self.handful)).await == Taken::Allowed
        {
            self.keep(key);
            return Taken::Allowed;
        }
        self.cache.take(key, self.limit, 1.0).await
    }

    fn spend(&self, key: &str) -> bool {
        let mut prepaid = self.prepaid.lock().unwrap_or_else(PoisonError::into_inner);
        match prepaid.get_mut(key) {
            Some(client) if client.left > 0 && Instant::now() < client.until => {
                client.left -= 1;
                true
            }
            _ => false,
        }
    }

    fn keep(&self, key: &str) {
        let now = Instant::now();
        let mut prepaid = self.prepaid.lock().unwrap_or_else(PoisonError::into_inner);
        if prepaid.len() >= MAX_CLIENTS {
            prepaid.retain(|_, client| client.left > 0 && now < client.until);
            if prepaid.len() >= MAX_CLIENTS {
                prepaid.clear();
            }
        }
        prepaid.insert(key.to_owned(), Prepaid { left: self.handful - 1, until: now + LAPSE });
    }
}
