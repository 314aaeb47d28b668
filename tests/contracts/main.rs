//! What the services promise each other and the world: the contracts themselves, and who may call what.

mod asyncapi;
mod golden;
mod matrix;
mod readmes;
mod round_trips;
mod rules;

use std::path::{Path, PathBuf};

/// A file of the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}
