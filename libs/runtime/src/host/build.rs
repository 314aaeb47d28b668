//! Putting a host together, and bringing its database and its broker up to date.

use super::{
    Entry, Host, StartError, Stop, Tasks, entry::Running, http, jobs::Jobs, listen::listen, needs::Needs,
    settings,
};
use crate::{
    Deps, Here, Service,
    audit::{self, AuditTrail},
    config::{BrokerKind, Config},
    telemetry::{self, Pages, Probe, Telemetry},
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
use tokio_util::task::AbortOnDropHandle;
use tonic::service::RoutesBuilder;

/// What will become a host.
pub struct HostBuilder {
    config: Config,
    entries: Vec<Entry>,
    clock: SharedClock,
    scheduled: bool,
    background: bool,
    patient: bool,
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
            patient: false,
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

    /// Waits, not ready, for servers that are away and for migrations that are missing, and says why; otherwise they are
    /// errors. For processes that something restarts: one that waits tells more than one that ends.
    pub fn patient(mut self) -> Self {
        self.patient = true;
        self
    }

    /// The process's telemetry, for `/metrics` and to be flushed at the end.
    pub fn telemetry(mut self, telemetry: Telemetry) -> Self {
        self.telemetry = Some(telemetry);
        self
    }

    /// Starts everything: listens, builds the services, connects, looks for pending migrations (an error, or waited
    /// for: [`Self::patient`]), makes the broker keep the services' events, and only then says that it is ready and
    /// lets calls in. Probes are answered from the beginning.
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
        let running = parts.build(&self.config, &self.entries, &self.clock, address).await?;
        let messaging = messaging(&self.config, &parts.broker, &running);

        let issuer =
            self.config.identity.dev.enabled.then(|| DevIssuer::new(self.clock.clone())).transpose()?;
        let identity = Identity::new(&settings::identity(&self.config), self.clock.clone(), issuer.as_ref())
            .map_err(|error| StartError::setting("identity.issuers", &error))?;
        let server = parts.server(&self.config, &self.entries, &running, identity, &self.clock)?;

        let stop = Stop::default();
        let probe = Probe::starting();
        let pages = Pages {
            probe: probe.clone(),
            telemetry: self.telemetry.clone(),
            databases: parts.databases.clone().into(),
            places: server.places(),
        };
        let (telemetry_address, telemetry_task) = self.telemetry_pages(pages, &stop).await?;
        let (health, drain) = (server.health(), self.config.shutdown.drain);
        let serving = server.serve(listener, stop.accepting.clone().cancelled_owned(), drain);
        let server = AbortOnDropHandle::new(tokio::spawn(serving));

        let http = telemetry_address.map(|address| address.to_string());
        tracing::info!(grpc = %address, http, "listening");

        let needs = Needs {
            config: &self.config,
            entries: &self.entries,
            databases: &parts.databases,
            messaging: &messaging,
            cache: &parts.cache,
        };
        if self.patient {
            needs.wait(&probe).await?
        } else {
            needs.met().await?
        }
        let (http_address, http_task) = http::start(&self.config, &running, &stop.accepting).await?;

        let jobs = Arc::new(Jobs::new(&running, self.config.retention.clone(), self.clock.clone()));
        let scheduled = self.scheduled.then(|| {
            let (jobs, stop) = (jobs.clone(), stop.jobs.clone());
            AbortOnDropHandle::new(tokio::spawn(async move { jobs.schedule(stop).await }))
        });
        let consuming =
            if self.background { messaging.iter().map(Messaging::start).collect() } else { Vec::new() };
        health.serving().await;
        probe.ready();
        tracing::info!(grpc = %address, http, services = names.join(", "), "ready");
        Ok(Host {
            services: names.into_iter().map(intern(&self.entries)).zip(running).collect(),
            config: self.config,
            clock: self.clock,
            address,
            telemetry_address,
            http_address,
            broker: parts.broker,
            messaging,
            consuming,
            jobs,
            issuer,
            health,
            probe,
            telemetry: self.telemetry,
            stop,
            tasks: Tasks { server, http: http_task, jobs: scheduled, telemetry: telemetry_task },
        })
    }

    async fn telemetry_pages(
        &self,
        pages: Pages,
        stop: &Stop,
    ) -> Result<(Option<SocketAddr>, Option<AbortOnDropHandle<()>>), StartError> {
        let Some(address) = self.config.telemetry.listen else { return Ok((None, None)) };
        let listener = listen(address, "telemetry.listen").await?;
        let address = listener.local_addr().map_err(Error::internal)?;
        let serving = telemetry::serve(listener, pages, stop.telemetry.clone());
        Ok((Some(address), Some(AbortOnDropHandle::new(tokio::spawn(serving)))))
    }
}

