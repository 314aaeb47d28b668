//! `cargo xtask chart`: checks the helm chart.

use anyhow::{Result, bail};

pub(crate) fn run() -> Result<()> {
    bail!("there is no chart in helm/ yet")
}
