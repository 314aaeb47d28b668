//! Waking relays when there is something to publish: at once in this process, by NOTIFY in others.

use kernel::Result;
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
};
use std::time::Duration;
use tokio::{sync::watch, task::JoinHandle};

/// At most one NOTIFY in this time: each committing NOTIFY takes a lock of the whole server.
const DEBOUNCE: Duration = Duration::from_millis(10);
/// Between attempts to listen again.
const RELISTEN: Duration = Duration::from_secs(1);

/// Counts commits that left something in the outbox.
pub(crate) struct Wake(watch::Sender<u64>);

impl Wake {
    pub(crate) fn start(pool: PgPool, service: &'static str) -> Self {
        let (commits, news) = watch::channel(0);
        tokio::spawn(notify(pool, channel(service), news));
        Wake(commits)
    }
}

pub(crate) fn ring(wake: &Wake) {
    wake.0.send_modify(|commits| *commits = commits.wrapping_add(1));
}

/// Tells other processes, outside of any commit. A lost notification is made good by the relays' poll.
async fn notify(pool: PgPool, channel: String, mut news: watch::Receiver<u64>) {
    while news.changed().await.is_ok() {
        let sent = sqlx::query("select pg_notify($1, '')").bind(&channel).execute(&pool).await;
        if let Err(error) = sent {
            tracing::debug!(%error, "no notification of new events; relays will poll");
        }
        tokio::time::sleep(DEBOUNCE).await;
    }
}

fn channel(service: &str) -> String {
    format!("mentor_outbox_{service}")
}

/// Hears of new outbox rows. Dropped, it stops listening.
pub struct OutboxListener {
    local: watch::Receiver<u64>,
    remote: watch::Receiver<u64>,
    task: JoinHandle<()>,
}

impl OutboxListener {
    pub(crate) fn start(wake: &Wake, options: PgConnectOptions, service: &'static str) -> Self {
        let (heard, remote) = watch::channel(0);
        let task = tokio::spawn(listen(options, channel(service), heard));
        OutboxListener { local: wake.0.subscribe(), remote, task }
    }

    /// Waits for news since the last call. May come without any: after a reconnection, for instance. Cancel safe.
    /// A relay polls besides, since a notification can be lost.
    ///
    /// # Errors
    /// `DEPENDENCY_UNAVAILABLE` when the database handle is gone.
    pub async fn wait(&mut self) -> Result<()> {
        let told = tokio::select! {
            told = self.local.changed() => told,
            told = self.remote.changed() => told,
        };
        told.map_err(|_| crate::error::unavailable("the database was closed"))
    }
}

impl Drop for OutboxListener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Listens on a connection of its own, again and again.
async fn listen(options: PgConnectOptions, channel: String, heard: watch::Sender<u64>) {
    loop {
        if let Err(error) = listen_once(&options, &channel, &heard).await {
            tracing::debug!(%error, "not listening for new events; trying again");
        }
        tokio::time::sleep(RELISTEN).await;
    }
}

async fn listen_once(
    options: &PgConnectOptions,
    channel: &str,
    heard: &watch::Sender<u64>,
) -> Result<(), sqlx::Error> {
    let pool = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
    let pool = pool.connect_with(options.clone()).await?;
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.listen(channel).await?;
    loop {
        // Also right after listening and after a lost connection: something may have come in between.
        heard.send_modify(|n| *n = n.wrapping_add(1));
        listener.try_recv().await?;
    }
}
