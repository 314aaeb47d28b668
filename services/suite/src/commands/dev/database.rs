//! Where `mentor dev` keeps its data: a private Postgres in a folder, or a server that the environment names.

use crate::{advice, embedded};
use anyhow::{Context, Result};
use runtime::{
    Config,
    config::{BrokerKind, CacheKind},
    embedded::{Durability, Postgres, RunAs, reachable},
};
use std::{
    env, fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

/// Where root's data goes when Postgres, who is somebody else, can't enter root's own folder.
const OF_ROOT: &str = "/var/lib/mentor/dev";

/// The folder, and a server of somebody else's if there is one.
pub(super) struct Place {
    folder: PathBuf,
    given: Option<Config>,
}

impl Place {
    /// By the option, else in the user's data folder.
    pub(super) fn find(folder: Option<&Path>) -> Result<Self> {
        let given = runtime::load(None).map_err(advice::setting)?;
        let folder = match folder {
            Some(folder) => std::path::absolute(folder).context("the folder's path")?,
            None => default_folder()?,
        };
        Ok(Place { folder, given: given.database.url.is_set().then_some(given) })
    }

    /// Where files of this suite are kept.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What to call it.
    pub(super) fn name(&self) -> String {
        match &self.given {
            Some(_) => "the database of MENTOR__DATABASE__URL".to_owned(),
            None => self.folder.display().to_string(),
        }
    }

    /// Starts the private Postgres, or takes the server of MENTOR__DATABASE__URL, and brings it up to date.
    pub(super) async fn prepare(&self) -> Result<(Option<Postgres>, Config)> {
        if let Some(given) = &self.given {
            let mut config = given.clone();
            // What the environment does not name is in the process.
            if !config.messaging.url.is_set() {
                config.messaging.broker = BrokerKind::InProcess;
            }
            if !config.cache.url.is_set() {
                config.cache.kind = CacheKind::InProcess;
            }
            config.identity.dev.enabled = true;
            config.check_migrate().map_err(advice::setting)?;
            runtime::migrate(&config, &embedded::services())
                .await
                .context("bringing the database up to date")?;
            return Ok((None, config));
        }
        let (postgres, config) =
            embedded::prepare(&self.folder, Durability::Durable).await.map_err(|error| {
                advice::advise(
                    format!("{error:#}"),
                    "`mentor doctor` checks the set-up; another folder: --data DIR",
                )
            })?;
        Ok((Some(postgres), config))
    }

    /// Writes the settings with which other commands reach this suite: `mentor events --config …`. The password stays
    /// where it is; only its place is named.
    pub(super) fn write_settings(
        &self,
        listen: SocketAddr,
        postgres: Option<&Postgres>,
    ) -> Result<Option<PathBuf>> {
        let Some(postgres) = postgres else { return Ok(None) };
        let (host, owner) = (postgres.host_url("postgres"), postgres.url());
        let password = postgres.data_directory().join("mentor.password");
        let password = toml::Value::String(password.display().to_string());
        let text = format!(
            "# Written by `mentor dev` at every start, for the other commands: mentor doctor --config THIS_FILE\n\
             [server]\nlisten = \"{listen}\"\n\n\
             [database]\nurl = \"{host}\"\npassword_file = {password}\n\n\
             [migrate]\nurl = \"{owner}\"\npassword_file = {password}\n\n\
             [messaging]\nbroker = \"in-process\"\n\n[cache]\nkind = \"in-process\"\n\n\
             [identity.dev]\nenabled = true\n"
        );
        let path = self.folder.join("mentor.toml");
        fs::write(&path, text).with_context(|| format!("can't write {}", path.display()))?;
        Ok(Some(path))
    }
}

fn default_folder() -> Result<PathBuf> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let local = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/share" };
    let data = set("XDG_DATA_HOME").or_else(|| set("HOME").map(|home| home.join(local)));
    let run_as = RunAs::current()?;
    let own = data.map(|data| data.join("mentor/dev")).filter(|own| reachable(own, &run_as).is_ok());
    match own {
        Some(own) => Ok(own),
        None if run_as != RunAs::Myself => Ok(PathBuf::from(OF_ROOT)),
        None => {
            Err(advice::advise("there is no home directory to keep the data in", "name a folder: --data DIR"))
        }
    }
}
