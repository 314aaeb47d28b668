//! `cargo xtask images`: local container images of the servers, where none can be pulled.

use anyhow::Result;

pub(crate) fn run() -> Result<()> {
    anyhow::bail!("to be written")
}
