//! Servers from installed binaries: free ports, a directory under the temporary one, nothing durable.

use super::{
    Server, free_port, ready,
    shared::{Handle, Instance, answers},
};
use anyhow::{Context, Result, anyhow, bail};
use std::{
    env,
    ffi::OsString,
    fs,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

pub(super) async fn start(server: Server) -> Result<Instance> {
    let directory = tempfile::Builder::new().prefix("mentor-testkit-").tempdir()?.keep();
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o755))?;
    let started = match server {
        Server::Postgres => postgres(&directory).await,
        Server::RabbitMq => rabbitmq(&directory).await,
        Server::Redis => redis(&directory).await,
    };
    match started {
        Ok((url, processes)) => {
            Ok(Instance { url, handle: Handle::Processes(processes), directory: Some(directory) })
        }
        Err(error) => {
            let _ = fs::remove_dir_all(&directory);
            Err(error)
        }
    }
}

/// How a server is started: its binary, arguments, and where it will be.
pub(super) struct Recipe {
    pub(super) server: Server,
    pub(super) url: String,
    program: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(&'static str, OsString)>,
    user: User,
    /// The port of what it leaves running beside itself.
    names: Option<u16>,
}

impl Recipe {
    fn command(&self) -> Command {
        let mut command = self.user.command(&self.program);
        command.args(&self.arguments).envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// What runs beside the server and does not end with it.
    pub(super) fn companion(&self) -> Option<u32> {
        self.names.and_then(port_mapper)
    }
}

/// What makes Postgres fast, and forgetful when it crashes.
pub(super) const FORGETFUL: [&str; 1] = ["synchronous_commit=off"];

/// Postgres for many tests at once, however it is started.
pub(super) const POSTGRES_OPTIONS: [&str; 6] = [
    // The machine itself does not crash.
    "fsync=off",
    "full_page_writes=off",
    "max_connections=400",
    "shared_buffers=128MB",
    "autovacuum_naptime=10min",
    "max_wal_size=2GB",
];

async fn postgres(directory: &Path) -> Result<(String, Vec<u32>)> {
    let recipe = postgres_recipe(directory, &FORGETFUL)?;
    let log = directory.join("server.log");
    let id = launch(recipe.command(), &log, &recipe.url).await?;
    answering(Server::Postgres, &recipe.url, &log).await?;
    Ok((recipe.url, vec![id]))
}

fn postgres_recipe(directory: &Path, more: &[&str]) -> Result<Recipe> {
    let places = [env::var_os("MENTOR_POSTGRES_BIN").map(PathBuf::from)]
        .into_iter()
        .flatten()
        .chain(installed_postgres());
    let initdb = find("initdb", places).ok_or_else(|| {
        anyhow!("install it (Debian, Ubuntu: apt install postgresql), or set MENTOR_TEST_POSTGRES_URL or MENTOR_POSTGRES_BIN")
    })?;
    let user = User::find(&["postgres", "nobody"])?;
    user.own(directory)?;
    let data = directory.join("data");
    let mut command = user.command(&initdb);
    command.arg("-D").arg(&data).args(["-U", "postgres", "-A", "trust", "-E", "UTF8"]);
    command.args(["--locale=C", "--no-sync"]);
    run(&mut command, &directory.join("initdb.log"))?;
    let port = free_port();
    let mut arguments = vec!["-D".to_owned(), data.display().to_string(), "-p".to_owned(), port.to_string()];
    let own = ["listen_addresses=127.0.0.1", "unix_socket_directories="];
    for option in own.iter().chain(&POSTGRES_OPTIONS).chain(more) {
        arguments.extend(["-c".to_owned(), (*option).to_owned()]);
    }
    let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
    Ok(Recipe {
        server: Server::Postgres,
        url,
        program: initdb.with_file_name("postgres"),
        arguments,
        environment: Vec::new(),
        user,
        names: None,
    })
}

/// Prepares a server of one's own below a folder. It is not started yet.
pub(super) fn private(server: Server, below: &Path) -> Result<(Recipe, PathBuf)> {
    let directory = tempfile::Builder::new().prefix("mentor-private-").tempdir_in(below)?.keep();
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o755))?;
    let recipe = match server {
        Server::Postgres => postgres_recipe(&directory, &[])?,
        Server::Redis => redis_recipe(&directory)?,
        Server::RabbitMq => rabbitmq_recipe(&directory)?,
    };
    Ok((recipe, directory))
}

