//! Files in a folder here. A file counts once it is whole: its marker is there, or its size and time stood still.

use super::{
    Means,
    files::{MAX_NAMES, matches, too_large},
};
use contracts::mentor::gateway::v1::FolderSettings;
use jiff::{SignedDuration, Timestamp};
use kernel::{Error, ErrorKind, Result, Uuid};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};
use tokio::{fs, io::AsyncReadExt};

/// Where files go that were taken.
const TAKEN: &str = "taken";
/// Where files with rows to correct go.
const REJECTED: &str = "rejected";

/// What a file looked like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shape {
    size: u64,
    modified: Option<SystemTime>,
}

impl Shape {
    fn of(metadata: &std::fs::Metadata) -> Shape {
        Shape { size: metadata.len(), modified: metadata.modified().ok() }
    }
}

/// What this process saw in folders: shapes and since when. Lost with the process, which then waits once more.
#[derive(Clone, Default)]
pub(crate) struct Looks(Arc<Mutex<HashMap<PathBuf, Look>>>);

/// A look at one file.
#[derive(Clone, Copy)]
struct Look {
    shape: Shape,
    since: Timestamp,
    /// A run was started for it.
    tried: bool,
}

impl Looks {
    /// Since when a file looks like this.
    fn since(&self, path: &Path, shape: Shape, now: Timestamp) -> Timestamp {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = Look { shape, since: now, tried: false };
        let look = looks.entry(path.to_owned()).or_insert(fresh);
        if look.shape != shape {
            *look = fresh;
        }
        look.since
    }

    /// Notes that a run was started for a file as it is; whether none was before. So a file that can't be taken does not
    /// start runs for ever.
    fn try_once(&self, path: &Path) -> bool {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        looks.get_mut(path).is_some_and(|look| !std::mem::replace(&mut look.tried, true))
    }

    /// Forgets files of a folder that are not there any more.
    fn retain(&self, folder: &Path, names: &[String]) {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        looks.retain(|path, _| {
            let name = path.file_name().map(|name| name.to_string_lossy());
            path.parent() != Some(folder) || name.is_some_and(|name| names.iter().any(|one| *one == name))
        });
    }
}

/// A folder.
pub(crate) struct Folder {
    path: PathBuf,
    pattern: String,
    marker: bool,
    settle: SignedDuration,
    max_bytes: u64,
    looks: Looks,
    now: Timestamp,
}

impl Folder {
    /// The folder of a source, below the one of its tenant.
    ///
    /// # Errors
    /// `SOURCE_INVALID` when operations have set no folder for drops.
    pub(crate) fn of(
        source: Uuid,
        settings: &FolderSettings,
        means: &Means,
        looks: &Looks,
    ) -> Result<Folder> {
        let sync = &means.settings.sync;
        if sync.drop_dir.as_os_str().is_empty() {
            let message =
                "the setting services.gateway.sync.drop_dir is not set, so there is no folder to look in";
            return Err(Error::precondition("SOURCE_INVALID", message).with("source_id", source.to_string()));
        }
        Ok(Folder {
            path: sync.drop_dir.join(means.secrets.tenant().to_string()).join(&settings.folder),
            pattern: settings.pattern.clone(),
            marker: settings.done_marker,
            settle: SignedDuration::from_secs(i64::from(sync.settle_seconds)),
            max_bytes: u64::try_from(sync.max_file_bytes).unwrap_or(u64::MAX),
            looks: looks.clone(),
            now: means.now,
        })
    }

    /// Names of whole files, in their order.
    pub(crate) async fn ready(&self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        let mut entries =
            fs::read_dir(&self.path).await.map_err(|error| self.wrong("can't be read", error))?;
        while let Some(entry) =
            entries.next_entry().await.map_err(|error| self.wrong("can't be read", error))?
        {
            names.extend(entry.file_name().into_string());
            if names.len() >= MAX_NAMES {
                break;
            }
        }
        self.looks.retain(&self.path, &names);
        let mut ready = Vec::new();
        for name in names.iter().filter(|name| matches(&self.pattern, name)) {
            // A link could lead anywhere.
            let Ok(metadata) = fs::symlink_metadata(self.path.join(name)).await else { continue };
            if metadata.is_file() && self.is_whole(name, &names, Shape::of(&metadata)) {
                ready.push(name.clone());
            }
        }
        ready.sort();
        Ok(ready)
    }

    fn is_whole(&self, name: &str, names: &[String], shape: Shape) -> bool {
        let since = self.looks.since(&self.path.join(name), shape, self.now);
        if self.marker {
            return names.iter().any(|other| other.strip_suffix(".done") == Some(name));
        }
        self.now.duration_since(since) >= self.settle
    }

    /// Whether any of these was not tried yet; all of them are now.
    pub(crate) fn are_new(&self, names: &[String]) -> bool {
        // Each is noted, not only the first that is new.
        names.iter().filter(|name| self.looks.try_once(&self.path.join(name))).count() > 0
    }

