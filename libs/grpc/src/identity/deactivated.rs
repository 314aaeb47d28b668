//! People who left: refused at once, however long their token lives. And in the same way sessions that were ended.
//!
//! The set is shared through the cache, one per tenant; the cache knows a set that is empty from one that was lost. A
//! lost one is rebuilt by the loader from where the truth is, and while the cache is away the loader answers itself.

use futures::future::BoxFuture;
use kernel::{Result, TenantId, Uuid};
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use storage::Cache;
use tokio::time::Instant;

/// A set is read from the truth again after this, whatever happens.
const TTL: Duration = Duration::from_secs(3600);
/// Whom this process was told to refuse it refuses for so long, whatever the cache says: the cache may be away.
const TOLD: Duration = Duration::from_secs(600);
/// What the loader said is good for this long while the cache is away.
const SNAPSHOT: Duration = Duration::from_secs(2);
/// Answers kept at most.
const MAX_KNOWN: usize = 16 * 1024;

/// Reads all members of a tenant's set from where the truth is.
pub type Loader = Arc<dyn Fn(TenantId) -> BoxFuture<'static, Result<Vec<Uuid>>> + Send + Sync>;

/// The set. Clones share everything.
#[derive(Clone)]
pub struct Deactivated {
    inner: Arc<Inner>,
}

struct Inner {
    /// What the set holds, for its name in the cache.
    what: &'static str,
    cache: Cache,
    loader: Option<Loader>,
    /// How long an answer of a cache outside of this process is good for.
    keep: Duration,
    known: Mutex<HashMap<(TenantId, Uuid), Known>>,
    loaded: tokio::sync::Mutex<HashMap<TenantId, Snapshot>>,
}

/// An answer and how long it is good for.
#[derive(Clone, Copy)]
struct Known {
    refused: bool,
    until: Instant,
}

/// What the loader said.
struct Snapshot {
    people: HashSet<Uuid>,
    until: Instant,
}

impl Deactivated {
    /// A set in this cache. Without a loader a lost set counts as empty until its owner fills it again.
    pub fn new(cache: Cache, loader: Option<Loader>) -> Self {
        Deactivated::keeping(cache, loader, Duration::from_secs(1))
    }

    /// The same, with another time for which answers of a shared cache are kept: the longest that another process
    /// may lag behind. This process is never behind itself.
    pub fn keeping(cache: Cache, loader: Option<Loader>, keep: Duration) -> Self {
        Deactivated::of("deactivated", cache, loader, keep)
    }

    /// The set of sessions that were ended while tokens of theirs may live. As [`Deactivated::keeping`].
    pub fn sessions(cache: Cache, loader: Option<Loader>, keep: Duration) -> Self {
        Deactivated::of("ended-sessions", cache, loader, keep)
    }

    fn of(what: &'static str, cache: Cache, loader: Option<Loader>, keep: Duration) -> Self {
        let keep = if matches!(cache, Cache::InProcess(_)) { Duration::ZERO } else { keep };
        let (known, loaded) = (Mutex::default(), tokio::sync::Mutex::default());
        Deactivated { inner: Arc::new(Inner { what, cache, loader, keep, known, loaded }) }
    }

    /// Refuses a person from now on.
    pub async fn add(&self, tenant: TenantId, person: Uuid) {
        self.remember(tenant, person, true, TOLD);
        self.inner.cache.set_add(&self.key(tenant), &person.to_string()).await;
    }

    /// Lets a person in again.
    pub async fn remove(&self, tenant: TenantId, person: Uuid) {
        self.remember(tenant, person, false, self.inner.keep);
        self.inner.cache.set_remove(&self.key(tenant), &person.to_string()).await;
        if let Some(snapshot) = self.inner.loaded.lock().await.get_mut(&tenant) {
            snapshot.people.remove(&person);
        }
    }

    /// Whether a person is refused.
    ///
    /// # Errors
    /// Those of the loader, when it is needed.
    pub async fn contains(&self, tenant: TenantId, person: Uuid) -> Result<bool> {
        let last = self.recall(tenant, person);
        if let Some(known) = last
            && Instant::now() < known.until
        {
            return Ok(known.refused);
        }
        let answer = match (
            self.inner.cache.set_contains(&self.key(tenant), &person.to_string()).await,
            &self.inner.loader,
        ) {
            (Some(answer), _) => answer,
            (None, Some(loader)) => self.load(loader, tenant, person).await?,
            // Nobody can say: what was said last, else the token counts.
            (None, None) => last.is_some_and(|known| known.refused),
        };
        self.answered(tenant, person, answer);
        Ok(answer)
    }

    /// Fills the set from the truth if it was lost: without it, processes that have no loader would let leavers in.
    ///
    /// # Errors
    /// Those of the loader.
    pub async fn refill(&self, tenant: TenantId) -> Result<()> {
        let Some(loader) = &self.inner.loader else { return Ok(()) };
        if self.inner.cache.set_contains(&self.key(tenant), &Uuid::nil().to_string()).await.is_none() {
            self.inner.loaded.lock().await.remove(&tenant);
            self.load(loader, tenant, Uuid::nil()).await?;
        }
        Ok(())
    }

    /// Asks the truth, once for all who wait, and fills the set.
    async fn load(&self, loader: &Loader, tenant: TenantId, person: Uuid) -> Result<bool> {
        let mut loaded = self.inner.loaded.lock().await;
        if let Some(snapshot) = loaded.get(&tenant)
            && Instant::now() < snapshot.until
        {
            // Not good enough to fill the set from: whoever left since would be missing there until it expires.
            return Ok(snapshot.people.contains(&person));
        }
        let people: HashSet<Uuid> = loader(tenant).await?.into_iter().collect();
        let members: Vec<String> = people.iter().map(Uuid::to_string).collect();
        self.inner.cache.set_fill(&self.key(tenant), &members, TTL).await;
        let answer = people.contains(&person);
        loaded.insert(tenant, Snapshot { people, until: Instant::now() + SNAPSHOT });
        Ok(answer)
    }

    fn key(&self, tenant: TenantId) -> String {
        format!("{}:{tenant}", self.inner.what)
    }

    fn recall(&self, tenant: TenantId, person: Uuid) -> Option<Known> {
        self.inner.known.lock().unwrap_or_else(PoisonError::into_inner).get(&(tenant, person)).copied()
    }

    /// Keeps an answer, unless somebody was told otherwise while it was on its way.
    fn answered(&self, tenant: TenantId, person: Uuid, refused: bool) {
        let told =
            self.recall(tenant, person).is_some_and(|known| known.refused && Instant::now() < known.until);
        if refused || !told {
            self.remember(tenant, person, refused, self.inner.keep);
        }
    }

    fn remember(&self, tenant: TenantId, person: Uuid, refused: bool, keep: Duration) {
        let mut known = self.inner.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_KNOWN {
            // Those refused stay: they are few, and the others are asked again.
            known.retain(|_, known| known.refused);
        }
        if keep.is_zero() {
            known.remove(&(tenant, person));
        } else if known.len() < MAX_KNOWN || refused {
            known.insert((tenant, person), Known { refused, until: Instant::now() + keep });
        }
    }
}
