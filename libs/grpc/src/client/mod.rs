//! Calling a service: a channel that balances, retries what is safe, and never waits for ever.

mod balance;
mod retry;

use crate::Descriptors;
use balance::{Addresses, Balancer, Maker};
use futures::future::BoxFuture;
use http::Uri;
use kernel::{Error, Result, Uuid};
use std::{sync::Arc, time::Duration};
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

pub use retry::Channel;

/// Where a client's tokens come from; asked for every call, so it has to keep what it gets.
pub trait TokenSource: Send + Sync + 'static {
    /// A token that is valid now.
    fn token(&self) -> BoxFuture<'_, Result<String>>;
}

/// A token that stays.
#[derive(Clone)]
pub struct StaticToken(pub String);

impl TokenSource for StaticToken {
    fn token(&self) -> BoxFuture<'_, Result<String>> {
        Box::pin(std::future::ready(Ok(self.0.clone())))
    }
}

/// A client to be.
pub struct Client {
    addresses: Addresses,
    origin: Uri,
    name: Option<String>,
    deadline: Duration,
    stream_deadline: Duration,
    attempts: u32,
    resolve_every: Duration,
    certificate: Option<Vec<u8>>,
    own: Option<(Vec<u8>, Vec<u8>)>,
    token: Option<Arc<dyn TokenSource>>,
    request_ids: Option<Arc<dyn Fn() -> Uuid + Send + Sync>>,
    descriptors: Descriptors,
}

impl Client {
    /// A client of the servers behind a name, such as `http://enrollment:50051`: of all addresses it resolves to.
    ///
    /// # Errors
    /// Internal, when it is no URL with a host.
    pub fn builder(url: &str) -> Result<Client> {
        let origin: Uri = url.parse().map_err(Error::internal)?;
        let host = origin.host().ok_or_else(|| Error::internal(format!("{url} has no host")))?;
        let tls = origin.scheme_str() == Some("https");
        let port = origin.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Client::with(Addresses::Name(host, port), origin))
    }

    /// A client of exactly these servers.
    ///
    /// # Errors
    /// Internal, when there is none.
    pub fn of(addresses: Vec<std::net::SocketAddr>) -> Result<Client> {
        let first = addresses.first().ok_or_else(|| Error::internal("no address to call"))?;
        let origin: Uri = format!("http://{first}").parse().map_err(Error::internal)?;
        Ok(Client::with(Addresses::Fixed(addresses), origin))
    }

    fn with(addresses: Addresses, origin: Uri) -> Client {
        Client {
            addresses,
            origin,
            name: None,
            deadline: Duration::from_secs(10),
            stream_deadline: Duration::from_secs(3600),
            attempts: 4,
            resolve_every: Duration::from_secs(5),
            certificate: None,
            own: None,
            token: None,
            request_ids: None,
            descriptors: Descriptors::contracts(),
        }
    }

    /// What logs call the servers when one does not answer, such as the setting that says where they are; the
    /// host otherwise.
    pub fn named(mut self, name: String) -> Self {
        self.name = Some(name);
        self
    }

    /// How long a unary call may take, with all its attempts; 10 s otherwise. A `grpc-timeout` on the request wins.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How long a stream may stay open; an hour otherwise.
    pub fn stream_deadline(mut self, deadline: Duration) -> Self {
        self.stream_deadline = deadline;
        self
    }

    /// How often a call is tried at most, 1 for never again; 4 otherwise. All but streams of requests are safe to try
    /// again: reads change nothing, and mutations carry a `request_id`.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// How often the name is resolved again; 5 s otherwise.
    pub fn resolve_every(mut self, interval: Duration) -> Self {
        self.resolve_every = interval;
        self
    }

    /// Trusts this certificate authority, in PEM; needed for `https`.
    pub fn certificate_authority(mut self, pem: Vec<u8>) -> Self {
        self.certificate = Some(pem);
        self
    }

    /// Shows this certificate with its key, in PEM, to servers that ask for one (mutual TLS).
    pub fn certificate(mut self, chain: Vec<u8>, key: Vec<u8>) -> Self {
        self.own = Some((chain, key));
        self
    }

    /// Signs calls in.
    pub fn token(mut self, source: impl TokenSource) -> Self {
        self.token = Some(Arc::new(source));
        self
    }

    /// Names calls that have no `x-request-id` yet; without it the server does.
    pub fn request_ids(mut self, make: impl Fn() -> Uuid + Send + Sync + 'static) -> Self {
        self.request_ids = Some(Arc::new(make));
        self
    }

    /// Other descriptors than the suite's contracts, to know which methods stream.
    pub fn descriptors(mut self, descriptors: Descriptors) -> Self {
        self.descriptors = descriptors;
        self
    }

    /// The channel, for generated clients. It connects when it is used. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// Internal, when TLS can't be set up.
    pub fn build(self) -> Result<Channel> {
        let tls = match (self.origin.scheme_str(), self.certificate) {
            (Some("https"), authority) => {
                let mut tls = ClientTlsConfig::new().domain_name(self.origin.host().unwrap_or_default());
                if let Some(pem) = authority {
                    tls = tls.ca_certificate(Certificate::from_pem(pem));
                }
                if let Some((chain, key)) = self.own {
                    tls = tls.identity(Identity::from_pem(chain, key));
                }
                Some(tls)
            }
            _ => None,
        };
        let host = self.origin.host().unwrap_or_default();
        let name = self.name.as_deref().unwrap_or(host).into();
        let maker = Maker { origin: self.origin, tls, name };
        let balancer = Balancer::start(self.addresses, maker, self.resolve_every)?;
        Ok(Channel::new(retry::Shared {
            balancer,
            deadline: self.deadline,
            stream_deadline: self.stream_deadline,
            attempts: self.attempts,
            token: self.token,
            request_ids: self.request_ids,
            descriptors: self.descriptors,
        }))
    }
}
