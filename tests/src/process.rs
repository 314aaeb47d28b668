//! The services as separate processes: the built binaries, configured by their environment, on real servers.

pub use crate::single::{Process, START, binary};

use crate::{single::program, stage::Stage};
use grpc::{Client, DevIssuer, NewToken, StaticToken};
use jiff::Timestamp;
use kernel::{Clock, Ids, SharedClock, SystemClock, TenantId};
use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use tempfile::TempDir;
use testkit::{Prefix, free_port, servers, unique};

/// All services with a binary of their own.
pub const SERVICES: [&str; 5] = ["enrollment", "matching", "scheduling", "evaluation", "gateway"];
/// The services' time: the machine's, moved.
#[derive(Debug, Default)]
pub struct MovedClock {
    seconds: AtomicI64,
    ids: Ids,
}

impl Clock for MovedClock {
    fn now(&self) -> Timestamp {
        let seconds = self.seconds.load(Ordering::Relaxed);
        SystemClock.now() + jiff::SignedDuration::from_secs(seconds)
    }

    fn ids(&self) -> &Ids {
        &self.ids
    }
}

/// Where the processes find their servers.
pub struct Servers {
    /// A superuser's URL of the database.
    pub postgres: String,
    /// RabbitMQ.
    pub rabbitmq: String,
    /// Redis.
    pub redis: String,
}

impl Servers {
    /// The shared ones, with this database.
    pub async fn shared(database: &str) -> Self {
        Servers {
            postgres: database.to_owned(),
            rabbitmq: servers::rabbitmq().await,
            redis: servers::redis().await,
        }
    }
}

/// Processes of some services, one tenant, and the issuer that they trust.
pub struct Fleet {
    /// The tenant.
    pub tenant: TenantId,
    /// The processes' time.
    pub clock: Arc<MovedClock>,
    issuer: DevIssuer,
    environment: BTreeMap<String, String>,
    processes: BTreeMap<&'static str, Process>,
    folder: TempDir,
    _leftovers: Prefix,
}

impl Fleet {
    /// Migrates the database by the services' own binaries. No process runs yet.
    pub async fn prepare(servers: &Servers) -> Self {
        runtime::install_crypto();
        let folder = tempfile::Builder::new().prefix("mentor-fleet-").tempdir().expect("a temporary folder");
        let clock = Arc::new(MovedClock::default());
        let shared: SharedClock = clock.clone();
        let (issuer, tenant) = (DevIssuer::new(shared).expect("a key"), TenantId(SystemClock.new_id()));
        let keys = folder.path().join("keys.json");
        issuer.write_jwks(&keys).expect("the folder can be written");
        let config = folder.path().join("mentor.toml");
        let prefix = unique();
        let environment = environment(servers, &prefix, &config);
        // By the servers' own addresses: whatever stands in between is gone by then.
        let leftovers = Prefix {
            broker: servers::rabbitmq().await,
            cache: servers::redis().await,
            prefix: format!("{prefix}."),
            keys: prefix,
            services: SERVICES.to_vec(),
        };
        let processes = BTreeMap::new();
        let fleet = Fleet { tenant, clock, issuer, environment, processes, folder, _leftovers: leftovers };
        fleet.settings(&[], "");
        for service in SERVICES {
            fleet.migrate(service);
        }
        fleet
    }

    fn migrate(&self, service: &str) {
        self.migrate_by(service, &[]);
    }

