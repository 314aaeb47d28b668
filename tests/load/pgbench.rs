//! The reference: Postgres' own load generator.

use crate::driver::CONNECTIONS;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// Where it is.
pub(crate) struct Pgbench(PathBuf);

impl Pgbench {
    /// Finds it on PATH, beside the Postgres that `MENTOR_POSTGRES_BIN` names, or where Debian keeps it.
    pub(crate) fn find() -> Result<Pgbench> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let named = std::env::var_os("MENTOR_POSTGRES_BIN").map(PathBuf::from);
        let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let places = std::env::split_paths(&path).chain(named).chain(debian.map(|v| v.path().join("bin")));
        let mut programs = places.map(|place| place.join("pgbench"));
        let found = programs.find(|program| program.is_file());
        Ok(Pgbench(found.context("pgbench is not installed (Debian: postgresql; Homebrew: postgresql)")?))
    }

    /// Makes its own tables, 100,000 accounts.
    pub(crate) async fn initialize(&self, url: &str) -> Result<()> {
        self.run(&["--initialize", "--quiet", "--scale=1", url]).await.map(drop)
    }

    /// Its own read by key, by the second.
    pub(crate) async fn reads(&self, url: &str, seconds: u32) -> Result<f64> {
        self.transactions(seconds, &["--select-only", url]).await
    }

    /// A script, by the second. `n` counts a client's transactions from 0; `run` is 16 hex digits for ids.
    pub(crate) async fn script(&self, url: &str, seconds: u32, script: &Path, run: u64) -> Result<f64> {
        let file = format!("--file={}", script.display());
        let run = format!("--define=run={run:016x}");
        self.transactions(seconds, &["--define=n=-1", &run, &file, url]).await
    }

    async fn transactions(&self, seconds: u32, more: &[&str]) -> Result<f64> {
        let (clients, time) = (format!("--client={CONNECTIONS}"), format!("--time={seconds}"));
        let mut arguments = vec!["--no-vacuum", "--protocol=prepared", "--jobs=1", &clients, &time];
        arguments.extend(more);
        let output = self.run(&arguments).await?;
        let figure = output.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next());
        Ok(figure.with_context(|| format!("pgbench told no tps:\n{output}"))?.parse()?)
    }

    async fn run(&self, arguments: &[&str]) -> Result<String> {
        let output = Command::new(&self.0).args(arguments).output().await?;
        if !output.status.success() {
            bail!("pgbench: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}
