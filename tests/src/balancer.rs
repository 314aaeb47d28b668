//! A balancer of connections, like a cluster's: a new connection goes to a replica that says that it is ready; those that
//! are open stay where they are.

use futures::{StreamExt, stream::FuturesUnordered};
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{interval, timeout},
};
use tokio_util::task::AbortOnDropHandle;
use tonic::transport::Endpoint;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

/// Every replica is asked this often whether it is ready.
const LOOK: Duration = Duration::from_millis(100);
/// A replica that does not answer within this is not ready.
const PATIENCE: Duration = Duration::from_secs(1);

/// Ends with this value.
pub struct Balancer {
    address: SocketAddr,
    known: Arc<Known>,
    _tasks: [AbortOnDropHandle<()>; 2],
}

/// Replicas, and whether each is ready.
#[derive(Default)]
struct Known {
    replicas: Mutex<Vec<(SocketAddr, bool)>>,
    turn: AtomicUsize,
}

impl Known {
    fn with<T>(&self, act: impl FnOnce(&mut Vec<(SocketAddr, bool)>) -> T) -> T {
        act(&mut self.replicas.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn ready(&self) -> Vec<SocketAddr> {
        self.with(|all| all.iter().filter(|(_, ready)| *ready).map(|(address, _)| *address).collect())
    }

    /// The next in turn of those that are ready.
    fn pick(&self) -> Option<SocketAddr> {
        let ready = self.ready();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        ready.get(turn % ready.len().max(1)).copied()
    }
}

impl Balancer {
    /// Listens on a free port.
    ///
    /// # Panics
    /// When there is none.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let known = Arc::<Known>::default();
        let accepting = AbortOnDropHandle::new(tokio::spawn(accept(listener, Arc::clone(&known))));
        let looking = AbortOnDropHandle::new(tokio::spawn(look(Arc::clone(&known))));
        Balancer { address, known, _tasks: [accepting, looking] }
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Learns of a replica, and sends it connections once it is ready.
    pub fn add(&self, replica: SocketAddr) {
        self.known.with(|all| all.push((replica, false)));
    }

    /// Forgets a replica.
    pub fn remove(&self, replica: SocketAddr) {
        self.known.with(|all| all.retain(|(address, _)| *address != replica));
    }

    /// Those that were ready when they were last asked.
    pub fn ready(&self) -> Vec<SocketAddr> {
        self.known.ready()
    }
}

async fn accept(listener: TcpListener, known: Arc<Known>) {
    let mut open = JoinSet::new();
    while let Ok((mut client, _)) = listener.accept().await {
        while open.try_join_next().is_some() {}
        let Some(replica) = known.pick() else { continue };
        open.spawn(async move {
            let Ok(mut server) = TcpStream::connect(replica).await else { return };
            let _ = (client.set_nodelay(true), server.set_nodelay(true));
            // How it ends is for the two ends to know.
            let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
        });
    }
}

async fn look(known: Arc<Known>) {
    let mut pace = interval(LOOK);
    loop {
        pace.tick().await;
        let replicas = known.with(|all| all.iter().map(|(address, _)| *address).collect::<Vec<_>>());
        // Side by side: one that is slow to answer hides from nobody that another one ends.
        let asked = replicas.into_iter().map(|address| async move {
            (address, timeout(PATIENCE, is_ready(address)).await.unwrap_or(false))
        });
        let mut asked: FuturesUnordered<_> = asked.collect();
        while let Some((address, ready)) = asked.next().await {
            known.with(|all| {
                for (_, known) in all.iter_mut().filter(|(other, _)| *other == address) {
                    *known = ready;
                }
            });
        }
    }
}

/// As a probe asks: over a connection of its own.
async fn is_ready(replica: SocketAddr) -> bool {
    let Ok(endpoint) = Endpoint::from_shared(format!("http://{replica}")) else { return false };
    let Ok(channel) = endpoint.connect().await else { return false };
    let answer = HealthClient::new(channel).check(HealthCheckRequest::default()).await;
    answer.is_ok_and(|answer| answer.into_inner().status() == ServingStatus::Serving)
}
