//! A private Postgres for `mentor dev` and `mentor demo`: real, started from installed binaries, never as
//! root, stopped when dropped.

mod binaries;
mod user;

pub use binaries::{BINARIES_VARIABLE, Binaries};
pub use user::{RunAs, reachable};

use crate::config::Secret;
use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The file in the data directory that keeps the superuser's password; only its owner can read it.
const PASSWORD_FILE: &str = "mentor.password";

/// Held for as long as a server runs in the directory; also the mark of a directory of ours.
const LOCK_FILE: &str = "mentor.lock";

/// Why the private Postgres does not run. The message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// No binaries anywhere.
    #[error("{0}")]
    NotInstalled(String),
    /// The directory cannot be used.
    #[error("cannot use {path} for the private Postgres: {what}")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What is wrong and what to do.
        what: String,
    },
    /// Another process uses the directory.
    #[error("{0} is in use by another process of the suite; stop that one or name another directory")]
    InUse(PathBuf),
    /// A command failed.
    #[error("{command} failed: {output}")]
    Command {
        /// The command.
        command: &'static str,
        /// What it printed.
        output: String,
    },
    /// The operating system said no.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// The answer.
        source: std::io::Error,
    },
}

impl EmbeddedError {
    fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        move |source| EmbeddedError::Io { what: what.into(), source }
    }
}

/// Whether the data must survive a crash of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// `mentor dev`: every commit reaches the disk.
    Durable,
    /// `mentor demo`: thrown away afterwards, so nothing waits for the disk.
    Throwaway,
}

/// A running private Postgres. Dropping it stops the server.
#[derive(Debug)]
pub struct Postgres {
    binaries: Binaries,
    run_as: RunAs,
    data: PathBuf,
    port: u16,
    password: Secret,
    durability: Durability,
    /// Held for as long as the server may run: two processes never share a directory.
    _lock: fs::File,
}

impl Postgres {
    /// Starts a server whose files live under `directory`, which is made where it does not exist; what an
    /// earlier run left there is used again. An existing directory must be empty or the suite's own: root gives
    /// it away to the user that the server runs as. `random` is a text nobody can guess, the password of a new server.
    ///
    /// # Errors
    /// When binaries are missing, the directory is unusable or in use, or the server does not come up.
    pub async fn start(
        directory: &Path,
        durability: Durability,
        random: String,
    ) -> Result<Self, EmbeddedError> {
        let directory = directory.to_owned();
        let start = move || Self::start_blocking(&directory, durability, &random);
        match tokio::task::spawn_blocking(start).await {
            Ok(result) => result,
            Err(error) => Err(EmbeddedError::Io {
                what: "the private Postgres could not be started".to_owned(),
                source: std::io::Error::other(error),
            }),
        }
    }

    fn start_blocking(directory: &Path, durability: Durability, random: &str) -> Result<Self, EmbeddedError> {
        let binaries = Binaries::find()?;
        let run_as = RunAs::current()?;
        fs::create_dir_all(directory)
            .map_err(EmbeddedError::io(format!("cannot make {}", directory.display())))?;
        let directory = directory
            .canonicalize()
            .map_err(EmbeddedError::io(format!("cannot find {}", directory.display())))?;
        refuse_foreign(&directory)?;
        run_as.own(&directory)?;
        reachable(&directory, &run_as)?;
        let lock = lock(&directory)?;
        let data = directory.join("data");
        let password = if data.join("PG_VERSION").exists() {
            kept_password(&data)?
        } else {
            initialise(&binaries, &run_as, &data, random)?
        };
        let port = free_port()?;
        let server = Postgres { binaries, run_as, data, port, password, durability, _lock: lock };
        server.stop_left_over();
        server.launch()?;
        Ok(server)
    }

