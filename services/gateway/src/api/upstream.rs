//! The services that calls go to: one balanced, retrying channel each.

use super::settings::Settings;
use grpc::{Channel, Client};
use kernel::{Error, ErrorKind, Result};
use runtime::Here;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use std::{collections::HashMap, fs, time::Duration};

/// What every process serves for the services that it runs.
const COMMON: &str = "common";
/// Which service's own part the caller wants of that.
pub(crate) const SERVICE: &str = "x-mentor-service";
/// How long a unary call may take; the services' own limit is the same.
const DEADLINE: Duration = Duration::from_secs(30);

/// Channels by service.
pub(crate) struct Upstreams {
    channels: HashMap<String, Channel>,
}

impl Upstreams {
    /// The services with an address, and those of this process.
    ///
    /// # Errors
    /// `FIELD_INVALID`, naming the setting.
    pub(crate) fn connect(settings: &Settings, here: &Here) -> Result<Self> {
        let files = Files::read(settings)?;
        let mut channels = HashMap::new();
        for (service, url) in &settings.upstreams {
            let key = format!("services.gateway.api.upstreams.{service}");
            let wrong =
                |what: &str| Error::field(key.clone(), format!("{what}, such as http://{service}:50051"));
            if !url.starts_with("http://") && !url.starts_with("https://") {
                return Err(wrong("must be a URL"));
            }
            let client = Client::builder(url).map_err(|_| wrong("must be a URL with a host"))?;
            let client = files.give(client).named(key.clone()).deadline(DEADLINE);
            channels.insert(service.clone(), client.build()?);
        }
        if let Some(own) = here.grpc {
            let channel = Client::of(vec![own])?.deadline(DEADLINE).build()?;
            for service in here.services.iter().copied().chain([COMMON]) {
                channels.entry(service.to_owned()).or_insert_with(|| channel.clone());
            }
        }
        Ok(Upstreams { channels })
    }

    /// The channel to the service that serves an RPC; of what every process serves, that of the service which was
    /// asked for.
    ///
    /// # Errors
    /// `DEPENDENCY_UNAVAILABLE` when nobody said where it is; `FIELD_INVALID` for a service that there is not.
    pub(crate) fn of(&self, owner: &str, asked: Option<&str>) -> Result<&Channel> {
        if let (COMMON, Some(asked)) = (owner, asked) {
            return self.channels.get(asked).ok_or_else(|| {
                let mut known: Vec<&str> =
                    self.channels.keys().map(String::as_str).filter(|name| *name != COMMON).collect();
                known.sort_unstable();
                Error::field(SERVICE, format!("must be one of {}", known.join(", ")))
            });
        }
        self.channels.get(owner).ok_or_else(|| {
            let message = format!(
                "the gateway does not know where the service {owner} is; set services.gateway.api.upstreams.{owner}"
            );
            Error::new(ErrorKind::Unavailable, "DEPENDENCY_UNAVAILABLE", message)
        })
    }
}

/// What TLS needs.
struct Files {
    authority: Option<Vec<u8>>,
    own: Option<(Vec<u8>, Vec<u8>)>,
}

impl Files {
    fn read(settings: &Settings) -> Result<Self> {
        let own = match (
            file("certificate_file", &settings.certificate_file, has_certificates, "certificate")?,
            file("key_file", &settings.key_file, has_key, "private key")?,
        ) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            _ => {
                let what = "needs certificate_file and key_file, or neither";
                return Err(Error::field("services.gateway.api.key_file", what));
            }
        };
        Ok(Files { authority: file("ca_file", &settings.ca_file, has_certificates, "certificate")?, own })
    }

    fn give(&self, client: Client) -> Client {
        let client = match &self.authority {
            Some(pem) => client.certificate_authority(pem.clone()),
            None => client,
        };
        match &self.own {
            Some((certificate, key)) => client.certificate(certificate.clone(), key.clone()),
            None => client,
        }
    }
}

/// The file that a setting names, if it names one.
fn file(key: &str, path: &str, is_right: fn(&[u8]) -> bool, what: &str) -> Result<Option<Vec<u8>>> {
    if path.is_empty() {
        return Ok(None);
    }
    let wrong = |what: &str| {
        Error::field(format!("services.gateway.api.{key}"), format!("names {path}, which {what}"))
    };
    let pem = fs::read(path).map_err(|error| wrong(&format!("can't be read: {error}")))?;
    if is_right(&pem) { Ok(Some(pem)) } else { Err(wrong(&format!("holds no {what} in PEM"))) }
}

fn has_certificates(pem: &[u8]) -> bool {
    let mut found = CertificateDer::pem_slice_iter(pem).peekable();
    found.peek().is_some() && found.all(|certificate| certificate.is_ok())
}

fn has_key(pem: &[u8]) -> bool {
    PrivateKeyDer::from_pem_slice(pem).is_ok()
}