/// What the services share, and their databases.
struct Parts {
    databases: Vec<Database>,
    cache: Cache,
    broker: Broker,
    deactivated: Deactivated,
    ended_sessions: Deactivated,
    /// The service that knows the deactivated people, once it is built.
    knows: Knows,
    /// The same for ended sessions.
    knows_sessions: Knows,
}

/// A service, once it is built.
type Knows = Arc<OnceLock<Arc<dyn Running>>>;

/// What a service is asked for the members of a set.
type Ask = fn(&dyn Running, TenantId) -> BoxFuture<'static, Result<Vec<Uuid>>>;

impl Parts {
    async fn assemble(config: &Config, entries: &[Entry], clock: &SharedClock) -> Result<Self, StartError> {
        let mut databases = Vec::with_capacity(entries.len());
        for entry in entries {
            let settings = settings::database(config, entry.name);
            let connected = Database::connect(&settings, entry.name, clock.clone()).await;
            databases.push(connected.map_err(|error| StartError::setting("database.url", &error))?);
        }
        let cache = settings::cache(config)?;
        let (knows, knows_sessions) = (Knows::default(), Knows::default());
        let keep = config.limits.deactivation_check;
        let people = entries.iter().any(|entry| entry.knows_deactivated);
        let people = people.then(|| loader(knows.clone(), |service, tenant| service.deactivated(tenant)));
        let deactivated = Deactivated::keeping(cache.clone(), people, keep);
        let sessions = entries.iter().any(|entry| entry.knows_ended_sessions);
        let sessions = sessions
            .then(|| loader(knows_sessions.clone(), |service, tenant| service.ended_sessions(tenant)));
        let ended_sessions = Deactivated::sessions(cache.clone(), sessions, keep);
        let broker = settings::broker(config)?;
        Ok(Parts { databases, cache, broker, deactivated, ended_sessions, knows, knows_sessions })
    }

    async fn build(
        &self,
        config: &Config,
        entries: &[Entry],
        clock: &SharedClock,
        listening: SocketAddr,
    ) -> Result<Vec<Arc<dyn Running>>> {
        let tls = !config.server.tls_certificate_file.is_empty();
        let here = Here::new(listening, tls, entries.iter().map(|entry| entry.name));
        let mut running = Vec::with_capacity(entries.len());
        for (entry, db) in entries.iter().zip(&self.databases) {
            let deps = Deps {
                db: db.clone(),
                cache: self.cache.clone(),
                clock: clock.clone(),
                deactivated: self.deactivated.clone(),
                ended_sessions: self.ended_sessions.clone(),
                settings: config.service(entry.name),
                service: entry.name,
                here: here.clone(),
            };
            let service = (entry.build)(deps).await?;
            if entry.knows_deactivated {
                let _ = self.knows.set(service.clone());
            }
            if entry.knows_ended_sessions {
                let _ = self.knows_sessions.set(service.clone());
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
    ) -> Result<Server, StartError> {
        let mut routes = RoutesBuilder::default();
        for service in running {
            service.routes(&mut routes);
        }
        routes.add_service(audit::server(AuditTrail::over(&self.databases)));
        let builder = Server::builder(clock.clone(), identity)
            .settings(settings::server(config))
            .cache(self.cache.clone())
            .deactivated(self.deactivated.clone())
            .ended_sessions(self.ended_sessions.clone())
            .routes(routes.routes())
            .closed_until_serving();
        let names = entries.iter().map(|entry| entry.name).chain(["common"]);
        let built = names.fold(builder, |builder, name| builder.service(name)).build();
        built.map_err(|error| match error.violations.first() {
            Some(violation) => StartError::setting(&format!("server.tls_{}", violation.field), &error),
            None => error.into(),
        })
    }
}

fn loader(knows: Knows, ask: Ask) -> grpc::Loader {
    Arc::new(move |tenant: TenantId| -> BoxFuture<'static, Result<Vec<Uuid>>> {
        match knows.get() {
            Some(service) => ask(service.as_ref(), tenant),
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
        let running = parts.build(config, entries, &clock, config.server.listen).await?;
        for service in messaging(config, &parts.broker, &running) {
            service.declare().await?;
        }
        for db in &parts.databases {
            db.close().await?;
        }
    }
    Ok(reports)
}