    /// Migrates the database by a binary, with other settings (environment variables) on top.
    ///
    /// # Panics
    /// When it fails.
    pub fn migrate_by(&self, service: &str, settings: &[(&str, &str)]) {
        let mut command = program(service, true);
        command.envs(&self.environment).envs(settings.iter().copied()).stdin(Stdio::null());
        let output = command.output().expect("the binary runs");
        let log = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "mentor-{service} migrate: {}\n{log}", output.status);
    }

    /// Gives every process that is started from now on another time, by libfaketime: nothing in the services knows.
    ///
    /// # Panics
    /// When the library is missing, with what to install.
    pub fn begin_at(&mut self, begin: Timestamp) {
        let library = faketime();
        let file = self.folder.path().join("time");
        self.environment.insert("LD_PRELOAD".to_owned(), library.display().to_string());
        self.environment.insert("FAKETIME_TIMESTAMP_FILE".to_owned(), file.display().to_string());
        self.environment.insert("FAKETIME_NO_CACHE".to_owned(), "1".to_owned());
        // Timers keep running by the machine's own clock.
        self.environment.insert("FAKETIME_DONT_FAKE_MONOTONIC".to_owned(), "1".to_owned());
        self.move_to(begin);
    }

    /// Moves the time of all processes.
    pub fn move_to(&self, to: Timestamp) {
        let seconds = to.duration_since(SystemClock.now()).as_secs();
        let draft = self.folder.path().join("time.new");
        fs::write(&draft, format!("{seconds:+}\n")).expect("the folder can be written");
        // Renamed: a process that looks at it now sees the one or the other.
        fs::rename(&draft, self.folder.path().join("time")).expect("the folder can be written");
        self.clock.seconds.store(seconds, Ordering::Relaxed);
    }

    /// Starts a service, and waits until it serves.
    pub async fn start(&mut self, service: &'static str) {
        let port = self.processes.get(service).map(|process| process.address().port());
        self.processes.remove(service);
        let log = self.folder.path().join(format!("{service}.{}.log", unique()));
        let port = port.unwrap_or_else(free_port);
        let mut process = Process::launch(service, &self.environment, port, log);
        process.ready().await;
        self.processes.insert(service, process);
    }

    /// One more process of a service, with other settings (environment variables) on top. It need not be ready yet, nor
    /// ever.
    pub fn launch(&self, service: &'static str, settings: &[(&str, &str)]) -> Process {
        let mut environment = self.environment.clone();
        environment.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let log = self.folder.path().join(format!("{service}.{}.log", unique()));
        Process::launch(service, &environment, 0, log)
    }

    /// The same, where every line that is logged meets a full disk.
    pub fn launch_deaf(&self, service: &'static str, settings: &[(&str, &str)]) -> Process {
        let mut environment = self.environment.clone();
        environment.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        Process::launch(service, &environment, 0, PathBuf::from("/dev/full"))
    }

    /// Changes a setting (an environment variable) of every process that is started from now on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    /// The file of settings of every process that is started from now on: who is trusted besides the tests' own issuer
    /// (entries of `identity.issuers`), and more sections.
    ///
    /// # Panics
    /// When the folder can't be written.
    pub fn settings(&self, issuers: &[String], more: &str) {
        let own = format!(
            "{{ issuer = {:?}, jwks_file = {:?}, tenants = [{:?}] }}",
            self.issuer.issuer(),
            self.folder.path().join("keys.json").display().to_string(),
            self.tenant.to_string()
        );
        let issuers = [&[own][..], issuers].concat().join(", ");
        let text = format!("[identity]\nissuers = [{issuers}]\n{more}");
        fs::write(self.folder.path().join("mentor.toml"), text).expect("the folder can be written");
    }

    /// Lets the gateway sign people in, at identity providers of this machine, and every service trust its tokens and
    /// those of these issuers; before anything is started. Gives the address that browsers use.
    ///
    /// # Panics
    /// When the folder can't be written.
    pub fn sign_people_in(&mut self, issuers: &[String]) -> String {
        let keys = self.folder.path().join("gateway.keys");
        // 32 bytes that no other test has, in base64.
        fs::write(&keys, format!("{}AAAAAAAAAAA=\n", SystemClock.new_id().simple()))
            .expect("the folder can be written");
        let http = free_port();
        let root = format!("http://127.0.0.1:{http}");
        let own = format!(
            "{{ issuer = {root:?}, jwks_url = \"{root}/.well-known/jwks.json\", all_tenants = true, \
             algorithms = [\"EdDSA\"] }}"
        );
        let more = format!(
            "[services.gateway]\npublic_url = {root:?}\nkeys_file = {:?}\n\
             [services.gateway.sign_in]\nlocal_providers = true\n",
            keys.display().to_string()
        );
        self.settings(&[&[own][..], issuers].concat(), &more);
        self.set("MENTOR__HTTP__LISTEN", &format!("127.0.0.1:{http}"));
        root
    }

    /// A folder for files of the test.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts all of them.
    pub async fn start_all(&mut self) {
        for service in SERVICES {
            self.start(service).await;
        }
    }

    /// Ends a process as a crash would.
    pub fn kill(&mut self, service: &str) {
        if let Some(process) = self.processes.get_mut(service) {
            process.kill();
        }
    }

    /// Ends all processes by SIGTERM; each must end by itself.
    pub async fn stop(&mut self) {
        for process in self.processes.values() {
            process.terminate();
        }
        for process in self.processes.values_mut() {
            process.ended_well(START).await;
        }
        self.processes.clear();
    }

    /// What a service has logged.
    pub fn log(&self, service: &str) -> String {
        self.processes.get(service).map(Process::text).unwrap_or_default()
    }

    /// Where a service serves.
    pub fn address(&self, service: &str) -> SocketAddr {
        self.processes.get(service).unwrap_or_else(|| panic!("{service} was not started")).address()
    }

    /// The addresses of all services, which stay when a process is started again.
    pub fn addresses(&self) -> BTreeMap<&'static str, SocketAddr> {
        self.processes.iter().map(|(service, process)| (*service, process.address())).collect()
    }

    /// A token of the tenant.
    pub fn token(&self, role: kernel::Role, person: Option<kernel::Uuid>) -> String {
        token(&self.issuer, self.tenant, role, person)
    }

    /// The services as the tenant's people see them, by the addresses of now.
    pub fn stage(&self) -> Stage<'static> {
        let addresses = self.addresses();
        self.stage_by(move |service| addresses[service])
    }

    /// The same, where one process is all there is.
    pub fn stage_at(&self, address: SocketAddr) -> Stage<'static> {
        self.stage_by(move |_| address)
    }

    fn stage_by(&self, address: impl Fn(&str) -> SocketAddr + Send + Sync + 'static) -> Stage<'static> {
        let issuer = self.issuer.clone();
        let connect = move |service: &str, bearer: &str| {
            let client = Client::of(vec![address(service)]).expect("an address");
            client.token(StaticToken(bearer.to_owned())).build().expect("a channel")
        };
        let issue = move |tenant, role, person| token(&issuer, tenant, role, person);
        let clock: SharedClock = self.clock.clone();
        Stage::new(self.tenant, clock, Box::new(connect), Box::new(issue))
    }
}

