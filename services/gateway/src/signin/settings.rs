//! The settings of signing in, section `[services.gateway.sign_in]`.

use super::Terms;
use crate::{
    Gateway,
    config::MovedToKeysFile,
    outgoing::{Guard, Network},
    providers::provider::Bounds,
    sessions::Limits,
};
use jiff::SignedDuration;
use kernel::{Error, Result};
use serde::Deserialize;

/// What operations can set.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// Stood here before.
    pub(super) keys_file: MovedToKeysFile,
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
    /// Networks where identity providers may be though they are not public, such as `10.1.0.0/16`.
    pub(crate) allowed_networks: Vec<Network>,
    /// Identity providers may be on this machine, without TLS: for development.
    pub(crate) local_providers: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            keys_file: MovedToKeysFile,
            token_issuer: String::new(),
            token_audience: "mentor".to_owned(),
            token_seconds: 300,
            idle_minutes: 60,
            session_hours: 12,
            logins_per_minute: 600,
            client_address_header: String::new(),
            provider_hosts: Vec::new(),
            allowed_networks: Vec::new(),
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

    /// What issuers of identity providers may be.
    pub(crate) fn bounds(&self) -> Bounds<'_> {
        Bounds { guard: self.guard(), hosts: &self.provider_hosts, local: self.local_providers }
    }

    /// Which addresses may be called to ask them.
    pub(crate) fn guard(&self) -> Guard {
        let guard = Guard::new(&self.allowed_networks, "services.gateway.sign_in.allowed_networks");
        if self.local_providers { guard.with_this_machine() } else { guard }
    }
}

/// What the settings come to.
impl Gateway {
    /// How long sessions last.
    pub(crate) fn limits(&self) -> Limits {
        let settings = &self.settings.sign_in;
        Limits {
            idle: SignedDuration::from_mins(i64::from(settings.idle_minutes)),
            whole: SignedDuration::from_hours(i64::from(settings.session_hours)),
        }
    }

    /// Whether browsers reach the suite by TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.settings.public_url.starts_with("https://")
    }

    /// Signing in needs an address that identity providers can send people back to.
    ///
    /// # Errors
    /// `SIGN_IN_OFF`, naming the setting.
    pub(crate) fn must_have_address(&self) -> Result<()> {
        let url = &self.settings.public_url;
        let host = url.strip_prefix("http://").and_then(|rest| rest.split(['/', ':']).next());
        if self.is_secure() || matches!(host, Some("localhost" | "127.0.0.1")) {
            return Ok(());
        }
        let message =
            "signing in is not set up: set services.gateway.public_url to the https address of the suite";
        Err(Error::precondition("SIGN_IN_OFF", message))
    }

    /// `iss` of the suite's own tokens.
    ///
    /// # Errors
    /// `SIGN_IN_OFF`, naming the setting.
    pub(crate) fn token_issuer(&self) -> Result<&str> {
        let crate::config::Settings { public_url, sign_in, .. } = self.settings.as_ref();
        match (sign_in.token_issuer.as_str(), public_url.as_str()) {
            ("", "") => {
                let message = "the suite issues no tokens here: set services.gateway.public_url, or sign_in.token_issuer";
                Err(Error::precondition("SIGN_IN_OFF", message))
            }
            ("", url) => Ok(url.trim_end_matches('/')),
            (issuer, _) => Ok(issuer),
        }
    }

    /// What the suite's own tokens say of themselves.
    ///
    /// # Errors
    /// As [`Gateway::token_issuer`].
    pub(crate) fn terms(&self) -> Result<Terms<'_>> {
        let sign_in = &self.settings.sign_in;
        let (issuer, seconds) = (self.token_issuer()?, i64::from(sign_in.token_seconds));
        Ok(Terms { issuer, audience: &sign_in.token_audience, seconds })
    }
}
