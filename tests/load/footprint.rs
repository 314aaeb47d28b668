//! What the whole suite in one process takes: memory at rest, and time from the start to SERVING.

use crate::{median, number};
use anyhow::{Context, Result, bail, ensure};
use std::{
    path::PathBuf,
    process::Stdio,
    time::{Duration, Instant},
};
use testkit::{TestDatabase, free_port};
use tokio::{
    process::{Child, Command},
    time::interval,
};
use tonic::transport::Endpoint;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

/// How long it does next to nothing when it is at rest: it uses one tick of the kernel's clock at most, which are 10 ms.
const REST: Duration = Duration::from_secs(1);
/// Something is wrong when it takes longer.
const LONGEST_START: Duration = Duration::from_secs(60);

/// Measures the program that `MENTOR_BIN` names, on a migrated database, without servers besides Postgres.
pub(crate) async fn measure() -> Result<()> {
    let program = PathBuf::from(std::env::var_os("MENTOR_BIN").context("MENTOR_BIN names no program")?);
    let database = TestDatabase::empty().await;
    let bench = Footprint { program, database };
    let migrated = bench.command(0, "migrate").status().await?;
    ensure!(migrated.success(), "migrating ended with {migrated}");
    let (mut memory, mut start) = (Vec::new(), Vec::new());
    for _ in 0..number("ROUNDS", 5)? {
        let (seconds, megabytes) = bench.round().await?;
        start.push(seconds);
        memory.push(megabytes);
    }
    println!("start to SERVING: {:.2} s", median(&start));
    println!("resident memory at rest: {:.1} MB", median(&memory));
    Ok(())
}

struct Footprint {
    program: PathBuf,
    database: TestDatabase,
}

impl Footprint {
    /// One start; it is killed at the end, as nothing is under way in it.
    async fn round(&self) -> Result<(f64, f64)> {
        let port = free_port();
        let begun = Instant::now();
        let mut process = self.command(port, "serve").kill_on_drop(true).spawn()?;
        let started = serving(&mut process, port, begun).await?;
        let id = process.id().context("it has ended")?;
        at_rest(id).await?;
        let memory = resident(id)?;
        process.kill().await?;
        Ok((started.as_secs_f64(), memory))
    }

    fn command(&self, port: u16, command: &str) -> Command {
        let mut process = Command::new(&self.program);
        process
            .arg(command)
            .env("MENTOR__SERVER__LISTEN", format!("127.0.0.1:{port}"))
            .env("MENTOR__TELEMETRY__LISTEN", "127.0.0.1:0")
            .env("MENTOR__DATABASE__URL", self.database.host_url())
            .env("MENTOR__MIGRATE__URL", self.database.url())
            .env("MENTOR__MESSAGING__BROKER", "in-process")
            .env("MENTOR__CACHE__KIND", "in-process")
            .env("MENTOR__IDENTITY__DEV__ENABLED", "true")
            .env("MENTOR__TELEMETRY__LOG", "warn")
            .stdout(Stdio::null());
        process
    }
}

/// Asks for its health until it serves; gives the time since the start.
async fn serving(process: &mut Child, port: u16, begun: Instant) -> Result<Duration> {
    let endpoint = Endpoint::from_shared(format!("http://127.0.0.1:{port}"))?;
    let mut pace = interval(Duration::from_millis(2));
    while begun.elapsed() < LONGEST_START {
        if let Ok(channel) = endpoint.connect().await {
            let request = HealthCheckRequest { service: String::new() };
            let answer = HealthClient::new(channel).check(request).await;
            if answer.is_ok_and(|answer| answer.get_ref().status() == ServingStatus::Serving) {
                return Ok(begun.elapsed());
            }
        }
        if let Some(status) = process.try_wait()? {
            bail!("it ended with {status} before it served");
        }
        pace.tick().await;
    }
    bail!("it does not serve within {LONGEST_START:?}")
}

/// Waits until what follows the start is done.
async fn at_rest(process: u32) -> Result<()> {
    let (begun, mut pace, mut before) = (Instant::now(), interval(REST), 0);
    while begun.elapsed() < LONGEST_START {
        pace.tick().await;
        let used = ticks(process)?;
        if used <= before + 1 {
            return Ok(());
        }
        before = used;
    }
    bail!("it does not come to rest within {LONGEST_START:?}")
}

/// Processor time so far, of user and system, as proc_pid_stat(5) has it in fields 14 and 15.
fn ticks(process: u32) -> Result<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, after_name) = stat.rsplit_once(')').context("no name in its state")?;
    let spent = after_name.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
    Ok(spent.sum::<Result<u64, _>>()?)
}

/// Megabytes in memory, as the kernel counts them.
fn resident(process: u32) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))
        .context("memory is measured where there is /proc, that is on Linux")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes: f64 = line.context("no VmRSS")?.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes / 1024.0)
}
