//! Domain: where webhooks may be. Pure.

use super::Settings;
use crate::outgoing::{Guard, Refused};
use kernel::{Error, ErrorKind, Result};
use reqwest::Url;

/// What may be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Targets {
    guard: Guard,
    ports: Vec<u16>,
}

impl Targets {
    pub(crate) fn new(settings: &Settings) -> Targets {
        Targets { guard: settings.guard(), ports: settings.ports.clone() }
    }

    /// Reads the address that somebody wants to be called at. A name is looked up only when it is called, each time.
    ///
    /// # Errors
    /// `WEBHOOK_TARGET_REFUSED` naming the field `url`.
    pub(crate) fn read(&self, url: &str) -> Result<Url> {
        self.target(url).map_err(|Refused(why)| {
            let mut error = Error::field("url", why);
            (error.kind, error.reason) = (ErrorKind::InvalidArgument, "WEBHOOK_TARGET_REFUSED");
            error
        })
    }

    /// The same, for what was read before: settings may have changed since.
    pub(crate) fn target(&self, url: &str) -> Result<Url, Refused> {
        let refuse = |why: &str| Err(Refused(why.to_owned()));
        let Ok(url) = Url::parse(url) else {
            return refuse("must be a URL such as https://example.com/hook");
        };
        if url.scheme() != "https" && (url.scheme() != "http" || !self.guard.allows_some()) {
            return refuse("must be an https URL");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("must not hold a user or a password; messages are signed instead");
        }
        if url.fragment().is_some() {
            return refuse("must not hold a fragment, which is never sent");
        }
        let port = url.port_or_known_default().unwrap_or_default();
        if !self.ports.is_empty() && !self.ports.contains(&port) {
            let ports: Vec<String> = self.ports.iter().map(u16::to_string).collect();
            return refuse(&format!("port {port} may not be called, only {}", ports.join(", ")));
        }
        if url.host_str().unwrap_or_default().is_empty() {
            return refuse("must name a host");
        }
        self.guard.url(&url)?;
        Ok(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(allowed: &[&str], ports: &[u16]) -> Targets {
        let network = |text: &&str| serde_json::from_value((*text).into()).expect("a network");
        let allowed_networks = allowed.iter().map(network).collect();
        Targets::new(&Settings { allowed_networks, ports: ports.to_vec(), ..Settings::default() })
    }

    #[test]
    fn schemes_ports_credentials_and_addresses_are_checked() {
        let strict = targets(&[], &[443]);
        for url in [
            "",
            "example.com",
            "ftp://example.com",
            "file:///etc/passwd",
            "http://example.com/",
            "https://example.com:22/",
            "https://u@example.com/",
            "https://u:p@example.com/",
            "https://example.com/#f",
            "https://127.0.0.1/",
            "https://0x7f.1/",
            "https://[::ffff:a9fe:a9fe]/",
            "javascript:1",
        ] {
            let error = strict.read(url).expect_err(url);
            assert_eq!((error.reason, error.violations[0].field.as_str()), ("WEBHOOK_TARGET_REFUSED", "url"));
        }
        assert!(strict.read("https://example.com/").is_ok());
    }

    #[test]
    fn allowed_networks_may_be_called_without_tls() {
        let targets = targets(&["127.0.0.0/8"], &[]);
        assert!(targets.target("http://127.0.0.1:8080/").is_ok());
        assert!(targets.target("http://93.184.215.14/").is_err());
        assert!(targets.target("http://example.com/").is_ok(), "checked when it is looked up");
    }
}
