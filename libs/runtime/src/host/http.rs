//! The HTTP port: what services serve beside gRPC. Bounded in connections and in the time a head may take, so that
//! slow clients hold nothing but a socket.

use super::{StartError, entry::Running, listen::listen};
use crate::config::Config;
use axum::Router;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use kernel::Error;
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

/// A pause after a failed accept, such as for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves the routes of all services that have any, until told to stop; then finishes what is under way.
pub(super) async fn start(
    config: &Config,
    running: &[Arc<dyn Running>],
    stop: &CancellationToken,
) -> Result<(Option<SocketAddr>, Option<AbortOnDropHandle<()>>), StartError> {
    let Some(routes) = running.iter().filter_map(|service| service.http()).reduce(Router::merge) else {
        return Ok((None, None));
    };
    let listener = listen(config.http.listen, "http.listen").await?;
    let address = listener.local_addr().map_err(Error::internal)?;
    tracing::info!(http = %address, "serving HTTP");
    let (section, drain) = (&config.http, config.shutdown.drain);
    let connections = Arc::new(Semaphore::new(section.connections.clamp(1, Semaphore::MAX_PERMITS)));
    let serving = serve(listener, routes, connections, section.header_timeout, drain, stop.clone());
    Ok((Some(address), Some(AbortOnDropHandle::new(tokio::spawn(serving)))))
}

async fn serve(
    listener: TcpListener,
    routes: Router,
    connections: Arc<Semaphore>,
    header_timeout: Duration,
    drain: Duration,
    stop: CancellationToken,
) {
    // HTTP/1 alone: telling the versions apart has no time limit, and a silent client would stay.
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(header_timeout);
    let graceful = GracefulShutdown::new();
    loop {
        let accept = async {
            let place = connections.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, stream) = tokio::select! {
            () = stop.cancelled() => break,
            (place, accepted) = accept => match accepted {
                Ok((stream, _)) => (place, stream),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
        };
        // Small answers leave at once.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(routes.clone());
        let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // An error is the client's going away, or its being too slow.
            if let Err(error) = connection.await {
                tracing::debug!(%error, "an HTTP connection ended early");
            }
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("HTTP connections still open after the drain are cut");
    }
}
