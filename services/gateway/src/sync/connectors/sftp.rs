//! Files on an SFTP server, whose key is the one that the source names.

use super::{
    Means,
    files::{MAX_NAMES, matches, too_large},
};
use crate::{outgoing, sync::secrets::Secrets};
use contracts::mentor::gateway::v1::SftpSettings;
use kernel::{Error, ErrorKind, Result};
use russh::{
    client::{self, Handle},
    keys::{HashAlg, PrivateKeyWithHashAlg, PublicKey, PublicKeyOrCertificate, decode_secret_key},
};
use russh_sftp::client::SftpSession;
use secrecy::ExposeSecret;
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::io::AsyncReadExt;

/// How long connecting may take, and each answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long one file may take.
const LONG: Duration = Duration::from_secs(15 * 60);

/// Checks what the rules beside the fields can't.
///
/// # Errors
/// `FIELD_INVALID` naming the field.
pub(crate) fn check(settings: &SftpSettings, secrets: &Secrets) -> Result<()> {
    let wrong = |field: &str, what: &str| Err(Error::field(format!("source.settings.sftp.{field}"), what));
    if Key::read(&settings.host_key).is_none() {
        return wrong(
            "host_key",
            "must be a key as ssh-keyscan shows it (ssh-ed25519 AAAA…), or its SHA256:… fingerprint",
        );
    }
    if settings.key_secret.is_empty() == settings.password_secret.is_empty() {
        return wrong("key_secret", "or password_secret must name a secret, and not both");
    }
    for (field, name) in
        [("key_secret", &settings.key_secret), ("password_secret", &settings.password_secret)]
    {
        if !name.is_empty() && !secrets.has(name) {
            return wrong(
                field,
                "names no secret of this tenant; see the setting services.gateway.sync.secrets",
            );
        }
    }
    Ok(())
}

/// The key that a host must have.
#[derive(Clone, Debug)]
enum Key {
    Whole(Box<PublicKey>),
    Print(String),
}

impl Key {
    /// Reads "ssh-ed25519 AAAA…", with or without the host before it, or "SHA256:…".
    fn read(text: &str) -> Option<Key> {
        let text = text.trim();
        if let Some(print) = text.strip_prefix("SHA256:") {
            let base64 = print.chars().all(|c| c.is_ascii_alphanumeric() || c == '+' || c == '/');
            return (print.len() == 43 && base64).then(|| Key::Print(text.to_owned()));
        }
        let line = || {
            let (_, without_host) = text.split_once(' ')?;
            PublicKey::from_openssh(without_host).ok()
        };
        PublicKey::from_openssh(text).ok().or_else(line).map(|key| Key::Whole(Box::new(key)))
    }

    fn is(&self, shown: &PublicKey) -> bool {
        match self {
            Key::Whole(key) => key.key_data() == shown.key_data(),
            Key::Print(print) => shown.fingerprint(HashAlg::Sha256).to_string() == *print,
        }
    }
}

/// Compares the host's key with the pinned one.
struct Pinned {
    key: Key,
    refused: Arc<AtomicBool>,
}

impl client::Handler for Pinned {
    type Error = russh::Error;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        let right = match shown {
            PublicKeyOrCertificate::PublicKey { key, .. } => self.key.is(key),
            PublicKeyOrCertificate::Certificate(_) => false,
        };
        self.refused.store(!right, Ordering::Relaxed);
        Ok(right)
    }
}

/// A session on the server.
pub(crate) struct Session {
    sftp: SftpSession,
    folder: String,
    archive: String,
    pattern: String,
    marker: bool,
    settle: Duration,
    max_bytes: u64,
    // The connection ends with it.
    _ssh: Handle<Pinned>,
}

impl Session {
    /// Connects, compares the host's key, signs in.
    ///
    /// # Errors
    /// `SOURCE_UNAVAILABLE` when the host does not answer, `SOURCE_REFUSED` when its key is another or it refuses us.
    pub(crate) async fn open(settings: &SftpSettings, means: &Means) -> Result<Session> {
        let ssh = within(PATIENCE, "connecting", connect(settings, means)).await??;
        let sftp = within(PATIENCE, "the SFTP subsystem", async {
            let channel = ssh.channel_open_session().await.map_err(broken)?;
            channel.request_subsystem(true, "sftp").await.map_err(broken)?;
            SftpSession::new(channel.into_stream()).await.map_err(said)
        });
        let sftp = sftp.await??;
        sftp.set_timeout(PATIENCE.as_secs());
        let sync = &means.settings.sync;
        let folder = |name: &str| name.trim_end_matches('/').to_owned();
        Ok(Session {
            sftp,
            folder: if settings.folder.is_empty() { ".".to_owned() } else { folder(&settings.folder) },
            archive: folder(&settings.archive_folder),
            pattern: settings.pattern.clone(),
            marker: settings.done_marker,
            settle: Duration::from_secs(u64::from(sync.settle_seconds)),
            max_bytes: u64::try_from(sync.max_file_bytes).unwrap_or(u64::MAX),
            _ssh: ssh,
        })
    }

