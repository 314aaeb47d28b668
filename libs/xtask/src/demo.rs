//! `cargo xtask demo`: the suite's main job on the embedded default.

use crate::{
    provision, servers,
    shell::{self, offline, say},
};
use anyhow::Result;
use std::process::Command;

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let postgres = provision::postgres()?;
    say(&format!("Postgres from {}", postgres.display()));
    say("building the suite (the first time takes some minutes)");
    shell::run(&mut offline(["build", "--release", "--package", "suite"], &[]))?;
    say("mentor demo");
    shell::run(
        Command::new(servers::target().join("release/mentor"))
            .arg("demo")
            .args(arguments)
            .env("MENTOR_POSTGRES_BIN", postgres),
    )
}
