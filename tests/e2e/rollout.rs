//! Replicas are replaced one after the other under load, as an orchestrator does it: no call fails. The same without the
//! drain fails, so the load would notice. And a client that never goes holds nothing up.
//!
//! Both replicas are replaced ten times under 100,000 calls; `MENTOR_ROLLOUT=slice` makes it once under 2,000, for a look.

use contracts::mentor::enrollment::v1::{
    CreateProgramRequest, GetProgramRequest, ListProgramsRequest, ProgramSpec,
    program_service_client::ProgramServiceClient,
};
use grpc::{Channel, Client, StaticToken};
use kernel::{Clock, Role, SystemClock};
use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use testkit::{TestDatabase, eventually};
use tests::{
    balancer::Balancer,
    process::{Fleet, Process, START, Servers},
};
use tokio::{io::AsyncReadExt, net::TcpStream, task::JoinSet};

/// Clients that call all the time, each over a connection of its own.
const CLIENTS: usize = 8;
/// One call of so many changes something.
const CHANGES: u64 = 50;
/// What an ending replica gives balancers to look elsewhere: twice the time for which ours waits for an answer.
pub(crate) const NOTICE: &str = "2s";

/// What the clients have counted.
#[derive(Default)]
pub(crate) struct Count {
    pub(crate) done: AtomicU64,
    pub(crate) created: AtomicU64,
    failed: Mutex<Vec<String>>,
    stop: AtomicBool,
}

