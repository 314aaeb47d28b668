//! `cargo xtask lint`: what a reviewer should not have to look for.

use crate::{
    architecture, provision,
    shell::{self, cargo, say},
};
use anyhow::Result;
use std::process::Command;

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
    provision::cargo_tool("cargo-deny")?;
    say("cargo deny");
    shell::run(&mut cargo(["deny", "--log-level", "error", "check", "bans", "licenses", "sources"]))
}
