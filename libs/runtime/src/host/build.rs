//! Putting a host together, and bringing its database and its broker up to date.

use super::{Entry, Host, StartError, Stop, Tasks, entry::Running, jobs::Jobs, settings};
use crate::{
    Deps, Service,
    audit::{self, AuditTrail},
    config::{BrokerKind, Config},
    telemetry::{self, Probe, Telemetry},
};
use futures::future::BoxFuture;
use grpc::{Deactivated, DevIssuer, Identity, Server};
use kernel::{Error, ErrorKind, Result, SharedClock, SystemClock, TenantId, Uuid};
use messaging::{Broker, Messaging};
use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
};
use storage::{Cache, Database, MigrationReport};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;
use tonic::service::RoutesBuilder;

/// What will become a host.
pub struct HostBuilder {
    config: Config,
    entries: Vec<Entry>,
    clock: SharedClock,
    scheduled: bool,
    background: bool,
    telemetry: Option<Telemetry>,
}

impl HostBuilder {
    pub(super) fn new(config: Config) -> Self {
        HostBuilder {
            config,
            entries: Vec::new(),
            clock: Arc::new(SystemClock),
            scheduled: true,
            background: true,
            telemetry: None,
        }
    }

    /// Adds a service.
    pub fn service<S: Service>(self) -> Self {
        self.entry(Entry::of::<S>())
    }

    /// Adds a service that was chosen at run time. The second of a name is passed over.
    pub fn entry(mut self, entry: Entry) -> Self {
        if self.entries.iter().all(|other| other.name != entry.name) {
            self.entries.push(entry);
        }
        self
    }

    /// Injects a clock. Jobs then run only by [`Host::run_jobs`]: whoever moves the time decides when.
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self.scheduled = false;
        self
    }

    /// Events move only in [`Host::settle`], in the caller's task and so in the same order every time. For the
    /// in-process broker only.
    pub fn events_by_hand(mut self) -> Self {
        self.background = false;
        self
    }

    /// The process's telemetry, for `/metrics` and to be flushed at the end.
    pub fn telemetry(mut self, telemetry: Telemetry) -> Self {
        self.telemetry = Some(telemetry);
        self
    }

    /// Starts everything: connects, refuses a database with pending migrations, builds the services, makes the
    /// broker keep their events, serves, and says that it is ready.
    ///
    /// # Errors
    /// With what to do: a setting, a migration, an address in use, a server that is away.
    pub async fn start(self) -> Result<Host, StartError> {
        self.config.check_serve()?;
        let names: Vec<&str> = self.entries.iter().map(|entry| entry.name).collect();
        tracing::info!(services = names.join(", "), "starting");
        let listener = listen(self.config.server.listen, "server.listen").await?;
        let address = listener.local_addr().map_err(Error::internal)?;
        let parts = Parts::assemble(&self.config, &self.entries, &self.clock).await?;
        refuse_pending(&self.entries, &parts.databases).await?;

        let running = parts.build(&self.config, &self.entries, &self.clock).await?;
        let messaging = messaging(&self.config, &parts.broker, &running);
        declare(&messaging).await?;

        let issuer =
            self.config.identity.dev.enabled.then(|| DevIssuer::new(self.clock.clone())).transpose()?;
        let identity = Identity::new(&settings::identity(&self.config), self.clock.clone(), issuer.as_ref())?;
        let server = parts.server(&self.config, &self.entries, &running, identity, &self.clock)?;

        let stop = Stop::default();
        let (health, drain) = (server.health(), self.config.shutdown.drain);
        let serving = server.serve(listener, stop.accepting.clone().cancelled_owned(), drain);
        let server = AbortOnDropHandle::new(tokio::spawn(serving));
        let probe = Probe::default();
        let (telemetry_address, telemetry_task) =
            self.telemetry_pages(&probe, &stop, &parts.databases).await?;

        let jobs = Arc::new(Jobs::new(&running, self.config.retention.clone(), self.clock.clone()));
        let scheduled = self.scheduled.then(|| {
            let (jobs, stop) = (jobs.clone(), stop.jobs.clone());
            AbortOnDropHandle::new(tokio::spawn(async move { jobs.schedule(stop).await }))
        });
        let consuming =
            if self.background { messaging.iter().map(Messaging::start).collect() } else { Vec::new() };
        health.serving().await;
        probe.set(true);
        tracing::info!(grpc = %address, services = names.join(", "), "ready");
        Ok(Host {
            services: names.into_iter().map(intern(&self.entries)).zip(running).collect(),
            config: self.config,
            clock: self.clock,
            address,
            telemetry_address,
            broker: parts.broker,
            messaging,
            consuming,
            jobs,
            issuer,
            health,
            probe,
            telemetry: self.telemetry,
            stop,
            tasks: Tasks { server, jobs: scheduled, telemetry: telemetry_task },
        })
    }

    async fn telemetry_pages(
        &self,
        probe: &Probe,
        stop: &Stop,
        databases: &[Database],
    ) -> Result<(Option<SocketAddr>, Option<AbortOnDropHandle<()>>), StartError> {
        let Some(address) = self.config.telemetry.listen else { return Ok((None, None)) };
        let listener = listen(address, "telemetry.listen").await?;
        let address = listener.local_addr().map_err(Error::internal)?;
        let pages = telemetry::serve(
            listener,
            probe.clone(),
            self.telemetry.clone(),
            databases.to_vec(),
            stop.telemetry.clone(),
        );
        Ok((Some(address), Some(AbortOnDropHandle::new(tokio::spawn(pages)))))
    }
}