/// Starts a private server and waits until it answers.
pub(super) async fn run_private(recipe: &Recipe, directory: &Path) -> Result<Child> {
    let log = directory.join("server.log");
    let mut child = spawn(recipe.command(), &log)?;
    wait_until_listening(&mut child, &log, &recipe.url).await?;
    answering(recipe.server, &recipe.url, &log).await?;
    Ok(child)
}

/// Debian keeps the binaries off the path, a directory per version.
fn installed_postgres() -> Vec<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = versions.map(|entry| entry.path().join("bin")).collect();
    found.sort();
    found.reverse();
    found
}

async fn redis(directory: &Path) -> Result<(String, Vec<u32>)> {
    let recipe = redis_recipe(directory)?;
    let id = launch(recipe.command(), &directory.join("server.log"), &recipe.url).await?;
    Ok((recipe.url, vec![id]))
}

fn redis_recipe(directory: &Path) -> Result<Recipe> {
    let program = find("redis-server", []).ok_or_else(|| {
        anyhow!("install it (Debian, Ubuntu: apt install redis-server), or set MENTOR_TEST_REDIS_URL")
    })?;
    let (port, directory) = (free_port().to_string(), directory.display().to_string());
    let arguments =
        ["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", &directory];
    let arguments = arguments.map(str::to_owned).to_vec();
    Ok(Recipe {
        server: Server::Redis,
        url: format!("redis://127.0.0.1:{port}/0"),
        program,
        arguments,
        environment: Vec::new(),
        user: User::Myself,
        names: None,
    })
}

async fn rabbitmq(directory: &Path) -> Result<(String, Vec<u32>)> {
    let recipe = rabbitmq_recipe(directory)?;
    let log = directory.join("server.log");
    let id = launch(recipe.command(), &log, &recipe.url).await?;
    answering(Server::RabbitMq, &recipe.url, &log).await?;
    let mut processes = vec![id];
    processes.extend(recipe.companion());
    Ok((recipe.url, processes))
}

fn rabbitmq_recipe(directory: &Path) -> Result<Recipe> {
    // The wrapper in /usr/sbin insists on the system's own directories; the script behind it does not.
    let places = ["/usr/lib/rabbitmq/bin", "/opt/homebrew/opt/rabbitmq/sbin", "/usr/local/opt/rabbitmq/sbin"];
    let program = find("rabbitmq-server", places.map(PathBuf::from)).ok_or_else(|| {
        anyhow!("install it (Debian, Ubuntu: apt install rabbitmq-server), or set MENTOR_TEST_RABBITMQ_URL")
    })?;
    let user = User::find(&["rabbitmq", "nobody"])?;
    for part in ["home", "mnesia", "log"] {
        fs::create_dir(directory.join(part))?;
        user.own(&directory.join(part))?;
    }
    user.own(directory)?;
    fs::write(directory.join("enabled_plugins"), "[].\n")?;
    let (port, distribution, names) = (free_port(), free_port(), free_port());
    let inside = |name: &str| directory.join(name).into_os_string();
    let environment = vec![
        ("HOME", inside("home")),
        ("RABBITMQ_NODENAME", format!("testkit{port}@localhost").into()),
        ("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1".into()),
        ("RABBITMQ_NODE_PORT", port.to_string().into()),
        ("RABBITMQ_DIST_PORT", distribution.to_string().into()),
        ("ERL_EPMD_PORT", names.to_string().into()),
        ("ERL_EPMD_ADDRESS", "127.0.0.1".into()),
        ("RABBITMQ_MNESIA_BASE", inside("mnesia")),
        ("RABBITMQ_LOG_BASE", inside("log")),
        ("RABBITMQ_ENABLED_PLUGINS_FILE", inside("enabled_plugins")),
        ("RABBITMQ_CONFIG_FILE", inside("none")),
        ("RABBITMQ_CONF_ENV_FILE", "/dev/null".into()),
        ("RABBITMQ_PID_FILE", inside("pid")),
        (
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
            "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none".into(),
        ),
        // The script gives way to the server: a signal to the child reaches the server itself.
        ("RUNNING_UNDER_SYSTEMD", "true".into()),
    ];
    Ok(Recipe {
        server: Server::RabbitMq,
        url: format!("amqp://guest:guest@127.0.0.1:{port}/%2f"),
        program,
        arguments: Vec::new(),
        environment,
        user,
        names: Some(names),
    })
}

