//! `cargo xtask lint`: what a reviewer should not have to look for.

use crate::{
    architecture, provision,
    shell::{self, cargo, say},
};
use anyhow::Result;
use std::process::Command;

/// Clippy on what is served: without tests, and without what only tests and builds use.
#[rustfmt::skip]
const PANICS: [&str; 19] = [
    "clippy", "--workspace", "--lib", "--bins", "--exclude", "testkit", "--exclude", "tests", "--exclude", "xtask",
    "--", "--deny", "clippy::unwrap_used", "--deny", "clippy::expect_used", "--deny", "clippy::panic",
    "--deny", "clippy::unreachable",
];

pub(crate) fn run(quick: bool) -> Result<()> {
    say("cargo fmt");
    shell::run(&mut cargo(["fmt", "--all", "--check"]))?;
    say("architecture");
    architecture::check()?;
    say("buf lint");
    let python = provision::python_tools(&["buf-bin"])?;
    shell::run(Command::new(python.join("buf")).arg("lint").current_dir("proto"))?;
    if quick {
        return Ok(());
    }
    say("cargo clippy");
    shell::run(
        cargo(["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"])
            .env("SQLX_OFFLINE", "true"),
    )?;
    say("cargo clippy: nothing that is served may panic");
    shell::run(cargo(PANICS).env("SQLX_OFFLINE", "true"))?;
    provision::cargo_tool("cargo-deny")?;
    say("cargo deny");
    shell::run(&mut cargo(["deny", "--log-level", "error", "check", "bans", "licenses", "sources"]))
}
