//! The gateway's hop: a call as JSON over HTTP, beside the same call over gRPC without the gateway in between.

use crate::{
    Plan,
    driver::{self, CONNECTIONS},
    median,
    world::{PROGRAMS, World},
};
use anyhow::{Context, Result, anyhow, ensure};
use kernel::Role;
use std::time::{Duration, Instant};
use testkit::id;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// `GetProgram` by its address, first one call at a time, then as many as pgbench has connections.
pub(crate) async fn report(world: &World, plan: Plan) -> Result<()> {
    let host = world.suite.host();
    let address = host.http_address().context("the gateway serves HTTP")?.to_string();
    let token = world.suite.token(Role::ProgramManager, None);
    for (connections, how) in [(1, "one call at a time"), (CONNECTIONS, "eight at a time")] {
        let (mut hop, mut direct) = (Vec::new(), Vec::new());
        for _ in 0..plan.rounds {
            hop.push(json(&address, &token, connections, plan.seconds).await?);
            let tokens = vec![token.clone()];
            let url = host.url();
            direct.push(driver::over(connections, &url, tokens, plan.seconds, crate::reads::get).await?);
        }
        let (ours, theirs) = (median(&hop), median(&direct));
        println!(
            "gateway hop, {how}: {ours:.0} calls/s; the direct call: {theirs:.0} calls/s; ratio {:.2}",
            ours / theirs
        );
    }
    Ok(())
}

/// Calls a second, from one thread as the gRPC driver.
async fn json(address: &str, token: &str, connections: u32, seconds: u32) -> Result<f64> {
    let (address, token) = (address.to_owned(), token.to_owned());
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut lines = Vec::new();
            for number in 0..connections {
                lines.push(Line::open(&address, &token, number).await?);
            }
            let start = Instant::now();
            let until = start + Duration::from_secs(u64::from(seconds));
            let calls =
                futures::future::try_join_all(lines.into_iter().map(|line| line.drive(until))).await?;
            anyhow::Ok(f64::from(calls.into_iter().sum::<u32>()) / start.elapsed().as_secs_f64())
        })
    });
    tokio::task::spawn_blocking(move || thread.join().map_err(|_| anyhow!("the driver panicked"))).await??
}

/// One connection that is kept. HTTP by hand: a client of comfort would cost more than the gateway.
struct Line {
    stream: TcpStream,
    head: String,
    at: u32,
    answer: Vec<u8>,
}

impl Line {
    async fn open(address: &str, token: &str, number: u32) -> Result<Line> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let head = format!(" HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\r\n");
        Ok(Line { stream, head, at: number, answer: Vec::with_capacity(8192) })
    }

    async fn drive(mut self, until: Instant) -> Result<u32> {
        let mut calls = 0;
        while Instant::now() < until {
            self.at = (self.at + 15_013) % PROGRAMS;
            let request = format!("GET /api/v1/programs/{}{}", id(u64::from(self.at)), self.head);
            self.stream.write_all(request.as_bytes()).await?;
            self.read().await?;
            calls += 1;
        }
        Ok(calls)
    }

    /// One whole answer.
    async fn read(&mut self) -> Result<()> {
        self.answer.clear();
        let end = loop {
            ensure!(self.stream.read_buf(&mut self.answer).await? > 0, "the gateway closed the connection");
            if let Some(at) = self.answer.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
        };
        let head = std::str::from_utf8(self.answer.get(..end).unwrap_or_default())?.to_ascii_lowercase();
        ensure!(head.starts_with("http/1.1 200"), "{head}");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        let length: usize = length.context("an answer has a length")?.trim().parse()?;
        while self.answer.len() < end + length {
            ensure!(self.stream.read_buf(&mut self.answer).await? > 0, "the gateway closed the connection");
        }
        Ok(())
    }
}
