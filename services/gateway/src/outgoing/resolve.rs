//! Names to addresses that may be called. The client connects to what was checked here and to nothing else, so a name that
//! answers differently the second time gains nothing.

use super::guard::{Guard, Refused};
use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

/// Asks for the addresses of a name.
pub(super) trait Lookup: Send + Sync + 'static {
    /// All of them.
    fn lookup(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// Asks the system.
pub(super) struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// Looks up, then checks.
pub(super) struct Checked {
    pub(super) lookup: Arc<dyn Lookup>,
    pub(super) guard: Guard,
    /// Without TLS.
    pub(super) open: bool,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let found = self.lookup.lookup(name.as_str().to_owned());
        let (guard, open) = (self.guard.clone(), self.open);
        Box::pin(async move {
            let found = found.await?;
            // One wrong address spoils all: it would be tried when the others do not answer.
            for address in &found {
                guard.address(*address, open)?;
            }
            if found.is_empty() {
                return Err(Refused("the name has no address".to_owned()).into());
            }
            let addresses: Addrs = Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}