/// What the services share, and their databases.
struct Parts {
    databases: Vec<Database>,
    cache: Cache,
    broker: Broker,
    deactivated: Deactivated,
    /// The service that knows the deactivated people, once it is built.
    knows: Arc<OnceLock<Arc<dyn Running>>>,
}

impl Parts {
    async fn assemble(config: &Config, entries: &[Entry], clock: &SharedClock) -> Result<Self> {
        let mut databases = Vec::with_capacity(entries.len());
        for entry in entries {
            let settings = settings::database(config, entry.name);
            databases.push(Database::connect(&settings, entry.name, clock.clone()).await?);
        }
        let cache = settings::cache(config)?;
        let knows: Arc<OnceLock<Arc<dyn Running>>> = Arc::default();
        let loader = entries.iter().any(|entry| entry.knows_deactivated).then(|| loader(knows.clone()));
        let deactivated = Deactivated::keeping(cache.clone(), loader, config.limits.deactivation_check);
        Ok(Parts { databases, cache, broker: settings::broker(config)?, deactivated, knows })
    }

    async fn build(
        &self,
        config: &Config,
        entries: &[Entry],
        clock: &SharedClock,
    ) -> Result<Vec<Arc<dyn Running>>> {
        let mut running = Vec::with_capacity(entries.len());
        for (entry, db) in entries.iter().zip(&self.databases) {
            let deps = Deps {
                db: db.clone(),
                cache: self.cache.clone(),
                clock: clock.clone(),
                deactivated: self.deactivated.clone(),
                settings: config.service(entry.name),
                service: entry.name,
            };
            let service = (entry.build)(deps).await?;
            if entry.knows_deactivated {
                let _ = self.knows.set(service.clone());
            }
            running.push(service);
        }
        Ok(running)
    }

    fn server(
        &self,
        config: &Config,
        entries: &[Entry],
        running: &[Arc<dyn Running>],
        identity: Identity,
        clock: &SharedClock,
    ) -> Result<Server> {
        let mut routes = RoutesBuilder::default();
        for service in running {
            service.routes(&mut routes);
        }
        routes.add_service(audit::server(AuditTrail::over(&self.databases)));
        let builder = Server::builder(clock.clone(), identity)
            .settings(settings::server(config))
            .cache(self.cache.clone())
            .deactivated(self.deactivated.clone())
            .routes(routes.routes());
        let names = entries.iter().map(|entry| entry.name).chain(["common"]);
        names.fold(builder, |builder, name| builder.service(name)).build()
    }
}

fn loader(knows: Arc<OnceLock<Arc<dyn Running>>>) -> grpc::Loader {
    Arc::new(move |tenant: TenantId| -> BoxFuture<'static, Result<Vec<Uuid>>> {
        match knows.get() {
            Some(service) => service.deactivated(tenant),
            None => Box::pin(std::future::ready(Err(Error::new(
                ErrorKind::Unavailable,
                "DEPENDENCY_UNAVAILABLE",
                "the service is starting",
            )))),
        }
    })
}

fn messaging(config: &Config, broker: &Broker, running: &[Arc<dyn Running>]) -> Vec<Messaging> {
    running.iter().map(|service| service.messaging(broker, settings::messaging(config))).collect()
}

/// Every queue before the first event. A broker that is away is no reason not to serve: `migrate` has made the
/// queues, and every connection makes sure of them again.
async fn declare(services: &[Messaging]) -> Result<()> {
    for service in services {
        match service.declare().await {
            Err(error) if error.kind == ErrorKind::Unavailable => {
                tracing::warn!(error = %error, "the broker is away; events wait until it is back");
                return Ok(());
            }
            result => result?,
        }
    }
    Ok(())
}

async fn refuse_pending(entries: &[Entry], databases: &[Database]) -> Result<(), StartError> {
    let mut missing = Vec::new();
    for (entry, db) in entries.iter().zip(databases) {
        missing.extend(storage::pending(db, entry.migrations).await?);
    }
    if missing.is_empty() { Ok(()) } else { Err(StartError::MigrationsPending(missing)) }
}

async fn listen(address: SocketAddr, key: &'static str) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| StartError::Listen { key, address, source })
}

/// Names of a process's services, as they are in the program.
fn intern(entries: &[Entry]) -> impl Fn(&str) -> &'static str {
    let names: Vec<&'static str> = entries.iter().map(|entry| entry.name).collect();
    move |name| names.iter().copied().find(|known| *known == name).unwrap_or("")
}

/// Brings the schemas of these services up to date, one after another, then makes the broker keep their events.
///
/// # Errors
/// With the setting, the migration or the server that is in the way.
pub(crate) async fn migrate(config: &Config, entries: &[Entry]) -> Result<Vec<MigrationReport>, StartError> {
    config.check_migrate()?;
    let names: Vec<&'static str> = entries.iter().map(|entry| entry.name).collect();
    let migrations: Vec<_> = entries.iter().map(|entry| (entry.name, entry.migrations)).collect();
    let reports = storage::migrate(&settings::migrate(config, &names), &migrations).await?;
    if config.messaging.broker == BrokerKind::Rabbitmq
        && config.messaging.url.is_set()
        && config.database.url.is_set()
    {
        let clock: SharedClock = Arc::new(SystemClock);
        let parts = Parts::assemble(config, entries, &clock).await?;
        let running = parts.build(config, entries, &clock).await?;
        for service in messaging(config, &parts.broker, &running) {
            service.declare().await?;
        }
        for db in &parts.databases {
            db.close().await?;
        }
    }
    Ok(reports)
}
