//! `mentor dev`: the whole suite on this machine, ready to be called.

mod database;
mod organisation;
mod personas;
mod screen;
mod seed;

use crate::{
    advice,
    embedded::{self, TENANT},
    help::examples,
};
use anyhow::{Context, Result};
use clap::Args;
use database::Place;
use kernel::{Clock, SystemClock};
use runtime::{
    Config, Host, HostBuilder, Shutdown, Signals, StartError,
    config::{LogFormat, ShutdownSection},
    embedded::Postgres,
    telemetry::{Program, Telemetry},
};
use std::{net::SocketAddr, path::PathBuf, time::Duration};

/// Start the whole suite on this machine and stay up: endpoints, a token per persona, calls to try.
///
/// Runs a private Postgres whose data is kept, with broker and cache in the process; nothing else is needed. On the
/// first start a small organisation and a published program are made, through the public APIs. Ctrl-C drains and ends.
#[derive(Args)]
#[command(after_help = examples(&[
    ("mentor dev", "everything on its usual ports, data kept under the user's data folder"),
    ("mentor dev --data /tmp/mentor --port 50052", "another folder beside another port: a second suite"),
    ("mentor dev --json", "the same facts as one line of JSON, for scripts"),
]))]
pub(crate) struct Dev {
    /// The folder that keeps the private Postgres; made where it does not exist. Delete it to begin anew.
    /// [default: mentor/dev in the user's data folder, such as ~/.local/share]
    #[arg(long, value_name = "DIR", env = "MENTOR_DEV_DATA")]
    data: Option<PathBuf>,
    /// The port of gRPC on 127.0.0.1; 0 picks a free one.
    #[arg(long, value_name = "PORT", default_value_t = 50051)]
    port: u16,
    /// The port of HTTP (SCIM) on 127.0.0.1; 0 picks a free one.
    #[arg(long, value_name = "PORT", default_value_t = 8080)]
    http_port: u16,
    /// The port of /metrics, /livez and /readyz on 127.0.0.1; 0 picks a free one.
    #[arg(long, value_name = "PORT", default_value_t = 9464)]
    metrics_port: u16,
    /// How much is logged on standard error, by module, such as "info" or "warn,enrollment=debug".
    #[arg(long, value_name = "LEVELS", default_value = "warn,sqlx=error")]
    log: String,
    /// Print JSON, one line, and nothing else on standard output.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(dev: Dev) -> Result<()> {
    let mut signals = Signals::new()?;
    let began = SystemClock.now();
    let place = Place::find(dev.data.as_deref())?;
    let (postgres, mut config) = tokio::select! {
        prepared = place.prepare() => prepared?,
        () = signals.next() => return Ok(()),
    };
    dev.adjust(&mut config);
    if dev.http_port != 0 {
        embedded::sign_in(&mut config, place.folder())?;
    }
    let telemetry = Telemetry::install(&config.telemetry, Program::named("dev"))?;
    let services = embedded::services().into_iter();
    let builder = services.fold(Host::builder(config).telemetry(telemetry), HostBuilder::entry);
    let host = tokio::select! {
        host = builder.start() => host.map_err(start_failed)?,
        () = signals.next() => return Ok(()),
    };
    let facts = tokio::select! {
        facts = ready(&host, &place, postgres.as_ref()) => Some(facts?),
        () = signals.next() => None,
    };
    if let Some(facts) = facts {
        let seconds = SystemClock.now().duration_since(began).as_secs_f64();
        println!("{}", if dev.json { facts.json() } else { facts.screen(seconds) });
        if let Shutdown::Cut(step) = runtime::until_signal(host, &mut signals).await? {
            eprintln!("ended before everything was finished ({step}); nothing is lost");
        }
    } else {
        host.shutdown().await;
    }
    drop(postgres);
    eprintln!("drained and stopped; the data is kept in {}", place.name());
    Ok(())
}

/// Fills the suite where it is empty, and gathers what is printed.
async fn ready(host: &Host, place: &Place, postgres: Option<&Postgres>) -> Result<screen::Facts> {
    let issuer = host.issuer().context("the development issuer is on")?;
    let tokens = personas::Tokens::new(issuer.clone(), TENANT);
    let seeded = seed::run(&host.url(), &tokens).await.context("filling the suite with an organisation")?;
    host.settle().await.map_err(advice::explain)?;
    let personas = personas::all(&tokens, &seeded.people)?;
    let settings = place.write_settings(host.address(), postgres)?;
    Ok(screen::Facts {
        url: host.url(),
        pages: host.telemetry_address(),
        http: host.http_address(),
        data: place.name(),
        settings,
        postgres: postgres.map(|postgres| postgres.url()),
        tenant: TENANT,
        program: seeded.program,
        first_start: seeded.first_start,
        personas,
    })
}

impl Dev {
    /// What differs from a suite in production: local ports, readable logs, an end without waiting for balancers.
    fn adjust(&self, config: &mut Config) {
        config.server.listen = SocketAddr::from(([127, 0, 0, 1], self.port));
        config.http.listen = SocketAddr::from(([127, 0, 0, 1], self.http_port));
        config.telemetry.listen = Some(SocketAddr::from(([127, 0, 0, 1], self.metrics_port)));
        config.telemetry.log.clone_from(&self.log);
        config.telemetry.log_format = LogFormat::Human;
        config.shutdown = ShutdownSection {
            readiness_delay: Duration::ZERO,
            drain: Duration::from_secs(5),
            deadline: Duration::from_secs(10),
        };
    }
}

/// Most often a port is in use.
fn start_failed(error: StartError) -> anyhow::Error {
    match error {
        StartError::Listen { key: "server.listen", .. } => {
            advice::advise(error, "is another `mentor dev` running? Or choose another port: --port 50052")
        }
        StartError::Listen { key: "http.listen", .. } => {
            advice::advise(error, "choose another port: --http-port 8081, or 0 for a free one")
        }
        StartError::Listen { .. } => {
            advice::advise(error, "choose another port: --metrics-port 9465, or 0 for a free one")
        }
        error => advice::start(error),
    }
}
