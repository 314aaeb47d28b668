//! `cargo xtask bench`.

use anyhow::Result;

pub(crate) fn run(_what: Option<&str>) -> Result<()> {
    anyhow::bail!("to be written")
}
