//! Real Postgres, RabbitMQ and Redis for tests, shared by all tests of all processes. Each one is taken
//!
//! 1. from its URL in the environment: `MENTOR_TEST_POSTGRES_URL` (a superuser's), `MENTOR_TEST_RABBITMQ_URL`,
//!    `MENTOR_TEST_REDIS_URL`;
//! 2. else from a container, when a Docker engine answers; `MENTOR_TEST_CONTAINERS=1` insists on it, `=0` forbids it.
//!    `MENTOR_TEST_POSTGRES_IMAGE` and so on name other images than the official ones;
//! 3. else from installed binaries, on free ports, in a temporary directory.
//!
//! What 2 and 3 start goes on running for later tests; `testkit-servers down` ends it. A server that is missing
//! fails the test with what to install: no test is skipped.

mod containers;
mod installed;
mod ports;
mod private;
mod shared;

pub use ports::free_port;
pub use private::Private;
pub use shared::{Instance, stop_all};

use sqlx::Connection;
use std::time::{Duration, Instant};
use tokio::sync::OnceCell;

/// The servers that tests need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Server {
    /// Postgres 15 or newer.
    Postgres,
    /// RabbitMQ 3.10 or newer.
    RabbitMq,
    /// Redis 7 or newer.
    Redis,
}

impl Server {
    /// All of them.
    pub const ALL: [Server; 3] = [Server::Postgres, Server::RabbitMq, Server::Redis];

    /// The environment variable that names one which runs already.
    pub fn variable(self) -> &'static str {
        match self {
            Server::Postgres => "MENTOR_TEST_POSTGRES_URL",
            Server::RabbitMq => "MENTOR_TEST_RABBITMQ_URL",
            Server::Redis => "MENTOR_TEST_REDIS_URL",
        }
    }

    /// Whether it answers a client; listening is not yet answering.
    async fn answers(self, url: &str) -> bool {
        let asked = async {
            match self {
                Server::Postgres => sqlx::PgConnection::connect(url).await.is_ok(),
                Server::RabbitMq => lapin::Connection::connect(url, Default::default()).await.is_ok(),
                Server::Redis => redis_answers(url).await.unwrap_or(false),
            }
        };
        tokio::time::timeout(Duration::from_secs(5), asked).await.unwrap_or(false)
    }
}

async fn redis_answers(url: &str) -> redis::RedisResult<bool> {
    let mut connection = redis::Client::open(url)?.get_multiplexed_async_connection().await?;
    let answer: String = redis::cmd("PING").query_async(&mut connection).await?;
    Ok(answer == "PONG")
}

/// Asks until the answer is yes, or gives up.
async fn ready<F: Future<Output = bool>>(longest: Duration, mut is_ready: impl FnMut() -> F) -> bool {
    let end = Instant::now() + longest;
    while Instant::now() < end {
        if is_ready().await {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}

/// The URL of a Postgres superuser.
///
/// # Panics
/// When there is no server and none can be started, with what to install.
pub async fn postgres() -> String {
    static URL: OnceCell<String> = OnceCell::const_new();
    URL.get_or_init(|| url(Server::Postgres)).await.clone()
}

/// The URL of a RabbitMQ virtual host.
///
/// # Panics
/// When there is no server and none can be started, with what to install.
pub async fn rabbitmq() -> String {
    static URL: OnceCell<String> = OnceCell::const_new();
    URL.get_or_init(|| url(Server::RabbitMq)).await.clone()
}

/// The URL of a Redis database.
///
/// # Panics
/// When there is no server and none can be started, with what to install.
pub async fn redis() -> String {
    static URL: OnceCell<String> = OnceCell::const_new();
    URL.get_or_init(|| url(Server::Redis)).await.clone()
}

/// A server's URL, by the order at the head of this module.
///
/// # Panics
/// When there is no server and none can be started, with what to install.
pub async fn url(server: Server) -> String {
    if let Some(url) = std::env::var(server.variable()).ok().filter(|url| !url.is_empty()) {
        return url;
    }
    match shared::running_or_started(server).await {
        Ok(instance) => instance.url,
        Err(error) => panic!("no {server:?} for tests: {error:#}"),
    }
}

/// Starts one afresh, as a container or from binaries.
async fn start(server: Server) -> anyhow::Result<Instance> {
    match std::env::var("MENTOR_TEST_CONTAINERS").as_deref() {
        Ok("1") => containers::start(server).await,
        Ok("0") => installed::start(server).await,
        _ if containers::engine_answers().await => match containers::start(server).await {
            Ok(instance) => Ok(instance),
            Err(error) => {
                eprintln!("no container for {server:?} ({error:#}); trying installed binaries");
                installed::start(server).await
            }
        },
        _ => installed::start(server).await,
    }
}
