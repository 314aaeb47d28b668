//! What is running, known to all test processes by a file under a lock.

use super::Server;
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};
use tokio::net::TcpStream;

/// A server that testkit started.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Instance {
    /// How tests reach it.
    pub url: String,
    /// What to end it by.
    pub handle: Handle,
    /// Its files, removed with it.
    pub directory: Option<PathBuf>,
}

/// What a server is ended by.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Handle {
    /// Processes; the first is the server itself.
    Processes(Vec<u32>),
    /// A container's id.
    Container(String),
}

type Instances = BTreeMap<Server, Instance>;

/// The lock and the list lie with the build's output: one set of servers per checkout.
pub(super) fn home() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"));
    target.join("testkit")
}

/// Whether a running server will do: where containers are insisted on, only one of them.
fn is_wanted(instance: &Instance) -> bool {
    let insisted = std::env::var_os("MENTOR_TEST_CONTAINERS").is_some_and(|wish| wish == "1");
    !insisted || matches!(instance.handle, Handle::Container(_))
}

/// A running server, started by this process if need be. Processes wait for each other here.
pub(super) async fn running_or_started(server: Server) -> Result<Instance> {
    // A lock per server: RabbitMQ takes seconds, and who needs only Postgres should not wait for it.
    let lock = lock(&format!("{server:?}.lock")).await?;
    if let Some(instance) = read()?.get(&server)
        && is_alive(instance).await
    {
        if is_wanted(instance) {
            return Ok(instance.clone());
        }
        bail!(
            "one from installed binaries is running, and MENTOR_TEST_CONTAINERS=1 insists on a container; end it: testkit-servers down"
        );
    }
    let started = super::start(server).await?;
    update(|instances| {
        instances.insert(server, started.clone());
    })
    .await?;
    drop(lock);
    Ok(started)
}

/// Ends every server that testkit started for this checkout, and removes their files.
///
/// # Errors
/// When the list of servers cannot be read or written, or a container cannot be removed.
pub async fn stop_all() -> Result<()> {
    let mut ended = Instances::new();
    update(|instances| ended = std::mem::take(instances)).await?;
    let mut result = Ok(());
    for instance in ended.values() {
        match &instance.handle {
            Handle::Processes(ids) => ids.iter().for_each(|id| kill(*id)),
            Handle::Container(id) => result = remove(id).and(result),
        }
        wait_for_end(instance).await;
        if let Some(directory) = &instance.directory {
            let _ = fs::remove_dir_all(directory);
        }
    }
    result
}

fn remove(container: &str) -> Result<()> {
    let removed = Command::new("docker").args(["rm", "--force", "--volumes", container]).output();
    let removed = removed.context("docker rm")?;
    if !removed.status.success() {
        bail!("docker rm {container}: {}", String::from_utf8_lossy(&removed.stderr).trim());
    }
    Ok(())
}

async fn wait_for_end(instance: &Instance) {
    let Handle::Processes(ids) = &instance.handle else { return };
    for _ in 0..200 {
        if ids.iter().all(|id| !process_runs(*id)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Asks a process to end. Postgres takes SIGINT for "do not wait for clients", the others take it too.
fn kill(id: u32) {
    let _ = Command::new("kill").args(["-INT", &id.to_string()]).output();
    let _ = Command::new("kill").args(["-TERM", &id.to_string()]).output();
}

fn process_runs(id: u32) -> bool {
    if Path::new("/proc/self").exists() {
        return Path::new("/proc").join(id.to_string()).exists();
    }
    Command::new("ps").args(["-p", &id.to_string()]).output().is_ok_and(|output| output.status.success())
}

async fn is_alive(instance: &Instance) -> bool {
    if let Handle::Processes(ids) = &instance.handle
        && !ids.first().is_some_and(|id| process_runs(*id))
    {
        return false;
    }
    answers(&instance.url).await
}

/// Whether somebody listens at a URL's host and port.
pub(super) async fn answers(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    matches!(tokio::time::timeout(Duration::from_secs(2), TcpStream::connect(host)).await, Ok(Ok(_)))
}

fn read() -> Result<Instances> {
    match fs::read(home().join("servers.json")) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).unwrap_or_default()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Instances::new()),
        Err(error) => Err(error).context("the list of test servers"),
    }
}

async fn update(change: impl FnOnce(&mut Instances)) -> Result<()> {
    let _lock = lock("servers.lock").await?;
    let mut instances = read()?;
    change(&mut instances);
    let path = home().join("servers.json");
    let draft = path.with_extension("new");
    fs::write(&draft, serde_json::to_vec_pretty(&instances)?)?;
    fs::rename(&draft, &path).context("the list of test servers")
}

/// A lock over processes, which ends with the file or the process.
async fn lock(name: &str) -> Result<fs::File> {
    fs::create_dir_all(home()).with_context(|| format!("making {}", home().display()))?;
    let path = home().join(name);
    let file = fs::OpenOptions::new().create(true).truncate(false).write(true).open(&path)?;
    tokio::task::spawn_blocking(move || {
        file.lock()?;
        Ok(file)
    })
    .await?
}
