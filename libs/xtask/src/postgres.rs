//! A throw-away Postgres for code generation and benchmarks.

use crate::{provision, shell};
use anyhow::{Context, Result, bail};
use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
};

/// A running server on the loopback interface; stopped and deleted when dropped.
pub(crate) struct Postgres {
    binaries: PathBuf,
    folder: PathBuf,
    port: u16,
}

impl Postgres {
    /// Starts one on a free port.
    pub(crate) fn start() -> Result<Self> {
        provision::test_servers()?;
        let binaries = provision::postgres_folder().context("Postgres' binaries are not found")?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let folder = std::env::temp_dir().join(format!("mentor-xtask-postgres-{port}"));
        fs::create_dir_all(&folder)?;
        let server = Postgres { binaries, folder, port };
        if server.is_root() {
            shell::run(Command::new("chown").arg("postgres").arg(&server.folder))?;
        }
        server.tool("initdb", &["--auth=trust", "--username=postgres", "--no-sync"])?;
        let options = format!("-p {port} -k /tmp -c fsync=off -c listen_addresses=127.0.0.1");
        let log = server.folder.join("log").display().to_string();
        server.tool("pg_ctl", &["start", "--wait", "-o", &options, "-l", &log])?;
        Ok(server)
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Runs SQL files one after the other.
    pub(crate) fn load(&self, sql: &str) -> Result<()> {
        let file = self.folder.join("load.sql");
        fs::write(&file, sql)?;
        shell::run(
            Command::new(self.binaries.join("psql"))
                .arg(self.url())
                .args(["-q", "-v", "ON_ERROR_STOP=1", "-f"])
                .arg(file),
        )
    }

    fn is_root(&self) -> bool {
        shell::succeeds(Command::new("sh").args(["-c", "[ $(id -u) = 0 ]"]))
    }

    /// Runs a tool on the data folder, never as root.
    fn tool(&self, name: &str, arguments: &[&str]) -> Result<()> {
        let mut command = if self.is_root() {
            let mut command = Command::new("setpriv");
            command
                .args(["--reuid=postgres", "--regid=postgres", "--clear-groups"])
                .arg(self.binaries.join(name));
            command
        } else {
            Command::new(self.binaries.join(name))
        };
        command.arg("--pgdata").arg(self.data()).args(arguments).current_dir("/");
        if shell::succeeds(&mut command) {
            Ok(())
        } else {
            bail!("{name} failed in {}", self.folder.display())
        }
    }

    fn data(&self) -> PathBuf {
        Path::new(&self.folder).join("data")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let stopped = self.tool("pg_ctl", &["stop", "--mode=immediate"]);
        if stopped.is_ok() {
            fs::remove_dir_all(&self.folder).ok();
        }
    }
}
