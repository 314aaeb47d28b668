//! `mentor serve`: any set of services in one process, on the servers of the settings.

use crate::{advice, embedded, help::examples, services, settings::Settings};
use anyhow::Result;
use clap::Args;
use runtime::{
    Config, Entry, Host, HostBuilder, Shutdown, Signals,
    config::BrokerKind,
    telemetry::{Program, Telemetry},
};

/// Serve all services, or some, in this process until SIGTERM or Ctrl-C.
///
/// Refuses to start while migrations are pending. SIGTERM and Ctrl-C drain: not ready, wait for load balancers, finish
/// calls, jobs and events in hand, flush; a second signal ends it at once.
#[derive(Args)]
#[command(after_help = examples(&[
    ("mentor serve --config mentor.toml", "everything in one process"),
    ("mentor serve matching --config mentor.toml", "one service, to be scaled alone"),
    ("MENTOR__SERVER__LISTEN=0.0.0.0:50051 mentor serve enrollment scheduling", "two, by the environment"),
]))]
pub(crate) struct Serve {
    /// The services to serve; all where none is named.
    #[arg(value_name = "SERVICE", value_parser = services::parser())]
    services: Vec<String>,
    #[command(flatten)]
    settings: Settings,
}

pub(crate) async fn run(serve: Serve) -> Result<()> {
    let config = serve.settings.load()?;
    config.check_serve().map_err(advice::setting)?;
    let entries = services::chosen(&serve.services);
    refuse_lonely(&config, &entries)?;
    let telemetry = Telemetry::install(&config.telemetry, Program::named(name(&entries)))?;
    let mut signals = Signals::new()?;
    let builder = entries.into_iter().fold(Host::builder(config).telemetry(telemetry), HostBuilder::entry);
    let host = tokio::select! {
        host = builder.patient().start() => host.map_err(advice::start)?,
        () = signals.next() => return Ok(()),
    };
    if let Shutdown::Cut(step) = runtime::until_signal(host, &mut signals).await? {
        tracing::warn!(step, "ended before everything was finished; nothing is lost");
    }
    Ok(())
}

/// What traces call the process.
fn name(entries: &[Entry]) -> &'static str {
    match entries {
        [one] => one.name,
        _ => "suite",
    }
}

/// Events that stay in a process never reach a service outside of it.
fn refuse_lonely(config: &Config, entries: &[Entry]) -> Result<()> {
    if config.messaging.broker == BrokerKind::InProcess && entries.len() < embedded::services().len() {
        return Err(advice::advise(
            "messaging.broker is \"in-process\", so all services must run in this process",
            "serve all (`mentor serve`), or give a RabbitMQ: messaging.broker = \"rabbitmq\" and messaging.url",
        ));
    }
    Ok(())
}
