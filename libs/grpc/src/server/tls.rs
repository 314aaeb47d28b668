//! TLS whose certificates may be renewed while it serves.
//!
//! The files are looked at when a client connects, at most once a second, and read again when their content has changed.
//! What can't be used is refused with a line in the log, and the certificate before it stays. Connections that are open
//! keep theirs until `max_connection_seconds` sends them away.

use super::TlsSettings;
use futures::{Stream, StreamExt};
use kernel::{Error, Result};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};
use std::{
    fs, io,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{net::TcpStream, time::Instant};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// The files are looked at this often at most.
const LOOK: Duration = Duration::from_secs(1);
/// A client has this long for its handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Handshakes under way at once; those beyond wait to be accepted.
const HANDSHAKES: usize = 1024;

/// The certificates in use.
pub(crate) struct Tls {
    settings: TlsSettings,
    current: Mutex<Current>,
}

struct Current {
    config: Arc<ServerConfig>,
    files: Files,
    looked: Instant,
}

/// What the files hold.
#[derive(Clone, PartialEq, Eq)]
struct Files {
    certificate: Vec<u8>,
    key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
}

impl Tls {
    /// Reads the files for the first time.
    ///
    /// # Errors
    /// A field violation that names the setting, its file, and what is wrong with it.
    pub(crate) fn read(settings: TlsSettings) -> Result<Self> {
        let files = Files::read(&settings)?;
        let config = files.config(&settings)?;
        let current = Current { config: Arc::new(config), files, looked: Instant::now() };
        Ok(Tls { settings, current: Mutex::new(current) })
    }

    /// Turns connections into TLS connections. A handshake that fails is the client's affair.
    pub(crate) fn accept(
        self,
        incoming: impl Stream<Item = io::Result<TcpStream>> + Send,
    ) -> impl Stream<Item = io::Result<TlsStream<TcpStream>>> + Send {
        let tls = Arc::new(self);
        let handshakes = incoming.map(move |connection| {
            let tls = Arc::clone(&tls);
            async move {
                match connection {
                    Ok(connection) => tls.handshake(connection).await.map(Ok),
                    Err(error) => Some(Err(error)),
                }
            }
        });
        handshakes.buffer_unordered(HANDSHAKES).filter_map(std::future::ready)
    }

    async fn handshake(&self, connection: TcpStream) -> Option<TlsStream<TcpStream>> {
        let accepting = TlsAcceptor::from(self.current()).accept(connection);
        match tokio::time::timeout(HANDSHAKE, accepting).await {
            Ok(Ok(stream)) => Some(stream),
            Ok(Err(error)) => {
                tracing::debug!(error = %error, "a TLS handshake failed");
                None
            }
            Err(_) => {
                tracing::debug!("a TLS handshake took too long");
                None
            }
        }
    }

    /// The configuration of now.
    fn current(&self) -> Arc<ServerConfig> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.looked.elapsed() >= LOOK {
            current.looked = Instant::now();
            self.look(&mut current);
        }
        Arc::clone(&current.config)
    }

    fn look(&self, current: &mut Current) {
        // Files may be gone for a moment while they are replaced; then the next look finds them.
        let Ok(files) = Files::read(&self.settings) else { return };
        if files == current.files {
            return;
        }
        let outcome = match files.config(&self.settings) {
            Ok(config) => {
                current.config = Arc::new(config);
                tracing::info!("the TLS certificate was renewed");
                "ok"
            }
            Err(error) => {
                tracing::error!(error = %error, "the new TLS certificate can't be used; the one before it stays");
                "failed"
            }
        };
        current.files = files;
        metrics::counter!("mentor_tls_reloads_total", "outcome" => outcome).increment(1);
    }
}

impl Files {
    fn read(settings: &TlsSettings) -> Result<Self> {
        let client_ca = settings.client_ca_file.as_deref();
        Ok(Files {
            certificate: read("certificate_file", &settings.certificate_file)?,
            key: read("key_file", &settings.key_file)?,
            client_ca: client_ca.map(|path| read("client_ca_file", path)).transpose()?,
        })
    }

    fn config(&self, settings: &TlsSettings) -> Result<ServerConfig> {
        let provider = Arc::new(ring::default_provider());
        let wrong = |field, path: &Path, what: &dyn std::fmt::Display| {
            Error::field(field, format!("names {}, {what}", path.display()))
        };
        let chain = certificates("certificate_file", &settings.certificate_file, &self.certificate)?;
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(|error| {
            wrong("key_file", &settings.key_file, &format!("which holds no private key in PEM: {error}"))
        })?;
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(Error::internal)?;
        let builder = match (&self.client_ca, &settings.client_ca_file) {
            (Some(pem), Some(path)) => builder.with_client_cert_verifier(verifier(path, pem, &provider)?),
            _ => builder.with_no_client_auth(),
        };
        let mut config = builder.with_single_cert(chain, key).map_err(|error| {
            wrong(
                "certificate_file",
                &settings.certificate_file,
                &format!("which can't be used with {}: {error}", settings.key_file.display()),
            )
        })?;
        // gRPC-Web may come by HTTP/1.1.
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// Only clients with a certificate of these authorities.
fn verifier(
    path: &Path,
    pem: &[u8],
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn rustls::server::danger::ClientCertVerifier>> {
    let wrong = |error: &dyn std::fmt::Display| {
        Error::field("client_ca_file", format!("names {}, which can't be used: {error}", path.display()))
    };
    let mut roots = RootCertStore::empty();
    for certificate in certificates("client_ca_file", path, pem)? {
        roots.add(certificate).map_err(|error| wrong(&error))?;
    }
    let builder = WebPkiClientVerifier::builder_with_provider(roots.into(), Arc::clone(provider));
    builder.build().map_err(|error| wrong(&error))
}

fn read(field: &'static str, path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| {
        Error::field(field, format!("names {}, which can't be read: {error}", path.display()))
    })
}

fn certificates(field: &'static str, path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|error| {
        Error::field(field, format!("names {}, which is not PEM: {error}", path.display()))
    })?;
    if found.is_empty() {
        return Err(Error::field(
            field,
            format!("names {}, which holds no certificate in PEM", path.display()),
        ));
    }
    Ok(found)
}
