//! Settings: built-in defaults, then a file, then the environment. `config.defaults.toml` documents each.

mod check;
mod layers;
mod secret;
mod sections;
mod typed;

pub use layers::{ConfigError, Sources};
pub use secret::Secret;
pub use sections::{
    BrokerKind, CacheKind, CacheSection, DatabaseSection, DevIdentity, HttpSection, IdentitySection,
    LimitsSection, LogFormat, MessagingSection, MigrateSection, RetentionSection, ServerSection,
    ShutdownSection, TelemetrySection,
};

use layers::Layers;
use std::{collections::BTreeMap, fmt};

/// The built-in defaults, commented: what `config defaults` prints.
pub const DEFAULTS: &str = include_str!("../../config.defaults.toml");

/// Every setting, typed and checked. `Debug` shows what [`Config::describe`] shows.
#[derive(Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where gRPC is served.
    pub server: ServerSection,
    /// Where HTTP is served, by services that do.
    pub http: HttpSection,
    /// The services' connections.
    pub database: DatabaseSection,
    /// The owner's connection.
    pub migrate: MigrateSection,
    /// The broker.
    pub messaging: MessagingSection,
    /// The cache.
    pub cache: CacheSection,
    /// Who may sign tokens.
    pub identity: IdentitySection,
    /// Logs, traces, metrics.
    pub telemetry: TelemetrySection,
    /// What one process takes on.
    pub limits: LimitsSection,
    /// How long the house's own rows are kept.
    pub retention: RetentionSection,
    /// How it ends.
    pub shutdown: ShutdownSection,
    /// What single services add.
    #[serde(default)]
    pub services: BTreeMap<String, toml::Table>,
    #[serde(skip)]
    effective: Layers,
}

impl Config {
    /// Reads all layers, refuses unknown keys and contradictions, and reads the secrets' files.
    ///
    /// # Errors
    /// Names the setting, where it came from, and what would be right.
    pub fn load(sources: &Sources) -> Result<Config, ConfigError> {
        let layers = Layers::read(sources)?;
        let mut config: Config = typed::read(layers.table().clone(), &layers)?;
        config.effective = layers;
        secret::read_files(&mut config)?;
        check::fields(&config)?;
        Ok(config)
    }

    /// The built-in defaults alone: a base for tests and for the embedded suite, to be changed in code.
    ///
    /// # Errors
    /// Never, unless the built-in file is broken.
    pub fn defaults() -> Result<Config, ConfigError> {
        Config::load(&Sources::none())
    }

    /// Checks that `serve` has all it needs.
    ///
    /// # Errors
    /// Names every setting that is missing and what to do.
    pub fn check_serve(&self) -> Result<(), ConfigError> {
        check::serve(self)
    }

    /// Checks that `migrate` has all it needs.
    ///
    /// # Errors
    /// Names every setting that is missing and what to do.
    pub fn check_migrate(&self) -> Result<(), ConfigError> {
        check::migrate(self)
    }

    /// The settings in force as TOML, each with the layer it came from. Secrets are never in it.
    pub fn describe(&self) -> String {
        self.effective.describe()
    }

    /// The free section of a service.
    pub fn service(&self, name: &str) -> toml::Table {
        self.services.get(name).cloned().unwrap_or_default()
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.describe())
    }
}

/// Reads a service's free section into its own type; unknown keys are refused with their path.
///
/// # Errors
/// Names the key under `services.<name>`.
pub fn read_section<T: serde::de::DeserializeOwned>(
    service: &str,
    table: toml::Table,
) -> Result<T, ConfigError> {
    typed::section(service, table)
}
