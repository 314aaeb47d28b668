//! What a service is to the process that runs it.

use crate::{Job, config};
use futures::future::BoxFuture;
use grpc::Deactivated;
use kernel::{Error, ErrorKind, Result, SharedClock, TenantId, Uuid};
use messaging::Consumer;
use serde::de::DeserializeOwned;
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};
use storage::{Cache, Database, Migrator};
use tonic::service::RoutesBuilder;

/// What a service is built from.
#[derive(Clone)]
pub struct Deps {
    /// The service's own schema, logged in as its own role.
    pub db: Database,
    /// What can be lost.
    pub cache: Cache,
    /// The time.
    pub clock: SharedClock,
    /// The people whose tokens are refused: the one set of this process.
    pub deactivated: Deactivated,
    /// The sessions whose tokens are refused: the one set of this process.
    pub ended_sessions: Deactivated,
    /// The section `[services.<name>]` of the configuration.
    pub settings: toml::Table,
    /// The name of the service.
    pub service: &'static str,
    /// The process that it runs in.
    pub here: Here,
}

/// A process, as its services see it: for what calls the suite's APIs from within.
#[derive(Clone, Debug)]
pub struct Here {
    /// Where it serves gRPC, as reached from inside; nothing when it does so over TLS, whose names are others.
    pub grpc: Option<SocketAddr>,
    /// The services that it runs.
    pub services: Arc<[&'static str]>,
}

impl Here {
    pub(crate) fn new(
        mut listening: SocketAddr,
        tls: bool,
        services: impl Iterator<Item = &'static str>,
    ) -> Self {
        if listening.ip().is_unspecified() {
            listening.set_ip(match listening.ip() {
                IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
                IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
            });
        }
        Here { grpc: (!tls).then_some(listening), services: services.collect() }
    }
}

impl Deps {
    /// The service's own settings, typed. Give `T` `#[serde(default, deny_unknown_fields)]`.
    ///
    /// # Errors
    /// Names the setting that is wrong or unknown.
    pub fn settings<T: DeserializeOwned>(&self) -> Result<T> {
        config::read_section(self.service, self.settings.clone())
            .map_err(|error| Error::new(ErrorKind::InvalidArgument, "FIELD_INVALID", error.to_string()))
    }
}

/// Reads all deactivated people, or ended sessions, of a tenant from a service that knows them.
pub type DeactivatedPeople<S> = for<'a> fn(&'a S, TenantId) -> BoxFuture<'a, Result<Vec<Uuid>>>;

/// A service: one schema, some gRPC services, consumers and jobs. The same value serves alone in its own
/// process and together with the others in one. No global state: a test runs several side by side.
pub trait Service: Clone + Send + Sync + 'static {
    /// The service's one word: schema, role, queue prefix, metric label, folder.
    const NAME: &'static str;

    /// Its migrations: `sqlx::migrate!()`, kept in a static.
    const MIGRATIONS: &'static Migrator;

    /// Puts the service together; called once per start.
    fn build(deps: Deps) -> impl Future<Output = Result<Self>> + Send;

    /// Its database.
    fn db(&self) -> &Database;

    /// Adds its gRPC services: `routes.add_service(ProgramServiceServer::new(self.clone()))`.
    fn routes(&self, routes: &mut RoutesBuilder);

    /// What it serves over HTTP, if anything: on the port of `[http]`, beside the other services' routes.
    fn http(&self) -> Option<axum::Router> {
        None
    }

    /// The events it handles: `crate::consumers::consumers()`.
    fn consumers() -> Vec<Consumer<Self>> {
        Vec::new()
    }

    /// What it does from time to time: `crate::jobs::jobs()`.
    fn jobs() -> Vec<Job<Self>> {
        Vec::new()
    }

    /// For the service that owns the directory: how a lost set of deactivated people is filled again.
    fn deactivated() -> Option<DeactivatedPeople<Self>> {
        None
    }

    /// For the service that signs people in: how a lost set of ended sessions is filled again.
    fn ended_sessions() -> Option<DeactivatedPeople<Self>> {
        None
    }
}