/// Erlang's port mapper detaches itself; `/proc` tells which one is ours.
fn port_mapper(port: u16) -> Option<u32> {
    let wanted = format!("ERL_EPMD_PORT={port}");
    fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let id: u32 = entry.file_name().to_str()?.parse().ok()?;
        let name = fs::read_to_string(entry.path().join("comm")).ok()?;
        let environment = fs::read(entry.path().join("environ")).ok()?;
        let ours = environment.split(|byte| *byte == 0).any(|pair| pair == wanted.as_bytes());
        (name.trim() == "epmd" && ours).then_some(id)
    })
}

/// Starts a server that outlives this process: its own process group, no inherited pipes.
async fn launch(command: Command, log: &Path, url: &str) -> Result<u32> {
    let mut child = spawn(command, log)?;
    let id = child.id();
    wait_until_listening(&mut child, log, url).await?;
    Ok(id)
}

fn spawn(mut command: Command, log: &Path) -> Result<Child> {
    let file = fs::File::create(log)?;
    command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).process_group(0);
    command.spawn().with_context(|| format!("starting {}", command.get_program().display()))
}

async fn wait_until_listening(child: &mut Child, log: &Path, url: &str) -> Result<()> {
    let end = Instant::now() + Duration::from_secs(90);
    while Instant::now() < end {
        if answers(url).await {
            return Ok(());
        }
        if let Some(status) = child.try_wait()? {
            bail!("it ended at once ({status}): {}", fs::read_to_string(log).unwrap_or_default().trim());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    bail!("it does not listen after 90 s: {}", fs::read_to_string(log).unwrap_or_default().trim())
}

async fn answering(server: Server, url: &str, log: &Path) -> Result<()> {
    if ready(Duration::from_secs(60), || server.answers(url)).await {
        return Ok(());
    }
    bail!("it does not answer after 60 s: {}", fs::read_to_string(log).unwrap_or_default().trim())
}

fn run(command: &mut Command, log: &Path) -> Result<()> {
    let file = fs::File::create(log)?;
    let status = command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).status()?;
    if status.success() {
        return Ok(());
    }
    bail!(
        "{} failed: {}",
        command.get_program().display(),
        fs::read_to_string(log).unwrap_or_default().trim()
    )
}

fn find(name: &str, before_path: impl IntoIterator<Item = PathBuf>) -> Option<PathBuf> {
    let path: Vec<PathBuf> =
        env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default();
    let candidates = before_path.into_iter().chain(path);
    candidates.map(|directory| directory.join(name)).find(|candidate| candidate.is_file())
}

/// Whom a server runs as: root becomes somebody else.
enum User {
    Myself,
    Other { uid: u32, gid: u32 },
}

impl User {
    fn find(names: &[&str]) -> Result<Self> {
        // The directory was just made by this process, so its owner is this user.
        let mine = tempfile::tempfile()?.metadata()?.uid();
        if mine != 0 {
            return Ok(User::Myself);
        }
        let users = fs::read_to_string("/etc/passwd")?;
        let find = |name: &str| {
            let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
            let mut parts = line.split(':').skip(2).map(str::parse);
            Some(User::Other { uid: parts.next()?.ok()?, gid: parts.next()?.ok()? })
        };
        names
            .iter()
            .find_map(|name| find(name))
            .ok_or_else(|| anyhow!("this is root and there is no user {}", names[0]))
    }

    fn own(&self, path: &Path) -> Result<()> {
        if let User::Other { uid, gid } = self {
            chown(path, Some(*uid), Some(*gid))?;
        }
        Ok(())
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir("/");
        if let User::Other { uid, gid } = self {
            command.uid(*uid).gid(*gid);
        }
        command
    }
}
