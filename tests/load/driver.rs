//! Drives calls as pgbench drives statements: one thread, eight connections, each with one call under way.

use anyhow::{Context, Result, anyhow};
use futures::{StreamExt, stream::FuturesUnordered};
use std::time::{Duration, Instant};
use tonic::{
    Request,
    metadata::{Ascii, MetadataValue},
    transport::{Channel, Endpoint},
};

/// Connections, here and of pgbench.
pub(crate) const CONNECTIONS: u32 = 8;

/// One connection and who calls over it.
#[derive(Clone)]
pub(crate) struct Line {
    /// Which one, from 0.
    pub(crate) number: u32,
    pub(crate) channel: Channel,
    token: MetadataValue<Ascii>,
    until: Instant,
}

impl Line {
    /// A request in the caller's name.
    pub(crate) fn request<T>(&self, body: T) -> Request<T> {
        let mut request = Request::new(body);
        request.metadata_mut().insert("authorization", self.token.clone());
        request
    }

    /// Whether to go on.
    pub(crate) fn goes_on(&self) -> bool {
        Instant::now() < self.until
    }
}

/// Lets a worker call over each connection until the time is over; gives calls a second. A worker answers how often
/// it called. Connecting does not count, as pgbench does not count it.
pub(crate) async fn per_second<W>(url: &str, tokens: Vec<String>, seconds: u32, worker: W) -> Result<f64>
where
    W: AsyncFn(Line) -> Result<u32> + Send + 'static,
{
    over(CONNECTIONS, url, tokens, seconds, worker).await
}

/// The same over so many connections.
pub(crate) async fn over<W>(
    connections: u32,
    url: &str,
    tokens: Vec<String>,
    seconds: u32,
    worker: W,
) -> Result<f64>
where
    W: AsyncFn(Line) -> Result<u32> + Send + 'static,
{
    let url = url.to_owned();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(drive(connections, &url, &tokens, seconds, worker))
    });
    tokio::task::spawn_blocking(move || thread.join().map_err(|_| anyhow!("the driver panicked"))).await??
}

async fn drive<W>(connections: u32, url: &str, tokens: &[String], seconds: u32, worker: W) -> Result<f64>
where
    W: AsyncFn(Line) -> Result<u32>,
{
    let mut channels = Vec::new();
    for _ in 0..connections {
        channels.push(Endpoint::from_shared(url.to_owned())?.tcp_nodelay(true).connect().await?);
    }
    let start = Instant::now();
    let until = start + Duration::from_secs(u64::from(seconds));
    let lines = channels.into_iter().zip(tokens.iter().cycle()).zip(0..).map(|((channel, token), number)| {
        let token = format!("Bearer {token}").parse().context("a token")?;
        Ok(Line { number, channel, token, until })
    });
    let lines: Vec<Line> = lines.collect::<Result<_>>()?;
    let mut workers: FuturesUnordered<_> = lines.into_iter().map(|line| worker(line)).collect();
    let mut calls = 0;
    while let Some(done) = workers.next().await {
        calls += done?;
    }
    Ok(f64::from(calls) / start.elapsed().as_secs_f64())
}
