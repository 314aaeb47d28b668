//! Texts that are never printed.

use super::{Config, ConfigError};
use secrecy::{ExposeSecret, SecretString};
use std::fmt;

/// A secret, or none. Neither `Debug` nor [`Config::describe`] shows it.
#[derive(Clone, Default)]
pub struct Secret(Option<SecretString>);

impl Secret {
    /// Wraps a text; an empty one is no secret.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Secret((!text.is_empty()).then(|| SecretString::from(text)))
    }

    /// Whether there is one.
    pub fn is_set(&self) -> bool {
        self.0.is_some()
    }

    /// The text, for the connection that needs it; empty when there is none.
    pub fn expose(&self) -> &str {
        self.0.as_ref().map(ExposeSecret::expose_secret).unwrap_or_default()
    }

    /// The wrapped text, for a library that keeps it wrapped.
    pub fn wrapped(&self) -> Option<SecretString> {
        self.0.clone()
    }

    /// A URL with this password beside its user; as it is when there is none. `redis://host` has no user, and takes the
    /// password as the default user's.
    pub fn in_url(&self, url: &Secret) -> SecretString {
        let text = url.expose();
        let Some((scheme, rest)) = text.split_once("://").filter(|_| self.is_set()) else {
            return SecretString::from(text);
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        let user = user.split(':').next().unwrap_or_default();
        SecretString::from(format!("{scheme}://{user}:{}@{host}{path}", percent_encoded(self.expose())))
    }
}

fn percent_encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let encode = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(encode).collect()
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_set() { "[hidden]" } else { "[not set]" })
    }
}

impl<'de> serde::Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(Secret::new)
    }
}

/// Replaces each secret by the content of its `_file`, where one is named.
pub(super) fn read_files(config: &mut Config) -> Result<(), ConfigError> {
    let Config { database, migrate, messaging, cache, .. } = config;
    read("database.url", &mut database.url, &database.url_file)?;
    read("database.direct_url", &mut database.direct_url, &database.direct_url_file)?;
    read("database.password", &mut database.password, &database.password_file)?;
    read("migrate.url", &mut migrate.url, &migrate.url_file)?;
    read("migrate.password", &mut migrate.password, &migrate.password_file)?;
    read("messaging.url", &mut messaging.url, &messaging.url_file)?;
    read("messaging.password", &mut messaging.password, &messaging.password_file)?;
    read("cache.url", &mut cache.url, &cache.url_file)?;
    read("cache.password", &mut cache.password, &cache.password_file)
}

fn read(key: &str, value: &mut Secret, file: &str) -> Result<(), ConfigError> {
    if file.is_empty() {
        return Ok(());
    }
    if value.is_set() {
        return Err(ConfigError::at(key, format!("and {key}_file are both set; keep one of them")));
    }
    let text = std::fs::read_to_string(file).map_err(|error| {
        ConfigError::at(&format!("{key}_file"), format!("names {file}, which cannot be read: {error}"))
    })?;
    *value = Secret::new(text.trim_end_matches(['\r', '\n']));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_goes_beside_the_user_and_is_encoded() {
        let joined = |url: &str, password: &str| {
            Secret::new(password).in_url(&Secret::new(url)).expose_secret().to_owned()
        };
        assert_eq!(
            joined("postgres://owner@db:5432/mentor?options=a@b", "a/b@c"),
            "postgres://owner:a%2Fb%40c@db:5432/mentor?options=a@b"
        );
        assert_eq!(joined("redis://cache:6379/0", "x"), "redis://:x@cache:6379/0");
        assert_eq!(joined("amqp://u:old@mq/%2f", "new"), "amqp://u:new@mq/%2f");
        assert_eq!(joined("amqp://u:old@mq/%2f", ""), "amqp://u:old@mq/%2f");
    }
}
