//! The layers: merging, and remembering where each value came from.

use super::DEFAULTS;
use std::{collections::BTreeMap, fmt, path::PathBuf};
use toml::{Table, Value};

/// What the environment variables start with.
const PREFIX: &str = "MENTOR__";

/// Where settings are read from, beside the defaults.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// `--config FILE`.
    pub file: Option<PathBuf>,
    /// Environment variables; those that do not start with `MENTOR__` are passed over.
    pub environment: Vec<(String, String)>,
}

impl Sources {
    /// The defaults alone.
    pub fn none() -> Self {
        Sources::default()
    }

    /// A file, if any, and the process's environment.
    pub fn process(file: Option<PathBuf>) -> Self {
        let text = |os: std::ffi::OsString| os.to_string_lossy().into_owned();
        let environment = std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect();
        Sources { file, environment }
    }
}

/// A setting that is wrong.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    pub(crate) fn at(path: &str, what: impl fmt::Display) -> Self {
        ConfigError(format!("setting {path} {what}"))
    }

    pub(super) fn plain(what: impl Into<String>) -> Self {
        ConfigError(what.into())
    }

    /// Several messages in one, a line each.
    pub(super) fn all(errors: Vec<ConfigError>) -> Result<(), Self> {
        if errors.is_empty() {
            return Ok(());
        }
        Err(ConfigError(errors.into_iter().map(|error| error.0).collect::<Vec<_>>().join("\n")))
    }
}

/// The merged table, and per path the layer that won.
#[derive(Clone, Default)]
pub(super) struct Layers {
    table: Table,
    origins: BTreeMap<String, String>,
}

impl Layers {
    pub(super) fn read(sources: &Sources) -> Result<Self, ConfigError> {
        let mut layers =
            Layers { table: parse(DEFAULTS, "the built-in defaults")?, origins: BTreeMap::new() };
        if let Some(path) = &sources.file {
            let name = path.display().to_string();
            let text = std::fs::read_to_string(path).map_err(|error| {
                ConfigError::plain(format!("cannot read the configuration {name}: {error}"))
            })?;
            layers.merge(parse(&text, &name)?, &name);
        }
        for (name, text) in &sources.environment {
            if let Some(key) = name.strip_prefix(PREFIX) {
                layers.set(name, key, text)?;
            }
        }
        Ok(layers)
    }

    pub(super) fn table(&self) -> &Table {
        &self.table
    }

    /// The layer a value came from; `None` for a default.
    pub(super) fn origin(&self, path: &str) -> Option<&str> {
        self.origins.get(path).map(String::as_str)
    }

    fn merge(&mut self, from: Table, origin: &str) {
        merge(&mut self.table, from, "", &mut |path| {
            self.origins.insert(path.to_owned(), origin.to_owned());
        });
    }

    /// One environment variable. Its type follows the default's, so that a password of digits stays a text.
    fn set(&mut self, name: &str, key: &str, text: &str) -> Result<(), ConfigError> {
        let path = key.to_lowercase().replace("__", ".");
        let keys: Vec<&str> = path.split('.').collect();
        let Some((last, parents)) = keys.split_last() else { return Ok(()) };
        let free = matches!(keys.first(), Some(&"services")) || path.starts_with("database.passwords.");
        let mut table = &mut self.table;
        for parent in parents {
            let entry = match table.entry((*parent).to_owned()) {
                toml::map::Entry::Occupied(entry) => entry.into_mut(),
                toml::map::Entry::Vacant(entry) if free => entry.insert(Value::Table(Table::new())),
                toml::map::Entry::Vacant(_) => return Err(unknown(name, &path)),
            };
            table = entry.as_table_mut().ok_or_else(|| unknown(name, &path))?;
        }
        let value = match table.get(*last) {
            Some(default) => like(default, text)
                .ok_or_else(|| ConfigError::at(&path, format!("from {name} must be {}", kind(default))))?,
            None if path.starts_with("services.") => free_value(text),
            None if free => Value::String(text.to_owned()),
            None => return Err(unknown(name, &path)),
        };
        table.insert((*last).to_owned(), value);
        self.origins.insert(path, format!("the environment variable {name}"));
        Ok(())
    }

    pub(super) fn describe(&self) -> String {
        let mut out = String::new();
        self.describe_table(&self.table, "", &mut out);
        out
    }

