//! A Docker engine: the one that answers, or Debian's started by hand where none does.

use crate::{
    provision,
    shell::{self, find, say},
};
use anyhow::{Context, Result, bail};
use std::{
    fs,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Where the engine of our own keeps its images. Not under the build's folder: that may be deleted at any time.
const DATA: &str = "/var/lib/mentor-engine";
/// Where it runs. Its own socket, so that nothing else on the machine begins to use it unasked.
const RUN: &str = "/run/mentor-engine";

/// An engine that answers.
pub(crate) struct Engine {
    /// What `DOCKER_HOST` must be; nothing for the client's own choice.
    host: Option<String>,
}

impl Engine {
    /// The client's engine (`DOCKER_HOST`, its context, the system's socket), else the one that was started by hand.
    pub(crate) fn running() -> Option<Self> {
        find("docker")?;
        let own = Some(format!("unix://{RUN}/docker.sock"));
        [None, own].into_iter().map(|host| Engine { host }).find(Engine::answers)
    }

    /// One that runs, else Debian's, started now.
    ///
    /// # Errors
    /// Where none can be started: with what to do.
    pub(crate) fn running_or_started() -> Result<Self> {
        if let Some(engine) = Self::running() {
            return Ok(engine);
        }
        if !cfg!(target_os = "linux") || !provision::is_root() {
            bail!(
                "no Docker engine answers, and only root on Linux can start one; start Docker and run this again"
            );
        }
        provision::engine()?;
        start()?;
        Self::running().context("the engine was started, but the docker client cannot reach it")
    }

    /// The client.
    pub(crate) fn docker(&self) -> Command {
        let mut command = Command::new("docker");
        // The builder of old that needs no plug-in.
        command.env("DOCKER_BUILDKIT", "0").envs(self.environment());
        command
    }

    /// What points other programs to it.
    pub(crate) fn environment(&self) -> Option<(String, String)> {
        self.host.clone().map(|host| ("DOCKER_HOST".to_owned(), host))
    }

    /// Whether it has an image.
    pub(crate) fn has(&self, image: &str) -> bool {
        shell::succeeds(self.docker().args(["image", "inspect", image]))
    }

    fn answers(&self) -> bool {
        shell::succeeds(self.docker().args(["version", "--format", "{{.Server.Version}}"]))
    }
}

/// Ends the engine that was started by hand; its images stay for the next time unless they are to go.
pub(crate) fn stop(remove: bool) -> Result<()> {
    let file = Path::new(RUN).join("pid");
    match fs::read_to_string(&file) {
        Ok(id) => {
            say("ending the Docker engine that was started by hand");
            shell::run(Command::new("kill").arg(id.trim()))?;
            wait(Duration::from_secs(30), || Ok(!Path::new("/proc").join(id.trim()).exists()))?;
        }
        Err(_) => say("no Docker engine that was started by hand is running"),
    }
    if remove && Path::new(DATA).exists() {
        say(&format!("deleting {DATA}"));
        fs::remove_dir_all(DATA).with_context(|| format!("deleting {DATA}"))?;
    }
    Ok(())
}

fn start() -> Result<()> {
    say(&format!("starting a Docker engine by hand: socket {RUN}/docker.sock, data in {DATA}"));
    fs::create_dir_all(RUN)?;
    let log = Path::new(RUN).join("log");
    let mut engine = spawn(&log)?;
    let ended = wait(Duration::from_secs(60), || {
        if let Some(status) = engine.try_wait()? {
            bail!("it ended with {status}");
        }
        Ok(Engine { host: Some(format!("unix://{RUN}/docker.sock")) }.answers())
    });
    ended.with_context(|| {
        format!("the Docker engine does not start; the end of {}:\n{}", log.display(), tail(&log))
    })
}

/// In its own process group, so that it goes on when this program ends.
fn spawn(log: &Path) -> Result<Child> {
    let file = fs::File::create(log)?;
    let socket = format!("unix://{RUN}/docker.sock");
    Command::new("dockerd")
        .args(["--host", &socket, "--data-root", DATA])
        .arg("--exec-root")
        .arg(Path::new(RUN).join("exec"))
        .arg("--pidfile")
        .arg(PathBuf::from(RUN).join("pid"))
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file)
        .process_group(0)
        .spawn()
        .context("can't start dockerd")
}

fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(5)..].join("\n")
}

fn wait(longest: Duration, mut is_done: impl FnMut() -> Result<bool>) -> Result<()> {
    let end = Instant::now() + longest;
    while !is_done()? {
        if Instant::now() > end {
            bail!("it took longer than {} s", longest.as_secs());
        }
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}
