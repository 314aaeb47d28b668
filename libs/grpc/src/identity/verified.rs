//! Tokens that were verified already: a signature is checked once, not on every call.

use super::Caller;
use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, PoisonError},
};

/// Locks to share among calls.
const SHARDS: usize = 16;
/// Tokens per shard.
const PER_SHARD: usize = 1024;

/// A part of the map, under a lock of its own.
type Shard = Mutex<HashMap<Box<str>, Arc<Caller>>>;

/// A bounded map from a token to its caller. Keyed with a random state: nobody can choose tokens that collide.
pub(crate) struct Verified {
    hasher: RandomState,
    shards: [Shard; SHARDS],
}

impl Verified {
    pub(crate) fn new() -> Self {
        Verified {
            hasher: RandomState::new(),
            shards: std::array::from_fn(|_| Mutex::new(HashMap::default())),
        }
    }

    pub(crate) fn get(&self, token: &str) -> Option<Arc<Caller>> {
        self.shard(token).lock().unwrap_or_else(PoisonError::into_inner).get(token).cloned()
    }

    /// Keeps a caller. A full shard drops what has expired, and failing that everything: verifying again is cheap
    /// enough, and no bookkeeping is cheaper still.
    pub(crate) fn put(&self, token: &str, caller: Arc<Caller>, now: i64) {
        let mut shard = self.shard(token).lock().unwrap_or_else(PoisonError::into_inner);
        if shard.len() >= PER_SHARD {
            shard.retain(|_, caller| !caller.expired(now));
            if shard.len() >= PER_SHARD {
                shard.clear();
            }
        }
        shard.insert(token.into(), caller);
    }

    pub(crate) fn remove(&self, token: &str) {
        self.shard(token).lock().unwrap_or_else(PoisonError::into_inner).remove(token);
    }

    fn shard(&self, token: &str) -> &Shard {
        let index = usize::try_from(self.hasher.hash_one(token) % SHARDS as u64).unwrap_or(0);
        // The index is below SHARDS by the line above.
        &self.shards[index]
    }
}