    /// Reads a file; `None` when it changed meanwhile.
    pub(crate) async fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let path = self.path.join(name);
        let wrong = |error| self.wrong(&format!("has {name}, which can't be read"), error);
        let before = fs::symlink_metadata(&path).await.map_err(wrong)?;
        if before.len() > self.max_bytes {
            return Err(too_large(name, self.max_bytes));
        }
        let mut bytes = Vec::new();
        let file = fs::File::open(&path).await.map_err(wrong)?;
        file.take(self.max_bytes.saturating_add(1)).read_to_end(&mut bytes).await.map_err(wrong)?;
        let after = fs::symlink_metadata(&path).await.map_err(wrong)?;
        let whole = Shape::of(&before) == Shape::of(&after) && u64::try_from(bytes.len()) == Ok(after.len());
        Ok(whole.then_some(bytes))
    }

    /// Moves a file and its marker to those that were taken.
    pub(crate) async fn put_away(&self, name: &str, kept: &str) -> Result<()> {
        let taken = self.path.join(TAKEN);
        let wrong = |error| self.wrong(&format!("does not let {name} be moved to {TAKEN}/"), error);
        fs::create_dir_all(&taken).await.map_err(wrong)?;
        let path = self.path.join(name);
        if fs::try_exists(&path).await.unwrap_or(false) {
            fs::rename(&path, taken.join(kept)).await.map_err(wrong)?;
        }
        if self.marker {
            // Without its file it means nothing, so that it may stay.
            let _ = fs::remove_file(self.path.join(format!("{name}.done"))).await;
        }
        Ok(())
    }

    /// Writes the file of rows to correct.
    pub(crate) async fn put_rejected(&self, name: &str, text: &str) -> Result<()> {
        let rejected = self.path.join(REJECTED);
        let wrong = |error| self.wrong(&format!("does not let {REJECTED}/{name} be written"), error);
        fs::create_dir_all(&rejected).await.map_err(wrong)?;
        fs::write(rejected.join(name), text).await.map_err(wrong)
    }

    fn wrong(&self, what: &str, error: std::io::Error) -> Box<Error> {
        let folder =
            self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let kind = error.kind();
        let message = format!(
            "the folder {folder} {what}: {kind}; it is looked for below sync.drop_dir in the tenant's folder"
        );
        Error::new(ErrorKind::Unavailable, "SOURCE_UNAVAILABLE", message).caused_by(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(path: &Path, marker: bool, now: i64) -> Folder {
        Folder {
            path: path.to_owned(),
            pattern: String::new(),
            marker,
            settle: SignedDuration::from_secs(30),
            max_bytes: 100,
            looks: Looks::default(),
            now: Timestamp::from_second(now).expect("in range"),
        }
    }

    #[tokio::test]
    async fn a_file_counts_once_it_stood_still() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let at = |now| folder(home.path(), false, now);
        let mut looking = at(0);
        assert_eq!(looking.ready().await.expect("readable"), Vec::<String>::new());
        std::fs::write(home.path().join("a.csv"), "id\n1\n").expect("written");
        std::fs::write(home.path().join("b.txt"), "no").expect("written");
        assert!(looking.ready().await.expect("readable").is_empty());
        looking.now = at(29).now;
        std::fs::write(home.path().join("a.csv"), "id\n1\n2\n").expect("written");
        assert!(looking.ready().await.expect("readable").is_empty());
        looking.now = at(58).now;
        assert!(looking.ready().await.expect("readable").is_empty());
        looking.now = at(59).now;
        assert_eq!(looking.ready().await.expect("readable"), ["a.csv"]);
        assert_eq!(looking.read("a.csv").await.expect("readable").expect("whole"), b"id\n1\n2\n");
        looking.put_away("a.csv", "run-a.csv").await.expect("moved");
        looking.put_away("a.csv", "run-a.csv").await.expect("moved before");
        assert!(home.path().join("taken/run-a.csv").exists());
        assert!(looking.ready().await.expect("readable").is_empty());
    }

    #[tokio::test]
    async fn a_marker_makes_a_file_whole_and_a_link_is_none() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let looking = folder(home.path(), true, 0);
        std::fs::write(home.path().join("a.csv"), "x".repeat(101)).expect("written");
        std::os::unix::fs::symlink("/etc/passwd", home.path().join("b.csv")).expect("linked");
        std::fs::write(home.path().join("b.csv.done"), "").expect("written");
        assert!(looking.ready().await.expect("readable").is_empty());
        std::fs::write(home.path().join("a.csv.done"), "").expect("written");
        assert_eq!(looking.ready().await.expect("readable"), ["a.csv"]);
        assert_eq!(looking.read("a.csv").await.expect_err("too large").reason, "FILE_INVALID");
        looking.put_away("a.csv", "kept").await.expect("moved");
        assert!(!home.path().join("a.csv.done").exists());
        let gone = folder(Path::new("/nowhere/at/all"), false, 0);
        assert_eq!(gone.ready().await.expect_err("not there").reason, "SOURCE_UNAVAILABLE");
    }
}
