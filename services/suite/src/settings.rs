//! The settings that commands share.

use crate::advice;
use clap::Args;
use runtime::Config;
use std::path::PathBuf;

/// Where settings come from.
#[derive(Args)]
pub(crate) struct Settings {
    /// A TOML file with what differs from the defaults. Environment variables such as
    /// MENTOR__DATABASE__URL win over it.
    #[arg(long, global = true, value_name = "FILE", env = "MENTOR_CONFIG", help_heading = "Settings")]
    config: Option<PathBuf>,
}

impl Settings {
    /// Reads them: defaults, the file, the environment.
    pub(crate) fn load(&self) -> anyhow::Result<Config> {
        runtime::load(self.config.clone()).map_err(advice::setting)
    }

    /// The file, if one was named.
    pub(crate) fn file(&self) -> Option<&PathBuf> {
        self.config.as_ref()
    }
}
