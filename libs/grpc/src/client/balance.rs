//! Spreads calls over every address a name resolves to.
//!
//! Of two addresses picked at random the one with fewer calls under way gets the call (power of two choices); one that
//! failed to answer is left alone for a while, unless all have. The name is resolved again and again, so replicas that
//! come and go are found.

use http::Uri;
use kernel::{Error, ErrorKind, Result};
use std::{
    hash::{BuildHasher, RandomState},
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{sync::Notify, time::Instant};
use tokio_util::task::AbortOnDropHandle;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};

/// How long an address that failed is left alone.
const REST: Duration = Duration::from_secs(2);
/// Connecting takes at most this.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// The first answer of the resolver is awaited this long.
const FIRST_ANSWER: Duration = Duration::from_secs(5);
/// A connection that went silent is noticed within the sum of these.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(20), Duration::from_secs(10));

/// Where the servers are.
pub(super) enum Addresses {
    /// Wherever this host resolves to, at this port.
    Name(String, u16),
    /// Here.
    Fixed(Vec<SocketAddr>),
}

/// One address with its connection.
pub(super) struct Backend {
    address: SocketAddr,
    /// What logs call the servers.
    name: Arc<str>,
    channel: Channel,
    under_way: AtomicUsize,
    resting: Mutex<Option<Instant>>,
}

impl Backend {
    fn rests(&self) -> bool {
        let until = *self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }

    /// Leaves the address alone for a while, and says why; not again while it rests.
    pub(super) fn rest(&self, why: &Error) {
        let rested = self.rests();
        *self.resting.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + REST);
        if !rested {
            let (name, address, cause) = (&*self.name, self.address, crate::status::chain(why));
            tracing::warn!(
                server.name = name, server.address = %address, error.cause = cause,
                "a server does not answer; others are asked first for {REST:?}"
            );
        }
    }
}

/// A backend with a call under way.
pub(super) struct Picked {
    pub(super) backend: Arc<Backend>,
    pub(super) channel: Channel,
}

impl Drop for Picked {
    fn drop(&mut self) {
        self.backend.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The addresses, kept current.
pub(super) struct Balancer {
    list: Arc<List>,
    dice: RandomState,
    throws: AtomicU64,
    _resolver: Option<AbortOnDropHandle<()>>,
}

struct List {
    backends: RwLock<Arc<[Arc<Backend>]>>,
    changed: Notify,
}

impl Balancer {
    pub(super) fn start(addresses: Addresses, maker: Maker, every: Duration) -> Result<Self> {
        let list = Arc::new(List { backends: RwLock::new(Arc::new([])), changed: Notify::new() });
        let resolver = match addresses {
            Addresses::Fixed(addresses) => {
                list.update(&addresses, &maker)?;
                None
            }
            Addresses::Name(host, port) => {
                let list = Arc::clone(&list);
                Some(AbortOnDropHandle::new(tokio::spawn(resolve(list, maker, host, port, every))))
            }
        };
        Ok(Balancer { list, dice: RandomState::new(), throws: AtomicU64::new(0), _resolver: resolver })
    }

    /// A backend for a call, other than one that was tried before where there is a choice.
    pub(super) async fn pick(&self, tried: &[SocketAddr]) -> Result<Picked> {
        let backends = self.backends().await?;
        let fresh: Vec<_> = backends.iter().filter(|b| !tried.contains(&b.address) && !b.rests()).collect();
        let untried = || backends.iter().filter(|b| !tried.contains(&b.address)).collect::<Vec<_>>();
        let choice = [fresh, untried(), backends.iter().collect()].into_iter().find(|list| !list.is_empty());
        let choice = choice.unwrap_or_default();
        let one = choice.get(self.throw(choice.len()));
        let other = choice.get(self.throw(choice.len()));
        let load = |backend: &&&Arc<Backend>| backend.under_way.load(Ordering::Relaxed);
        let backend = one.into_iter().chain(other).min_by_key(load).ok_or_else(nobody)?;
        backend.under_way.fetch_add(1, Ordering::Relaxed);
        Ok(Picked { backend: Arc::clone(backend), channel: backend.channel.clone() })
    }

    async fn backends(&self) -> Result<Arc<[Arc<Backend>]>> {
        let waiting = async {
            loop {
                let changed = self.list.changed.notified();
                let backends = self.list.current();
                if !backends.is_empty() {
                    return backends;
                }
                changed.await;
            }
        };
        tokio::time::timeout(FIRST_ANSWER, waiting).await.map_err(|_| nobody())
    }

    fn throw(&self, sides: usize) -> usize {
        let throw = self.dice.hash_one(self.throws.fetch_add(1, Ordering::Relaxed));
        usize::try_from(throw % (sides.max(1) as u64)).unwrap_or(0)
    }
}

impl Picked {
    pub(super) fn address(&self) -> SocketAddr {
        self.backend.address
    }
}

fn nobody() -> Box<Error> {
    Error::new(ErrorKind::Unavailable, "DEPENDENCY_UNAVAILABLE", "no server can be found; try again")
        .retry_after(Duration::from_secs(1))
}

impl List {
    fn current(&self) -> Arc<[Arc<Backend>]> {
        Arc::clone(&self.backends.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps connections to addresses that stay.
    fn update(&self, addresses: &[SocketAddr], maker: &Maker) -> Result<()> {
        let old = self.current();
        let mut new: Vec<Arc<Backend>> = Vec::with_capacity(addresses.len());
        for address in addresses {
            if new.iter().any(|backend| backend.address == *address) {
                continue;
            }
            match old.iter().find(|backend| backend.address == *address) {
                Some(backend) => new.push(Arc::clone(backend)),
                None => new.push(Arc::new(maker.make(*address)?)),
            }
        }
        *self.backends.write().unwrap_or_else(PoisonError::into_inner) = new.into();
        self.changed.notify_waiters();
        Ok(())
    }
}

/// Makes connections.
pub(super) struct Maker {
    pub(super) origin: Uri,
    pub(super) tls: Option<ClientTlsConfig>,
    pub(super) name: Arc<str>,
}

impl Maker {
    fn make(&self, address: SocketAddr) -> Result<Backend> {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let mut endpoint = Endpoint::from_shared(format!("{scheme}://{address}"))
            .map_err(Error::internal)?
            .origin(self.origin.clone())
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(KEEPALIVE.0)
            .keep_alive_timeout(KEEPALIVE.1)
            .keep_alive_while_idle(true);
        if let Some(tls) = &self.tls {
            endpoint = endpoint.tls_config(tls.clone()).map_err(Error::internal)?;
        }
        let channel = endpoint.connect_lazy();
        let (under_way, resting) = (AtomicUsize::new(0), Mutex::new(None));
        Ok(Backend { address, name: Arc::clone(&self.name), channel, under_way, resting })
    }
}

/// Resolves for ever. What was found stays while the resolver fails.
async fn resolve(list: Arc<List>, maker: Maker, host: String, port: u16, every: Duration) {
    let mut pace = tokio::time::interval(every);
    loop {
        pace.tick().await;
        let outcome = match tokio::net::lookup_host((host.as_str(), port)).await {
            Ok(found) => {
                let mut found: Vec<_> = found.collect();
                found.sort();
                if found.is_empty() { Ok(()) } else { list.update(&found, &maker) }
            }
            Err(error) => Err(Error::internal(error)),
        };
        if let Err(error) = outcome {
            let cause = crate::status::chain(&error);
            tracing::warn!(
                server.name = &*maker.name,
                server.host = host,
                error.cause = cause,
                "name not resolved, known addresses stay"
            );
        }
    }
}
