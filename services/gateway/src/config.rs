//! The service's own settings, section `[services.gateway]`.

use crate::sync::settings::SyncSettings;
use serde::{Deserialize, Deserializer, de::Error};
use std::path::PathBuf;

/// What operations can set.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// The address by which clients reach the gateway, such as `https://mentor.example.com`; from the request when
    /// empty.
    pub(crate) public_url: String,
    /// A file of secret keys, one a line, each 32 random bytes or more in base64 (`openssl rand -base64 32`). The first
    /// signs and seals; the others are still published and opened. Empty: keys of this process, gone with it.
    pub(crate) keys_file: PathBuf,
    /// Whether a file of keys that is not there is made: for one process alone.
    pub(crate) generate_keys: bool,
    /// The most bytes of one resource.
    pub(crate) max_resource_bytes: usize,
    /// The most bytes of one bulk request.
    pub(crate) max_bulk_bytes: usize,
    /// The most operations of one bulk request.
    pub(crate) max_bulk_operations: usize,
    /// The most resources of one page.
    pub(crate) max_page: i64,
    /// Requests a second that one tenant may sustain; 0 for no limit.
    pub(crate) requests_per_second: u32,
    /// Requests that one tenant may send at once after a pause.
    pub(crate) burst: u32,
    /// Seconds that a client may take to send a body.
    pub(crate) body_seconds: u64,
    /// Days that a deleted resource is kept before it is erased.
    pub(crate) deleted_days: u32,
    /// Of the JSON API.
    pub(crate) api: crate::api::Settings,
    /// Webhooks.
    pub(crate) webhooks: crate::webhooks::Settings,
    /// Signing in.
    pub(crate) sign_in: crate::signin::Settings,
    /// Sources of people and their runs.
    pub(crate) sync: SyncSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            public_url: String::new(),
            keys_file: PathBuf::new(),
            generate_keys: false,
            max_resource_bytes: 1 << 20,
            max_bulk_bytes: 8 << 20,
            max_bulk_operations: 1_000,
            max_page: 1_000,
            requests_per_second: 100,
            burst: 300,
            body_seconds: 20,
            deleted_days: 30,
            api: crate::api::Settings::default(),
            webhooks: crate::webhooks::Settings::default(),
            sign_in: crate::signin::Settings::default(),
            sync: SyncSettings::default(),
        }
    }
}

/// A setting that stood elsewhere before; whoever sets it there is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct MovedToKeysFile;

impl<'de> Deserialize<'de> for MovedToKeysFile {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(D::Error::custom(
            "is now services.gateway.keys_file (and generate_keys): one file signs and seals; move the lines there",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_keys_stood_before_is_refused_with_where_they_stand_now() {
        for text in
            ["[sign_in]\nkeys_file = '/x'", "[webhooks]\nkey_file = '/x'", "[webhooks]\ngenerate_key = true"]
        {
            let refused = toml::from_str::<Settings>(text).expect_err(text).to_string();
            assert!(refused.contains("is now services.gateway.keys_file"), "{refused}");
        }
        let settings: Settings = toml::from_str("keys_file = '/x'\ngenerate_keys = true").expect("sound");
        assert!(settings.keys_file.to_str() == Some("/x") && settings.generate_keys);
    }
}
