//! From a table to types, with the path of what is wrong.

use super::{ConfigError, layers::Layers};
use serde::de::DeserializeOwned;

pub(super) fn read<T: DeserializeOwned>(table: toml::Table, layers: &Layers) -> Result<T, ConfigError> {
    serde_path_to_error::deserialize(toml::Value::Table(table)).map_err(|error| {
        let path = error.path().to_string();
        let origin = layers.origin(&path).map(|origin| format!(" (from {origin})")).unwrap_or_default();
        ConfigError::at(&path, format!("{}{origin}", plain(error.inner())))
    })
}

pub(super) fn section<T: DeserializeOwned>(service: &str, table: toml::Table) -> Result<T, ConfigError> {
    serde_path_to_error::deserialize(toml::Value::Table(table)).map_err(|error| {
        ConfigError::at(&format!("services.{service}.{}", error.path()), plain(error.inner()))
    })
}

/// The message alone: the TOML reader appends lines about where it was.
fn plain(error: &toml::de::Error) -> String {
    error.message().to_owned()
}
