//! A disk so small that it can be filled.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
    process::{Command, Output},
};
use tempfile::TempDir;

/// Enough for the suite's schemas and their log, and filled in a moment.
const SIZE: &str = "256m";

/// A file system in memory, which goes with this value.
pub struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// Mounts it.
    ///
    /// # Panics
    /// Where this may not be done, with what to do.
    pub fn mount() -> Self {
        let folder = tempfile::Builder::new().prefix("mentor-disk-").tempdir().expect("a temporary folder");
        let options = format!("size={SIZE},mode=0755");
        let mounted = as_root(&["mount", "-t", "tmpfs", "-o", &options, "mentor-disk", &text(folder.path())]);
        assert!(
            mounted.status.success(),
            "a small disk can't be mounted, which only root may (or sudo, without a password), and on Linux only; \
             leave this test out with -E 'not test(disk)': {}",
            String::from_utf8_lossy(&mounted.stderr).trim()
        );
        SmallDisk { folder }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Leaves no more room than so many bytes.
    ///
    /// # Panics
    /// When anything but that stands in the way.
    pub fn fill_up_to(&self, rest: u64) {
        let mut file = File::create(self.filler()).expect("the disk can be written");
        // Down to the last page.
        for size in [1 << 20, 1 << 12] {
            let block = vec![0_u8; size];
            loop {
                match file.write(&block) {
                    Ok(0) => break,
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => panic!("filling the disk: {error}"),
                }
            }
        }
        let filled = file.metadata().expect("is there").len();
        file.set_len(filled.saturating_sub(rest)).expect("can be cut");
    }

    /// Gives the room back.
    ///
    /// # Panics
    /// When it was not filled.
    pub fn clear(&self) {
        fs::remove_file(self.filler()).expect("the disk was filled");
    }

    fn filler(&self) -> PathBuf {
        self.folder.path().join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = as_root(&["umount", "--lazy", &text(self.folder.path())]);
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// Runs a command as root: as oneself, who is root in containers, or else by sudo.
fn as_root(command: &[&str]) -> Output {
    let mine = Command::new(command[0]).args(&command[1..]).output().expect("mount is part of every system");
    if mine.status.success() {
        return mine;
    }
    Command::new("sudo").arg("--non-interactive").args(command).output().unwrap_or(mine)
}
