//! The addresses that a process is reached at.

use super::StartError;
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// Takes an address that the setting `key` names.
pub(super) async fn listen(address: SocketAddr, key: &'static str) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| StartError::Listen { key, address, source })
}
