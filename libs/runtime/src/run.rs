//! What a `main` is made of.

use crate::{
    Config, Entry, Host, HostBuilder, Service, Shutdown,
    config::{self, Sources},
    host,
    telemetry::{Program, Telemetry},
};
use anyhow::Context;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use std::{io::Write, path::PathBuf, process::ExitCode};
use storage::MigrationReport;
use tokio::signal::unix::{SignalKind, signal};

/// Chooses the cryptography of TLS for the whole process. First thing in every `main`; later calls do nothing.
pub fn install_crypto() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Reads the configuration: defaults, the file if one is given, the environment.
///
/// # Errors
/// Names the setting that is wrong and what to do.
pub fn load(file: Option<PathBuf>) -> anyhow::Result<Config> {
    Ok(Config::load(&Sources::process(file))?)
}

/// Brings schemas up to date, and makes the broker keep the services' events.
///
/// # Errors
/// Names what is in the way.
pub async fn migrate(config: &Config, entries: &[Entry]) -> anyhow::Result<Vec<MigrationReport>> {
    Ok(host::migrate(config, entries).await?)
}

/// Starts a host, which waits for what is away, runs it until SIGTERM or Ctrl-C, and ends it in order. A second signal
/// ends it at once.
///
/// # Errors
/// When a setting is wrong, or its server ends by itself.
pub async fn serve(builder: HostBuilder) -> anyhow::Result<Shutdown> {
    let mut signals = Signals::new()?;
    let host = tokio::select! {
        host = builder.patient().start() => host?,
        () = signals.next() => return Ok(Shutdown::Complete),
    };
    until_signal(host, &mut signals).await
}

/// Runs a host that is started until a signal, and ends it in order. A second signal ends it at once.
///
/// # Errors
/// When its server ends by itself.
pub async fn until_signal(mut host: Host, signals: &mut Signals) -> anyhow::Result<Shutdown> {
    tokio::select! {
        failed = host.failed() => failed?,
        () = signals.next() => {}
    }
    tracing::info!("shutting down; a second signal ends it at once");
    tokio::select! {
        ended = host.shutdown() => Ok(ended),
        () = signals.next() => Ok(Shutdown::Cut("a second signal")),
    }
}

/// SIGTERM and Ctrl-C.
pub struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    /// Listens from now on.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn new() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("listening for signals");
        Ok(Signals {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    /// The next one.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[derive(Parser)]
#[command(version, about = "One service of the mentoring suite")]
struct Arguments {
    /// A TOML file with what differs from the defaults (see `config --defaults`).
    #[arg(long, global = true, env = "MENTOR_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve until SIGTERM (the default).
    Serve,
    /// Bring the schema up to date and make the broker keep the service's events, then end.
    Migrate,
    /// Print the settings in force and where each came from; secrets stay hidden.
    Config {
        /// Print the built-in defaults with their comments instead.
        #[arg(long)]
        defaults: bool,
    },
}

/// The command line of a service's own program.
fn command(service: &str) -> clap::Command {
    let name = format!("mentor-{service}");
    Arguments::command().display_name(name.clone()).bin_name(name)
}

/// All of a service's `main`.
pub fn main<S: Service>() -> ExitCode {
    install_crypto();
    let arguments = Arguments::from_arg_matches(&command(S::NAME).get_matches());
    match run::<S>(arguments.unwrap_or_else(|error| error.exit())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Logging may not be set up yet.
            let _ = writeln!(std::io::stderr(), "mentor-{}: {error:#}", S::NAME);
            ExitCode::FAILURE
        }
    }
}

fn run<S: Service>(arguments: Arguments) -> anyhow::Result<()> {
    let command = arguments.command.unwrap_or(Command::Serve);
    if let Command::Config { defaults: true } = command {
        print!("{}", config::DEFAULTS);
        return Ok(());
    }
    let config = load(arguments.config)?;
    if let Command::Config { .. } = command {
        print!("{}", config.describe());
        return Ok(());
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting the runtime")?;
    runtime.block_on(async {
        let telemetry = Telemetry::install(&config.telemetry, Program::named(S::NAME))?;
        match command {
            Command::Migrate => {
                for report in migrate(&config, &[Entry::of::<S>()]).await? {
                    tracing::info!(service = report.service, applied = report.applied.len(), "migrated");
                }
                telemetry.flush();
                Ok(())
            }
            Command::Serve | Command::Config { .. } => {
                serve(Host::builder(config).service::<S>().telemetry(telemetry)).await.map(|_| ())
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_says_which_service_it_is() {
        let said = command("enrollment").render_version();
        assert_eq!(said, format!("mentor-enrollment {}\n", env!("CARGO_PKG_VERSION")));
    }
}