    /// Plain values before sub-tables, as TOML wants it.
    fn describe_table(&self, table: &Table, path: &str, out: &mut String) {
        use fmt::Write;
        if !path.is_empty() {
            let _ = writeln!(out, "\n[{path}]");
        }
        for (key, value) in table.iter().filter(|(_, value)| !value.is_table()) {
            let full = join(path, key);
            let origin = self.origin(&full).map(|origin| format!("  # from {origin}")).unwrap_or_default();
            let _ = writeln!(out, "{key} = {}{origin}", hide(&full, value));
        }
        for (key, value) in table {
            if let Value::Table(inner) = value {
                self.describe_table(inner, &join(path, key), out);
            }
        }
    }
}

fn parse(text: &str, name: &str) -> Result<Table, ConfigError> {
    text.parse::<Table>().map_err(|error| ConfigError::plain(format!("{name} is not valid TOML: {error}")))
}

fn merge(into: &mut Table, from: Table, path: &str, seen: &mut impl FnMut(&str)) {
    for (key, value) in from {
        let full = join(path, &key);
        match (into.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => merge(below, above, &full, seen),
            (_, value) => {
                seen(&full);
                into.insert(key, value);
            }
        }
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn unknown(name: &str, path: &str) -> ConfigError {
    ConfigError::at(path, format!("from {name} does not exist; `config defaults` lists all settings"))
}

/// A text as a value of the same type as the default.
fn like(default: &Value, text: &str) -> Option<Value> {
    match default {
        Value::String(_) => Some(Value::String(text.to_owned())),
        Value::Integer(_) => text.trim().parse().ok().map(Value::Integer),
        Value::Float(_) => text.trim().parse().ok().map(Value::Float),
        Value::Boolean(_) => text.trim().parse().ok().map(Value::Boolean),
        Value::Array(_) if text.trim_start().starts_with('[') => literal(text).filter(Value::is_array),
        Value::Array(_) => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Some(Value::Array(items.map(|item| Value::String(item.to_owned())).collect()))
        }
        Value::Table(_) => literal(text).filter(Value::is_table),
        Value::Datetime(_) => literal(text).filter(Value::is_datetime),
    }
}

fn kind(default: &Value) -> &'static str {
    match default {
        Value::String(_) => "a text",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Array(_) => "a list: a,b or [\"a\", \"b\"]",
        Value::Table(_) => "a TOML table: { key = \"value\" }",
        Value::Datetime(_) => "a TOML date and time",
    }
}

/// A service's own setting has no default here: TOML if it reads as such, else a text.
fn free_value(text: &str) -> Value {
    literal(text).unwrap_or_else(|| Value::String(text.to_owned()))
}

fn literal(text: &str) -> Option<Value> {
    format!("value = {text}").parse::<Table>().ok()?.remove("value")
}

/// A value as TOML, without what must not be seen: secrets by their path, passwords inside URLs.
fn hide(path: &str, value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(_) if is_secret(path) => "\"[hidden]\"".to_owned(),
        Value::String(text) => Value::String(hide_in_url(text)).to_string(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| hide(path, item)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Table(table) => {
            let pairs: Vec<String> = table
                .iter()
                .map(|(key, value)| format!("{key} = {}", hide(&join(path, key), value)))
                .collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        _ if is_secret(path) => "\"[hidden]\"".to_owned(),
        other => other.to_string(),
    }
}

/// By a word anywhere in the path, so that all of `database.passwords` is hidden.
fn is_secret(path: &str) -> bool {
    let words = ["password", "secret", "token", "credential", "private_key", "api_key"];
    !path.ends_with("_file") && words.iter().any(|word| path.contains(word))
}

/// `scheme://user:password@host?password=x` without the passwords.
fn hide_in_url(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let (rest, query) = match rest.split_once('?') {
        Some((rest, _)) => (rest, "?[hidden]"),
        None => (rest, ""),
    };
    let rest = match rest.rsplit_once('@') {
        Some((user, host)) => {
            let name = user.split(':').next().unwrap_or_default();
            if user.contains(':') { format!("{name}:[hidden]@{host}") } else { format!("{name}@{host}") }
        }
        None => rest.to_owned(),
    };
    format!("{scheme}://{rest}{query}")
}