impl Count {
    pub(crate) fn failures(&self) -> Vec<String> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// How many times both replicas are replaced, and how many calls there are at least.
fn size() -> (u64, u64) {
    let slice = std::env::var("MENTOR_ROLLOUT").is_ok_and(|size| size == "slice");
    if slice { (1, 2_000) } else { (10, 100_000) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_are_replaced_and_no_call_fails() {
    let (times, calls) = size();
    let database = TestDatabase::empty().await;
    let fleet = Fleet::prepare(&Servers::shared(&database.url()).await).await;
    let drain = [("MENTOR__SHUTDOWN__READINESS_DELAY", NOTICE), ("MENTOR__SHUTDOWN__DRAIN", "10s")];
    let began = Instant::now();
    let count = roll(&fleet, &drain, times, calls).await;
    let (done, failures) = (count.done.load(Ordering::Relaxed), count.failures());
    println!(
        "{done} calls, {} replaced, {} failed, {:.1} s",
        times * 2,
        failures.len(),
        began.elapsed().as_secs_f64()
    );
    assert!(failures.is_empty(), "{} of {done} calls failed, such as {:?}", failures.len(), failures.first());
    assert!(done >= calls, "{done} calls were made, {calls} were wanted");
    let programs: i64 = sqlx::query_scalar("select count(*) from enrollment.program")
        .fetch_one(database.pool())
        .await
        .expect("the superuser reads everything");
    let created = count.created.load(Ordering::Relaxed);
    assert_eq!(u64::try_from(programs), Ok(created + 1), "each change was made, and once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_drain_calls_fail() {
    let database = TestDatabase::empty().await;
    let fleet = Fleet::prepare(&Servers::shared(&database.url()).await).await;
    let none = [("MENTOR__SHUTDOWN__READINESS_DELAY", "0s"), ("MENTOR__SHUTDOWN__DRAIN", "0s")];
    let count = roll(&fleet, &none, 2, 1_000).await;
    let failures = count.failures();
    println!("{} of {} calls failed", failures.len(), count.done.load(Ordering::Relaxed));
    assert!(!failures.is_empty(), "the load does not notice when calls are cut off");
}

/// Two replicas, replaced under load so many times.
async fn roll(
    fleet: &Fleet,
    settings: &[(&'static str, &'static str)],
    times: u64,
    calls: u64,
) -> Arc<Count> {
    let mut roll = Roll::begin(fleet, ["enrollment"; 2], settings).await;
    for _ in 0..times * 2 {
        // Spread over the load.
        roll.calls(calls / (times * 2)).await;
        roll.replace("enrollment").await;
    }
    roll.end().await
}

/// Two replicas behind a balancer, under load.
pub(crate) struct Roll<'a> {
    fleet: &'a Fleet,
    balancer: Balancer,
    settings: Vec<(&'static str, &'static str)>,
    replicas: VecDeque<Process>,
    count: Arc<Count>,
    clients: JoinSet<()>,
}

impl<'a> Roll<'a> {
    pub(crate) async fn begin(
        fleet: &'a Fleet,
        releases: [&'static str; 2],
        settings: &[(&'static str, &'static str)],
    ) -> Self {
        let (balancer, settings) = (Balancer::start().await, settings.to_vec());
        let (replicas, count, clients) = (VecDeque::new(), Arc::default(), JoinSet::new());
        let mut roll = Roll { fleet, balancer, settings, replicas, count, clients };
        for release in releases {
            roll.join(release).await;
        }
        let channel = || channel(fleet, roll.balancer.address());
        let program = program(&channel(), "The first").await.expect("the fleet works");
        for _ in 0..CLIENTS {
            roll.clients.spawn(load(channel(), program.clone(), Arc::clone(&roll.count)));
        }
        roll
    }

    /// Other settings for replicas that come from now on.
    pub(crate) fn set(&mut self, settings: &[(&'static str, &'static str)]) {
        self.settings.extend(settings);
    }

    /// Waits until so many more calls were made.
    pub(crate) async fn calls(&self, more: u64) {
        let until = self.count.done.load(Ordering::Relaxed) + more;
        eventually!(START * 10, self.count.done.load(Ordering::Relaxed) >= until);
    }

    /// A new replica of this release comes, and the oldest goes.
    pub(crate) async fn replace(&mut self, release: &'static str) {
        self.join(release).await;
        let mut old = self.replicas.pop_front().expect("there are always two");
        old.terminate();
        old.ended_well(START).await;
        self.balancer.remove(old.address());
    }

    /// A new replica, known to the balancer, which sees that it is ready.
    async fn join(&mut self, release: &'static str) {
        let mut process = self.fleet.launch(release, &self.settings);
        process.ready().await;
        self.balancer.add(process.address());
        eventually!(START, self.balancer.ready().contains(&process.address()));
        self.replicas.push_back(process);
    }

    /// Ends the load, and says what became of it. The replicas stay.
    pub(crate) async fn end(&mut self) -> Arc<Count> {
        self.count.stop.store(true, Ordering::Relaxed);
        while let Some(client) = self.clients.join_next().await {
            client.expect("clients do not panic");
        }
        Arc::clone(&self.count)
    }
}

/// Calls once and never again: a retry would hide what fails.
fn channel(fleet: &Fleet, address: SocketAddr) -> Channel {
    let token = StaticToken(fleet.token(Role::ProgramManager, None));
    Client::of(vec![address]).expect("an address").token(token).attempts(1).build().expect("a channel")
}

async fn load(channel: Channel, program_id: String, count: Arc<Count>) {
    let mut client = ProgramServiceClient::new(channel.clone());
    while !count.stop.load(Ordering::Relaxed) {
        let call = count.done.fetch_add(1, Ordering::Relaxed);
        let outcome = if call.is_multiple_of(CHANGES) {
            program(&channel, &format!("Program {call}")).await.map(|_| {
                count.created.fetch_add(1, Ordering::Relaxed);
            })
        } else if call.is_multiple_of(2) {
            client.get_program(GetProgramRequest { program_id: program_id.clone() }).await.map(|_| ())
        } else {
            client.list_programs(ListProgramsRequest { page_size: 1, ..Default::default() }).await.map(|_| ())
        };
        if let Err(status) = outcome {
            let failed = format!("call {call}: {status}");
            count.failed.lock().unwrap_or_else(PoisonError::into_inner).push(failed);
        }
    }
}

async fn program(channel: &Channel, name: &str) -> Result<String, tonic::Status> {
    let spec = ProgramSpec { name: name.to_owned(), ..ProgramSpec::default() };
    let request = CreateProgramRequest { request_id: SystemClock.new_id().to_string(), spec: Some(spec) };
    let answer = ProgramServiceClient::new(channel.clone()).create_program(request).await?.into_inner();
    Ok(answer.program.map(|program| program.program_id).unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_never_go_do_not_hold_the_end() {
    let database = TestDatabase::empty().await;
    let fleet = Fleet::prepare(&Servers::shared(&database.url()).await).await;
    let settings = [
        ("MENTOR__SHUTDOWN__DRAIN", "1s"),
        ("MENTOR__SHUTDOWN__DEADLINE", "4s"),
        ("MENTOR__TELEMETRY__LISTEN", "127.0.0.1:0"),
    ];
    let mut process = fleet.launch("enrollment", &settings);
    let http = process.ready().await.expect("serves probes");
    // One that never speaks, one that keeps a probe's connection, one that watches for ever.
    let mut silent = TcpStream::connect(process.address()).await.expect("listens");
    let _probe = TcpStream::connect(http).await.expect("listens");
    let endpoint = tonic::transport::Endpoint::from_shared(format!("http://{}", process.address()));
    let connected = endpoint.expect("a URL").connect().await.expect("listens");
    let mut health = tonic_health::pb::health_client::HealthClient::new(connected);
    let mut watching = health.watch(tonic_health::pb::HealthCheckRequest::default()).await.expect("watches");
    watching.get_mut().message().await.expect("an answer");

    let began = Instant::now();
    process.terminate();
    process.ended_well(START).await;
    let took = began.elapsed();
    println!("ended after {} ms", took.as_millis());
    assert!(took >= Duration::from_secs(1), "those under way had their time: {took:?}");
    assert!(took < Duration::from_secs(6), "no later than the deadline: {took:?}");
    let mut rest = Vec::new();
    let closed = tokio::time::timeout(Duration::from_secs(5), silent.read_to_end(&mut rest)).await;
    assert!(closed.is_ok(), "the silent connection was closed, too");
}
