//! One process of a service.

use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs::{self, File},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};
use testkit::eventually;

/// A process may take this long to start or to end, on a machine that is busy with other tests.
pub const START: Duration = Duration::from_secs(60);

/// The binary of a service, beside the test that was built with it.
///
/// # Panics
/// When it was not built, with what to do.
pub fn binary(service: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a running test knows its own path");
    // target/<profile>/deps/<test>
    let folder = test.parent().and_then(Path::parent).expect("tests lie below the profile's folder");
    let path = folder.join(format!("mentor-{service}"));
    let build = "cargo build -p enrollment -p matching -p scheduling -p evaluation";
    assert!(path.is_file(), "{} is missing: {build} (in the same profile)", path.display());
    path
}

/// A service's program, to be given settings: its own binary, which may be told to `migrate`; or the suite's program,
/// where `MENTOR_BIN` names one.
pub fn program(service: &str, migrate: bool) -> Command {
    let suite = std::env::var_os("MENTOR_BIN").filter(|path| !path.is_empty());
    let mut command = suite.as_ref().map_or_else(|| Command::new(binary(service)), Command::new);
    match (suite.is_some(), migrate) {
        (true, true) => drop(command.args(["migrate", service])),
        (true, false) => drop(command.args(["serve", service])),
        (false, true) => drop(command.arg("migrate")),
        (false, false) => {}
    }
    command
}

/// A running process, which ends with this value.
pub struct Process {
    service: &'static str,
    child: Child,
    address: SocketAddr,
    log: PathBuf,
}

impl Process {
    /// Starts it, with nothing of `MENTOR…` but this environment.
    ///
    /// # Panics
    /// When the binary can't be run.
    pub fn launch(
        service: &'static str,
        environment: &BTreeMap<String, String>,
        port: u16,
        log: PathBuf,
    ) -> Self {
        let file = File::create(&log).expect("the folder can be written");
        let mut command = program(service, false);
        command
            .env_clear()
            .envs(std::env::vars().filter(|(name, _)| !name.starts_with("MENTOR")))
            .env("MENTOR__SERVER__LISTEN", format!("127.0.0.1:{port}"))
            .envs(environment)
            .stdin(Stdio::null())
            .stdout(file.try_clone().expect("a file"))
            .stderr(file);
        let child = command.spawn().expect("the binary runs");
        Process { service, child, address: SocketAddr::from(([127, 0, 0, 1], port)), log }
    }

    /// Waits until it listens; it need not be ready. Returns where it serves metrics and probes by HTTP, if it does.
    ///
    /// # Panics
    /// When it ends instead.
    pub async fn listening(&mut self) -> Option<SocketAddr> {
        self.said("listening").await
    }

    /// Waits until it is ready for calls. Returns where it serves metrics and probes by HTTP, if it does.
    ///
    /// # Panics
    /// When it ends instead.
    pub async fn ready(&mut self) -> Option<SocketAddr> {
        self.said("ready").await
    }

    async fn said(&mut self, message: &str) -> Option<SocketAddr> {
        let line = eventually!(START, {
            let ended = self.child.try_wait().ok().flatten();
            assert!(ended.is_none(), "{} ended at once\n{}", self.service, self.tail());
            self.lines().into_iter().find(|line| line["message"] == message)
        });
        let address = |name: &str| line[name].as_str()?.parse().ok();
        self.address = address("grpc").expect("the line names the address");
        address("http")
    }

    /// Where it serves gRPC, once it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks it to end, as an orchestrator would.
    pub fn terminate(&self) {
        let _ = Command::new("kill").args(["-s", "TERM", &self.child.id().to_string()]).status();
    }

    /// How it ends, by itself and within this time.
    pub async fn ended(&mut self, within: Duration) -> ExitStatus {
        eventually!(within, self.child.try_wait().ok().flatten())
    }

    /// It ends by itself, within this time, without a complaint.
    ///
    /// # Panics
    /// With the end of its log.
    pub async fn ended_well(&mut self, within: Duration) {
        let status = self.ended(within).await;
        assert!(status.success(), "{} ended with {status}\n{}", self.service, self.tail());
    }

    /// What it has logged.
    pub fn text(&self) -> String {
        // Where it was given a device there is nothing to read.
        if self.log.is_file() { fs::read_to_string(&self.log).unwrap_or_default() } else { String::new() }
    }

    /// What it has logged, line by line, where a line is an object.
    pub fn lines(&self) -> Vec<Value> {
        self.text().lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The end of what it has logged; little, so that what the test itself says is not lost among five services.
    pub fn tail(&self) -> String {
        let text = self.text();
        let lines: Vec<&str> = text.lines().rev().take(6).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("the last lines of {}:\n{}", self.service, self.tail());
        }
    }
}