    /// Names of whole files, in their order: their marker is there, or they stood still between two looks.
    pub(crate) async fn ready(&mut self) -> Result<Vec<String>> {
        let first = self.look().await?;
        let fits = |name: &&String| matches(&self.pattern, name);
        if self.marker {
            let marked = |name: &&String| first.contains_key(&format!("{name}.done"));
            return Ok(first.keys().filter(fits).filter(marked).cloned().collect());
        }
        if !first.keys().any(|name| matches(&self.pattern, name)) {
            return Ok(Vec::new());
        }
        tokio::time::sleep(self.settle).await;
        let second = self.look().await?;
        let stood = |name: &&String| first.get(*name) == second.get(*name);
        Ok(second.keys().filter(fits).filter(stood).cloned().collect())
    }

    /// Names, sizes and times of the regular files.
    async fn look(&self) -> Result<BTreeMap<String, (u64, Option<u32>)>> {
        let entries =
            within(PATIENCE, "listing the folder", self.sftp.read_dir(self.folder.as_str())).await?;
        let files = entries.map_err(said)?.take(MAX_NAMES).filter(|entry| {
            // A link could lead anywhere, and a name with a step is no name.
            is_file(entry.metadata().permissions) && !entry.file_name().contains(['/', '\0'])
        });
        Ok(files.map(|entry| (entry.file_name(), (entry.metadata().len(), entry.metadata().mtime))).collect())
    }

    /// Reads a file; `None` when it changed meanwhile.
    pub(crate) async fn read(&mut self, name: &str) -> Result<Option<Vec<u8>>> {
        let path = format!("{}/{name}", self.folder);
        let reading = async {
            let file = self.sftp.open(path.as_str()).await.map_err(said)?;
            let before = file.metadata().await.map_err(said)?;
            if before.len() > self.max_bytes {
                return Err(too_large(name, self.max_bytes));
            }
            let mut bytes = Vec::new();
            let mut limited = file.take(self.max_bytes.saturating_add(1));
            limited
                .read_to_end(&mut bytes)
                .await
                .map_err(|error| unavailable("reading a file failed").caused_by(error))?;
            let after = self.sftp.metadata(path.as_str()).await.map_err(said)?;
            let whole = (before.len(), before.mtime) == (after.len(), after.mtime)
                && u64::try_from(bytes.len()) == Ok(after.len());
            Ok(whole.then_some(bytes))
        };
        within(LONG, "reading a file", reading).await?
    }

    /// Moves a file to the archive, where the source names one.
    pub(crate) async fn put_away(&mut self, name: &str, kept: &str) -> Result<()> {
        if self.archive.is_empty() {
            return Ok(());
        }
        let (from, to) = (format!("{}/{name}", self.folder), format!("{}/{kept}", self.archive));
        if !self.sftp.try_exists(from.as_str()).await.map_err(said)? {
            return Ok(());
        }
        if !self.sftp.try_exists(self.archive.as_str()).await.map_err(said)? {
            self.sftp.create_dir(self.archive.as_str()).await.map_err(said)?;
        }
        self.sftp.rename(from.as_str(), to.as_str()).await.map_err(said)?;
        if self.marker {
            // Without its file it means nothing, so that it may stay.
            let _ = self.sftp.remove_file(format!("{from}.done")).await;
        }
        Ok(())
    }
}

/// Whether a mode is a regular file's; the library's own question takes a link for one, too.
fn is_file(mode: Option<u32>) -> bool {
    mode.is_some_and(|mode| mode & 0o170_000 == 0o100_000)
}