fn token(issuer: &DevIssuer, tenant: TenantId, role: kernel::Role, person: Option<kernel::Uuid>) -> String {
    let subject = person.map_or_else(|| format!("test-{role}"), |person| format!("person-{person}"));
    let ttl = Duration::from_secs(3 * 365 * 86_400);
    let token = NewToken { tenant, subject: &subject, roles: &[role], person, ttl };
    issuer.token(&token).expect("the issuer signs")
}

/// Debian keeps it off the loader's path.
fn faketime() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").into_iter().flatten().flatten().map(|entry| entry.path());
    let places = folders.chain([PathBuf::from("/usr/local/lib"), PathBuf::from("/usr/lib64")]);
    let found = places.map(|place| place.join("faketime/libfaketime.so.1")).find(|path| path.is_file());
    found.expect("libfaketime is missing, which moves the time of whole processes: apt install libfaketime")
}

fn environment(servers: &Servers, prefix: &str, config: &Path) -> BTreeMap<String, String> {
    let (scheme, rest) = servers.postgres.split_once("://").expect("a URL");
    let (user, host) = rest.rsplit_once('@').unwrap_or(("", rest));
    let password = user.split_once(':').map_or("", |(_, password)| password);
    let pairs = [
        ("MENTOR_CONFIG", config.display().to_string()),
        ("MENTOR__DATABASE__URL", format!("{scheme}://{host}")),
        ("MENTOR__DATABASE__PASSWORD", password.to_owned()),
        ("MENTOR__DATABASE__MAX_CONNECTIONS", "8".to_owned()),
        ("MENTOR__MIGRATE__URL", servers.postgres.clone()),
        ("MENTOR__MESSAGING__URL", servers.rabbitmq.clone()),
        ("MENTOR__MESSAGING__PREFIX", format!("{prefix}.")),
        ("MENTOR__MESSAGING__CONFIRM_TIMEOUT", "5s".to_owned()),
        ("MENTOR__CACHE__URL", servers.redis.clone()),
        ("MENTOR__CACHE__PREFIX", prefix.to_owned()),
        ("MENTOR__TELEMETRY__LISTEN", String::new()),
        ("MENTOR__HTTP__LISTEN", "127.0.0.1:0".to_owned()),
        ("MENTOR__LIMITS__CALLS_PER_SECOND", "0".to_owned()),
        ("MENTOR__SHUTDOWN__READINESS_DELAY", "0s".to_owned()),
        ("RUST_BACKTRACE", "0".to_owned()),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value)).into()
}
