//! Running the built program.

use runtime::{
    Config,
    config::{BrokerKind, CacheKind},
};
use serde_json::Value;
use std::{
    net::TcpListener,
    process::{ExitStatus, Stdio},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader, Lines},
    process::{Child, Command},
    time::timeout,
};

/// How long anything may take; a slow machine is no failure.
const PATIENCE: Duration = Duration::from_secs(45);

/// Environment variables beside those that every program needs.
pub(crate) type Environment = Vec<(String, String)>;

/// A program that has ended.
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Finished {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error} in {} {}", self.stdout, self.stderr))
    }
}

fn command(args: &[&str], environment: &Environment) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mentor"));
    let kept = ["PATH", "HOME", "MENTOR_POSTGRES_BIN", "TMPDIR"];
    let kept = kept.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
    command.args(args).env_clear().envs(kept).envs(environment.iter().cloned()).stdin(Stdio::null());
    command
}

/// Runs it to its end.
pub(crate) async fn run(args: &[&str], environment: &Environment) -> Finished {
    let output = timeout(PATIENCE, command(args, environment).kill_on_drop(true).output());
    let output = output.await.expect("ends in time").expect("runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    Finished { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// A program that stays up. Dropped, it is told to end.
pub(crate) struct Running {
    child: Child,
    lines: Lines<BufReader<Box<dyn AsyncRead + Unpin + Send>>>,
}

impl Running {
    /// Starts it; its standard output can be read line by line.
    pub(crate) fn telling(args: &[&str], environment: &Environment) -> Self {
        let mut child = command(args, environment).stdout(Stdio::piped()).spawn().expect("starts");
        let lines: Box<dyn AsyncRead + Unpin + Send> = Box::new(child.stdout.take().expect("is piped"));
        Running { child, lines: BufReader::new(lines).lines() }
    }

    /// Starts it; its log can be read line by line.
    pub(crate) fn logging(args: &[&str], environment: &Environment) -> Self {
        let mut child = command(args, environment).stderr(Stdio::piped()).spawn().expect("starts");
        let lines: Box<dyn AsyncRead + Unpin + Send> = Box::new(child.stderr.take().expect("is piped"));
        Running { child, lines: BufReader::new(lines).lines() }
    }

    /// Reads on until a line of JSON that is wanted.
    pub(crate) async fn line(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let search = async {
            let mut seen = String::new();
            while let Some(line) = self.lines.next_line().await.expect("can be read") {
                match serde_json::from_str::<Value>(&line) {
                    Ok(value) if wanted(&value) => return value,
                    _ => seen.push_str(&format!("{line}\n")),
                }
            }
            panic!("ended without the line: {seen}");
        };
        timeout(PATIENCE, search).await.expect("says it in time")
    }

    /// Sends a signal and waits for the end.
    pub(crate) async fn signal(mut self, name: &str) -> ExitStatus {
        send(&self.child, name);
        // What it still says is read, or it could block on a full pipe.
        while let Ok(Ok(Some(_))) = timeout(PATIENCE, self.lines.next_line()).await {}
        timeout(PATIENCE, self.child.wait()).await.expect("ends in time").expect("can be waited for")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        send(&self.child, "INT");
    }
}

fn send(child: &Child, name: &str) {
    if let Some(id) = child.id() {
        let _ = std::process::Command::new("kill").args([format!("-{name}"), id.to_string()]).status();
    }
}

/// The settings of a suite under test, as variables.
pub(crate) fn environment(config: &Config, owner: &str) -> Environment {
    let mut variables = vec![
        ("SERVER__LISTEN", "127.0.0.1:0".to_owned()),
        ("TELEMETRY__LISTEN", String::new()),
        ("DATABASE__URL", config.database.url.expose().to_owned()),
        ("DATABASE__PASSWORD", config.database.password.expose().to_owned()),
        ("MIGRATE__URL", owner.to_owned()),
        ("IDENTITY__DEV__ENABLED", "true".to_owned()),
        ("SHUTDOWN__READINESS_DELAY", "0s".to_owned()),
    ];
    match config.messaging.broker {
        BrokerKind::InProcess => variables.push(("MESSAGING__BROKER", "in-process".to_owned())),
        BrokerKind::Rabbitmq => {
            variables.push(("MESSAGING__URL", config.messaging.url.expose().to_owned()));
            variables.push(("MESSAGING__PREFIX", config.messaging.prefix.clone()));
        }
    }
    match config.cache.kind {
        CacheKind::InProcess => variables.push(("CACHE__KIND", "in-process".to_owned())),
        CacheKind::Redis => {
            variables.push(("CACHE__URL", config.cache.url.expose().to_owned()));
            variables.push(("CACHE__PREFIX", config.cache.prefix.clone()));
        }
    }
    variables.into_iter().map(|(name, value)| (format!("MENTOR__{name}"), value)).collect()
}

/// Sets or changes a variable.
pub(crate) fn set(environment: &mut Environment, name: &str, value: impl Into<String>) {
    environment.retain(|(known, _)| known != name);
    environment.push((name.to_owned(), value.into()));
}

/// An address where nobody listens.
pub(crate) fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("has an address").to_string()
}