    /// The superuser's connection to database `postgres`, without its password.
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// The superuser's connection to a database, without its password.
    pub fn url_of(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Without the user, for services that log in as their own role.
    pub fn host_url(&self, database: &str) -> String {
        format!("postgres://127.0.0.1:{}/{database}", self.port)
    }

    /// The superuser's password. Roles that `migrate` makes may share it: the server is private.
    pub fn password(&self) -> &Secret {
        &self.password
    }

    /// The server's port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where its data lies.
    pub fn data_directory(&self) -> &Path {
        &self.data
    }

    /// A server that an earlier, killed process left running in this directory. The lock is ours, so it has
    /// no user any more.
    fn stop_left_over(&self) {
        if self.data.join("postmaster.pid").exists() {
            self.stop("fast");
        }
    }

    fn launch(&self) -> Result<(), EmbeddedError> {
        let log = self.data.join("server.log");
        let mut options =
            format!("-c port={} -c listen_addresses=127.0.0.1 -c unix_socket_directories=", self.port);
        options.push_str(" -c max_connections=200 -c logging_collector=off");
        // A new database fills within seconds; plans made for empty tables must not outlive that.
        options.push_str(" -c autovacuum_naptime=2s");
        if self.durability == Durability::Throwaway {
            options.push_str(" -c fsync=off -c synchronous_commit=off -c full_page_writes=off");
        }
        let mut command = self.run_as.command(&self.binaries.path("pg_ctl"));
        command
            .arg("start")
            .arg("-D")
            .arg(&self.data)
            .arg("-l")
            .arg(&log)
            .args(["-w", "-t", "60", "-o", &options]);
        run("pg_ctl start", &mut command).map_err(|error| with_log(error, &log))
    }

    fn stop(&self, mode: &str) {
        let mut command = self.run_as.command(&self.binaries.path("pg_ctl"));
        command.arg("stop").arg("-D").arg(&self.data).args(["-w", "-t", "20", "-m", mode]);
        if let Err(error) = run("pg_ctl stop", &mut command) {
            tracing::warn!(error = %error, "the private Postgres could not be stopped");
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // What is thrown away need not be written out.
        self.stop(if self.durability == Durability::Durable { "fast" } else { "immediate" });
    }
}

/// A directory that holds other things is not ours to give away.
fn refuse_foreign(directory: &Path) -> Result<(), EmbeddedError> {
    let mut entries =
        fs::read_dir(directory).map_err(EmbeddedError::io(format!("cannot read {}", directory.display())))?;
    if entries.next().is_none() || directory.join(LOCK_FILE).exists() {
        return Ok(());
    }
    Err(EmbeddedError::Directory {
        path: directory.to_owned(),
        what: "it holds other files; name an empty or a new directory".to_owned(),
    })
}

fn lock(directory: &Path) -> Result<fs::File, EmbeddedError> {
    let path = directory.join(LOCK_FILE);
    let file =
        fs::File::create(&path).map_err(EmbeddedError::io(format!("cannot write {}", path.display())))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(EmbeddedError::InUse(directory.to_owned())),
        Err(fs::TryLockError::Error(source)) => {
            Err(EmbeddedError::Io { what: format!("cannot lock {}", path.display()), source })
        }
    }
}

/// `initdb` into a directory beside, then a rename: a run that is killed halfway leaves nothing that looks whole.
fn initialise(
    binaries: &Binaries,
    run_as: &RunAs,
    data: &Path,
    random: &str,
) -> Result<Secret, EmbeddedError> {
    let fresh = data.with_extension("new");
    if fresh.exists() {
        fs::remove_dir_all(&fresh)
            .map_err(EmbeddedError::io(format!("cannot remove {}", fresh.display())))?;
    }
    let given = data.with_extension("password");
    write_private(&given, random, run_as)?;
    let mut command = run_as.command(&binaries.path("initdb"));
    command.arg("-D").arg(&fresh).arg("--pwfile").arg(&given);
    command.args(["-U", "postgres", "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync"]);
    let made = run("initdb", &mut command);
    let _ = fs::remove_file(&given);
    made?;
    write_private(&fresh.join(PASSWORD_FILE), random, run_as)?;
    fs::rename(&fresh, data).map_err(EmbeddedError::io(format!("cannot make {}", data.display())))?;
    Ok(Secret::new(random))
}

fn write_private(path: &Path, text: &str, run_as: &RunAs) -> Result<(), EmbeddedError> {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};
    let open = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    open.and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(EmbeddedError::io(format!("cannot write {}", path.display())))?;
    run_as.own(path)
}

fn kept_password(data: &Path) -> Result<Secret, EmbeddedError> {
    let path = data.join(PASSWORD_FILE);
    fs::read_to_string(&path).map(Secret::new).map_err(|error| EmbeddedError::Directory {
        path: data.to_owned(),
        what: format!("it holds a Postgres that the suite did not make ({error}); name another directory"),
    })
}

fn free_port() -> Result<u16, EmbeddedError> {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(EmbeddedError::io("no free port on 127.0.0.1"))
}

/// Output goes to files, not pipes: the server would inherit a pipe and never close it.
fn run(name: &'static str, command: &mut Command) -> Result<(), EmbeddedError> {
    let failed = |output: String| EmbeddedError::Command { command: name, output };
    let mut file = tempfile::tempfile().map_err(EmbeddedError::io("cannot make a temporary file"))?;
    let clone =
        |file: &fs::File| file.try_clone().map_err(EmbeddedError::io("cannot share a temporary file"));
    command.stdin(Stdio::null()).stdout(clone(&file)?).stderr(clone(&file)?);
    let status = command.status().map_err(|error| failed(error.to_string()))?;
    if status.success() {
        return Ok(());
    }
    use std::io::{Read, Seek};
    let mut output = String::new();
    let _ = file.rewind().and_then(|()| file.read_to_string(&mut output));
    Err(failed(format!("{status}; {}", output.trim())))
}

/// The reason of a failed start stands in the server's log.
fn with_log(error: EmbeddedError, log: &Path) -> EmbeddedError {
    let EmbeddedError::Command { command, output } = error else { return error };
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().rev().take(5).collect();
    let tail: Vec<&str> = lines.into_iter().rev().collect();
    EmbeddedError::Command { command, output: format!("{output}\n{}", tail.join("\n")) }
}
