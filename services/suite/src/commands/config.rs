//! `mentor config`: the settings in force, or the defaults with their documentation.

use crate::help::examples;
use crate::settings::Settings;
use anyhow::Result;
use clap::Args;
use runtime::config::DEFAULTS;

/// Print the settings in force and where each came from, or all defaults with their documentation.
///
/// Secrets stay hidden. A later layer wins: built-in defaults, the file, the environment.
#[derive(Args)]
#[command(after_help = examples(&[
    ("mentor config --defaults > mentor.toml", "begin a file of your own with every setting documented"),
    ("MENTOR__SERVER__LISTEN=0.0.0.0:50051 mentor config", "check what a variable changes"),
]))]
pub(crate) struct Show {
    /// Print the built-in defaults with their comments instead.
    #[arg(long)]
    defaults: bool,
    #[command(flatten)]
    settings: Settings,
}

pub(crate) fn run(show: Show) -> Result<()> {
    if show.defaults {
        print!("{DEFAULTS}");
    } else {
        print!("{}", show.settings.load()?.describe());
    }
    Ok(())
}
