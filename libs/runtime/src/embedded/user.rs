//! Postgres refuses to run as root, so root becomes somebody else for it.

use super::EmbeddedError;
use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::Path,
    process::Command,
};

/// Whom the server runs as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunAs {
    /// This process's own user.
    Myself,
    /// Another user: this process is root.
    Other {
        /// Its name.
        name: String,
        /// Its number.
        uid: u32,
        /// Its group's number.
        gid: u32,
    },
}

impl RunAs {
    /// This user; root becomes `postgres`, or `nobody` where there is none.
    ///
    /// # Errors
    /// When this is root and neither user exists.
    pub fn current() -> Result<Self, EmbeddedError> {
        if !is_root()? {
            return Ok(RunAs::Myself);
        }
        let users =
            fs::read_to_string("/etc/passwd").map_err(EmbeddedError::io("cannot read /etc/passwd"))?;
        ["postgres", "nobody"].iter().find_map(|name| find(&users, name)).ok_or_else(|| {
            EmbeddedError::NotInstalled(
                "this is root, and Postgres needs another user to run as: create the user `postgres`"
                    .to_owned(),
            )
        })
    }

    /// A command that runs as that user, from a directory it can read.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        if let RunAs::Other { uid, gid, .. } = self {
            command.uid(*uid).gid(*gid).current_dir("/");
        }
        command
    }

    /// Gives a file or a directory to that user.
    pub(super) fn own(&self, path: &Path) -> Result<(), EmbeddedError> {
        let RunAs::Other { uid, gid, name } = self else { return Ok(()) };
        chown(path, Some(*uid), Some(*gid))
            .map_err(EmbeddedError::io(format!("cannot give {} to {name}", path.display())))
    }
}

/// Checks that the user can walk down to a directory, which root's own home forbids.
///
/// # Errors
/// Names the directory that is in the way.
pub fn reachable(directory: &Path, run_as: &RunAs) -> Result<(), EmbeddedError> {
    let RunAs::Other { name, uid, gid } = run_as else { return Ok(()) };
    for above in directory.ancestors() {
        let Ok(meta) = fs::metadata(above) else { continue };
        let execute = if meta.uid() == *uid {
            0o100
        } else if meta.gid() == *gid {
            0o010
        } else {
            0o001
        };
        if meta.mode() & execute == 0 {
            return Err(EmbeddedError::Directory {
                path: directory.to_owned(),
                what: format!(
                    "this is root, Postgres runs as {name}, and {name} may not enter {}; name a directory outside of it",
                    above.display()
                ),
            });
        }
    }
    Ok(())
}

/// `/proc` where there is one, else `id -u`.
fn is_root() -> Result<bool, EmbeddedError> {
    if let Ok(meta) = fs::metadata("/proc/self") {
        return Ok(meta.uid() == 0);
    }
    let output = Command::new("id").arg("-u").output().map_err(EmbeddedError::io("cannot run id"))?;
    Ok(output.stdout.trim_ascii() == b"0")
}

fn find(users: &str, name: &str) -> Option<RunAs> {
    users.lines().find_map(|line| {
        let mut parts = line.split(':');
        if parts.next() != Some(name) {
            return None;
        }
        let uid = parts.nth(1)?.parse().ok()?;
        let gid = parts.next()?.parse().ok()?;
        Some(RunAs::Other { name: name.to_owned(), uid, gid })
    })
}
