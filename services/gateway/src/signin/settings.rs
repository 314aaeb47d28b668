//! The settings of signing in, section `[services.gateway.sign_in]`.

use kernel::{Error, Result};
use serde::Deserialize;

/// What operations can set.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// A file of secret keys, one a line, each 32 random bytes or more in base64 (`openssl rand -base64 32`). The first
    /// signs and seals; the others are still published and opened. Empty: keys of this process, gone with it.
    pub(crate) keys_file: String,
    /// `iss` of the tokens that the suite issues; `public_url` when empty.
    pub(crate) token_issuer: String,
    /// `aud` of those tokens: what services expect of this issuer.
    pub(crate) token_audience: String,
    /// How long such a token is good, 60 to 300 seconds.
    pub(crate) token_seconds: u32,
    /// Minutes without use after which a session is over.
    pub(crate) idle_minutes: u32,
    /// Hours after which a session is over, however much it is used.
    pub(crate) session_hours: u32,
    /// Sign-ins that may begin in a minute, at one identity provider and from one address, where those are known.
    pub(crate) logins_per_minute: u32,
    /// The header in which a proxy of ours says where a request comes from, such as `x-forwarded-for`; its last entry
    /// counts. Empty: addresses are not known.
    pub(crate) client_address_header: String,
    /// The hosts that identity providers may have; empty for any.
    pub(crate) provider_hosts: Vec<String>,
    /// Identity providers may be on this machine, without TLS: for development.
    pub(crate) local_providers: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            keys_file: String::new(),
            token_issuer: String::new(),
            token_audience: "mentor".to_owned(),
            token_seconds: 300,
            idle_minutes: 60,
            session_hours: 12,
            logins_per_minute: 600,
            client_address_header: String::new(),
            provider_hosts: Vec::new(),
            local_providers: false,
        }
    }
}

impl Settings {
    /// What must hold.
    ///
    /// # Errors
    /// Names the setting.
    pub(crate) fn check(&self) -> Result<()> {
        let wrong = |name: &str, what: &str| {
            Err(Error::field(format!("services.gateway.sign_in.{name}"), what.to_owned()))
        };
        if !(60..=300).contains(&self.token_seconds) {
            return wrong("token_seconds", "must lie between 60 and 300");
        }
        if self.idle_minutes == 0 || self.session_hours == 0 {
            return wrong("idle_minutes", "and session_hours must be at least 1");
        }
        if self.logins_per_minute == 0 {
            return wrong("logins_per_minute", "must be at least 1");
        }
        if self.token_audience.is_empty() {
            return wrong("token_audience", "must be what services expect as `aud`");
        }
        Ok(())
    }
}
