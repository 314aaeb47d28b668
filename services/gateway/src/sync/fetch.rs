//! Takes a file over from where it lies: its bytes are kept before it is put away, so that a run can go on with them.

use super::{
    connectors::{Means, folder, sftp},
    run::Run,
    source::Source,
    store::files,
};
use contracts::mentor::gateway::v1::{self as wire, source_settings::Kind};
use kernel::Result;
use sha2::{Digest, Sha256};
use storage::Tx;

/// A file that was found whole, with its bytes.
pub(crate) struct Found {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// Where files lie.
pub(crate) enum Place {
    /// A folder here.
    Folder(folder::Folder),
    /// A folder on a server.
    Sftp(Box<sftp::Session>),
}

impl Place {
    /// Opens the place of a source's files; `None` where they are handed over.
    ///
    /// # Errors
    /// `SOURCE_REFUSED`, `SOURCE_UNAVAILABLE`, `SOURCE_INVALID`.
    pub(crate) async fn open(
        source: &Source,
        settings: &wire::SourceSettings,
        means: &Means,
        looks: &folder::Looks,
    ) -> Result<Option<Place>> {
        Ok(match &settings.kind {
            Some(Kind::Folder(folder)) => {
                let folder = folder::Folder::of(source.id, folder, means, looks)?;
                Some(Place::Folder(folder))
            }
            Some(Kind::Sftp(sftp)) => Some(Place::Sftp(Box::new(sftp::Session::open(sftp, means).await?))),
            _ => None,
        })
    }

    /// Names of whole files, in the order in which they are to be taken.
    pub(crate) async fn ready(&mut self) -> Result<Vec<String>> {
        match self {
            Place::Folder(folder) => folder.ready().await,
            Place::Sftp(session) => session.ready().await,
        }
    }

    /// Reads a file; `None` when it changed meanwhile and is to be left for later.
    pub(crate) async fn read(&mut self, name: &str) -> Result<Option<Found>> {
        let bytes = match self {
            Place::Folder(folder) => folder.read(name).await?,
            Place::Sftp(session) => session.read(name).await?,
        };
        Ok(bytes.map(|bytes| Found { name: name.to_owned(), bytes }))
    }

    /// Puts a file away that was taken; it may have been put away before.
    pub(crate) async fn put_away(&mut self, name: &str, run: &Run) -> Result<()> {
        let kept = format!("{}-{name}", run.id);
        match self {
            Place::Folder(folder) => folder.put_away(name, &kept).await,
            Place::Sftp(session) => session.put_away(name, &kept).await,
        }
    }
}

/// Keeps the bytes of a file for a run.
pub(crate) async fn keep(tx: &mut Tx, source: &Source, found: &Found) -> Result<files::Stored> {
    files::keep(tx, source.id, &found.name, &Sha256::digest(&found.bytes), &found.bytes).await
}
