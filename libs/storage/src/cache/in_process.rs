//! The cache as a map.

use super::{FILLED, Limit, Taken, take_from};
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// Entries kept at most; beyond it those that expire first go, which a cache may do.
const CAPACITY: usize = 100_000;

/// A cache in this process. Clones share it.
#[derive(Clone, Default)]
pub struct InProcessCache(Arc<Mutex<Entries>>);

type Entries = HashMap<String, Entry>;

struct Entry {
    value: Value,
    /// None: never, such as a set that something was added to before it was filled.
    expires: Option<Instant>,
}

enum Value {
    Bytes(Vec<u8>),
    Set(HashSet<String>),
    Bucket { tokens: f64, at: Instant },
}

impl InProcessCache {
    pub(super) fn get(&self, key: &str) -> Option<Vec<u8>> {
        match live(&mut self.lock(), key)? {
            Entry { value: Value::Bytes(bytes), .. } => Some(bytes.clone()),
            _ => None,
        }
    }

    pub(super) fn pull(&self, key: &str) -> Option<Vec<u8>> {
        let mut entries = self.lock();
        live(&mut entries, key)?;
        match entries.remove(key)?.value {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub(super) fn set(&self, key: &str, value: &[u8], ttl: Duration) {
        insert(&mut self.lock(), key, Value::Bytes(value.to_vec()), Instant::now().checked_add(ttl));
    }

    pub(super) fn delete(&self, key: &str) {
        self.lock().remove(key);
    }

    pub(super) fn set_fill(&self, set: &str, members: &[String], ttl: Duration) {
        let mut entries = self.lock();
        let mut all: HashSet<String> = members.iter().cloned().collect();
        all.insert(FILLED.to_owned());
        if let Some(Entry { value: Value::Set(present), .. }) = live(&mut entries, set) {
            all.extend(present.drain());
        }
        insert(&mut entries, set, Value::Set(all), Instant::now().checked_add(ttl));
    }

    pub(super) fn set_add(&self, set: &str, member: &str) {
        let mut entries = self.lock();
        match live(&mut entries, set) {
            Some(Entry { value: Value::Set(present), .. }) => {
                present.insert(member.to_owned());
            }
            _ => insert(&mut entries, set, Value::Set(HashSet::from([member.to_owned()])), None),
        }
    }

    pub(super) fn set_remove(&self, set: &str, member: &str) {
        if let Some(Entry { value: Value::Set(present), .. }) = live(&mut self.lock(), set) {
            present.remove(member);
        }
    }

    pub(super) fn set_contains(&self, set: &str, member: &str) -> Option<bool> {
        match live(&mut self.lock(), set)? {
            Entry { value: Value::Set(present), .. } if present.contains(FILLED) => {
                Some(present.contains(member))
            }
            _ => None,
        }
    }

    pub(super) fn take(&self, bucket: &str, limit: Limit, tokens: f64) -> Taken {
        let now = Instant::now();
        let mut entries = self.lock();
        let (had, at) = match live(&mut entries, bucket) {
            Some(Entry { value: Value::Bucket { tokens, at }, .. }) => (*tokens, *at),
            _ => (limit.burst, now),
        };
        let elapsed = now.saturating_duration_since(at).as_secs_f64() * 1e6;
        let (left, taken) = take_from(had, elapsed, limit, tokens);
        let full_after = Duration::try_from_secs_f64(limit.burst / limit.per_second + 1.0);
        let expires = full_after.ok().and_then(|after| now.checked_add(after));
        insert(&mut entries, bucket, Value::Bucket { tokens: left, at: now }, expires);
        taken
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn insert(entries: &mut Entries, key: &str, value: Value, expires: Option<Instant>) {
    if entries.len() >= CAPACITY && !entries.contains_key(key) {
        make_room(entries);
    }
    entries.insert(key.to_owned(), Entry { value, expires });
}

fn live<'a>(entries: &'a mut Entries, key: &str) -> Option<&'a mut Entry> {
    if entries.get(key)?.expires.is_some_and(|at| at <= Instant::now()) {
        entries.remove(key);
    }
    entries.get_mut(key)
}

/// Drops what has expired, and if that is little, the half that expires first.
fn make_room(entries: &mut Entries) {
    let now = Instant::now();
    entries.retain(|_, entry| entry.expires.is_none_or(|at| at > now));
    if entries.len() > CAPACITY / 2 {
        let mut ends: Vec<Instant> = entries.values().filter_map(|entry| entry.expires).collect();
        let middle = ends.len() / 2;
        if middle < ends.len() {
            let (_, cut, _) = ends.select_nth_unstable(middle);
            let cut = *cut;
            entries.retain(|_, entry| entry.expires.is_none_or(|at| at > cut));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_does_not_grow_without_bound() {
        let cache = InProcessCache::default();
        for n in 0..CAPACITY + 10 {
            cache.set(&n.to_string(), b"x", Duration::from_secs(60));
        }
        assert!(cache.lock().len() <= CAPACITY);
        assert_eq!(cache.get(&(CAPACITY + 9).to_string()).as_deref(), Some(&b"x"[..]), "the newest is there");
    }
}