async fn connect(settings: &SftpSettings, means: &Means) -> Result<Handle<Pinned>> {
    let key = Key::read(&settings.host_key)
        .ok_or_else(|| Error::precondition("SOURCE_REFUSED", "settings.sftp.host_key is no key"))?;
    let refused = Arc::new(AtomicBool::new(false));
    let handler = Pinned { key, refused: refused.clone() };
    let port = u16::try_from(settings.port).ok().filter(|port| *port > 0).unwrap_or(22);
    let config = client::Config {
        inactivity_timeout: Some(LONG),
        keepalive_interval: Some(PATIENCE),
        ..client::Config::default()
    };
    let silent = || unavailable(&format!("{}:{port} does not answer as an SSH server", settings.host));
    let stream = outgoing::connect(&means.settings.sync.guard(), &settings.host, port, false).await;
    let stream = stream.map_err(|refused| {
        let message = format!("{}:{port} may not be called: {refused}", settings.host);
        Error::precondition("SOURCE_REFUSED", message)
    })?;
    let stream = stream.map_err(|error| silent().caused_by(error))?;
    let mut ssh = client::connect_stream(Arc::new(config), stream, handler).await.map_err(|error| {
        if refused.load(Ordering::Relaxed) {
            let message = "the host's key is not the one in settings.sftp.host_key: compare both out of band, then update the source";
            return Error::precondition("SOURCE_REFUSED", message);
        }
        silent().caused_by(error)
    })?;
    let secrets = &means.secrets;
    let signed_in = if settings.key_secret.is_empty() {
        let password = secrets.read(&settings.password_secret).await?;
        ssh.authenticate_password(&settings.user, password.expose_secret()).await
    } else {
        let text = secrets.read(&settings.key_secret).await?;
        let key = decode_secret_key(text.expose_secret(), None).map_err(|_| {
            let message =
                format!("the secret '{}' holds no private key without a passphrase", settings.key_secret);
            Error::precondition("SOURCE_REFUSED", message)
        })?;
        let hash = ssh.best_supported_rsa_hash().await.ok().flatten().flatten();
        ssh.authenticate_publickey(&settings.user, PrivateKeyWithHashAlg::new(Arc::new(key), hash)).await
    };
    if signed_in.map_err(broken)?.success() {
        return Ok(ssh);
    }
    let message =
        format!("{}:{port} does not let {} in: check the user and the secret", settings.host, settings.user);
    Err(Error::precondition("SOURCE_REFUSED", message))
}

async fn within<T>(limit: Duration, what: &str, work: impl Future<Output = T>) -> Result<T> {
    let late = |_| unavailable(&format!("{what} took longer than {} s", limit.as_secs()));
    tokio::time::timeout(limit, work).await.map_err(late)
}

fn unavailable(message: &str) -> Box<Error> {
    Error::new(ErrorKind::Unavailable, "SOURCE_UNAVAILABLE", message.to_owned())
}

fn broken(error: russh::Error) -> Box<Error> {
    unavailable("the connection to the SSH server broke").caused_by(error)
}

/// What the server said of a file or folder; its words may name anything, so that the log has them only.
fn said(error: russh_sftp::client::error::Error) -> Box<Error> {
    use russh_sftp::{client::error::Error as Sftp, protocol::StatusCode};
    let refused = |message: &str| Error::precondition("SOURCE_REFUSED", message.to_owned());
    match &error {
        Sftp::Status(status) if status.status_code == StatusCode::NoSuchFile => {
            refused("the server has no such file or folder: check settings.sftp.folder").caused_by(error)
        }
        Sftp::Status(status) if status.status_code == StatusCode::PermissionDenied => {
            refused("the server denies access to the file or folder").caused_by(error)
        }
        _ => unavailable("the SFTP server did not do what was asked").caused_by(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJcB3xFSNeosPJD61MYAIAe/e1FVyj2S9ErBmth63TC6";

    #[test]
    fn a_link_is_no_file() {
        assert!(is_file(Some(0o100_644)));
        assert!(!is_file(Some(0o120_777)) && !is_file(Some(0o040_755)) && !is_file(None));
    }

    #[test]
    fn a_host_key_is_read_as_people_have_it() {
        let key = PublicKey::from_openssh(KEY).expect("a key");
        let print = key.fingerprint(HashAlg::Sha256).to_string();
        for text in [KEY.to_owned(), format!("{KEY} comment"), format!("sftp.example.org {KEY}"), print] {
            assert!(Key::read(&text).expect("readable").is(&key), "{text}");
        }
        for text in ["", "SHA256:short", "ssh-ed25519 nonsense", "any"] {
            assert!(Key::read(text).is_none(), "{text}");
        }
        let other = format!("SHA256:{}", "A".repeat(43));
        assert!(!Key::read(&other).expect("readable").is(&key));
    }
}
