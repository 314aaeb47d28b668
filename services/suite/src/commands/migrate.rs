//! `mentor migrate`: schemas and queues, before the servers of a new version.

use crate::{advice, help::examples, services, settings::Settings};
use anyhow::Result;
use clap::Args;
use owo_colors::{OwoColorize, Stream::Stdout};

/// Make or update schemas, roles and queues, one service after another; a server takes no call before.
///
/// Uses the owner's connection (migrate.url), which servers never need. Running it again changes nothing. A server of
/// the version before goes on serving meanwhile.
#[derive(Args)]
#[command(after_help = examples(&[
    ("mentor migrate --config mentor.toml", "all services"),
    ("mentor migrate enrollment matching", "two of them, by the settings of the environment"),
]))]
pub(crate) struct Migrate {
    /// The services to bring up to date; all where none is named.
    #[arg(value_name = "SERVICE", value_parser = services::parser())]
    services: Vec<String>,
    #[command(flatten)]
    settings: Settings,
}

pub(crate) async fn run(migrate: Migrate) -> Result<()> {
    let config = migrate.settings.load()?;
    config.check_migrate().map_err(advice::setting)?;
    let reports = runtime::migrate(&config, &services::chosen(&migrate.services)).await.map_err(|error| {
        advice::advise(error, "`mentor doctor` tells what is reachable; migrating again is safe")
    })?;
    for report in reports {
        let applied = match report.applied.as_slice() {
            [] => "up to date".to_owned(),
            applied => format!("applied {}", applied.join(", ")),
        };
        println!("{:<12} {applied}", report.service.if_supports_color(Stdout, |text| text.green()));
    }
    Ok(())
}
