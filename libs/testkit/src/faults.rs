//! A TCP proxy that breaks connections on demand.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// How the network behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It works.
    None,
    /// Connections are closed in an orderly way, and new ones at once: the server went away.
    Cut,
    /// Connections are torn down with RST, and new ones too.
    Reset,
    /// Connections stay open and nothing arrives any more: the silent partition.
    Hang,
    /// Everything arrives this much later.
    Delay(Duration),
}

/// Stands between a client and a server. Dropping it closes everything.
pub struct FaultProxy {
    address: SocketAddr,
    fault: watch::Sender<Fault>,
    connections: Arc<AtomicU64>,
    accepting: JoinHandle<()>,
}

impl FaultProxy {
    /// Listens on a free port and forwards to `target`, such as `127.0.0.1:5432`.
    ///
    /// # Panics
    /// When no port is free.
    pub async fn to(target: impl Into<String>) -> Self {
        let target = target.into();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let (fault, watched) = watch::channel(Fault::None);
        let connections = Arc::new(AtomicU64::new(0));
        let counted = connections.clone();
        let accepting = tokio::spawn(async move {
            // The connections' tasks end with the set, when the proxy is dropped.
            let mut open = tokio::task::JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                open.spawn(forward(client, target.clone(), watched.clone()));
                while open.try_join_next().is_some() {}
            }
        });
        FaultProxy { address, fault, connections, accepting }
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A URL with its host and port replaced by the proxy's.
    ///
    /// # Panics
    /// When the text is not `scheme://[user[:password]@]host:port[/…]`.
    pub fn url(&self, original: &str) -> String {
        let (scheme, rest) = original.split_once("://").expect("a URL");
        let (authority, path) =
            rest.split_once('/').map_or((rest, String::new()), |(a, p)| (a, format!("/{p}")));
        let user = authority.rsplit_once('@').map(|(user, _)| format!("{user}@")).unwrap_or_default();
        format!("{scheme}://{user}{}{path}", self.address)
    }

    /// Changes the weather, for open connections too.
    pub fn set(&self, fault: Fault) {
        self.fault.send_replace(fault);
    }

    /// Connections accepted so far.
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn forward(client: TcpStream, target: String, fault: watch::Receiver<Fault>) {
    let now = *fault.borrow();
    match now {
        Fault::Cut => return,
        Fault::Reset => return reset(&client),
        Fault::None | Fault::Hang | Fault::Delay(_) => {}
    }
    let Ok(server) = TcpStream::connect(target).await else { return };
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    let (mut client, mut server) = (client, server);
    {
        let (mut from_client, mut to_client) = client.split();
        let (mut from_server, mut to_server) = server.split();
        let mut ended = fault.clone();
        tokio::select! {
            () = pump(&mut from_client, &mut to_server, fault.clone()) => {}
            () = pump(&mut from_server, &mut to_client, fault.clone()) => {}
            _ = ended.wait_for(|fault| matches!(fault, Fault::Cut | Fault::Reset)) => {}
        }
    }
    if *fault.borrow() == Fault::Reset {
        reset(&client);
        reset(&server);
    }
}

/// Closing with a linger of nothing sends RST.
fn reset(stream: &TcpStream) {
    let _ = stream.set_zero_linger();
}

async fn pump(
    from: &mut (impl AsyncReadExt + Unpin),
    to: &mut (impl AsyncWriteExt + Unpin),
    mut fault: watch::Receiver<Fault>,
) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let now = *fault.borrow_and_update();
        if let Fault::Delay(by) = now {
            tokio::time::sleep(by).await;
        }
        // Held back until the silence ends.
        if fault.wait_for(|fault| *fault != Fault::Hang).await.is_err() {
            break;
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}
