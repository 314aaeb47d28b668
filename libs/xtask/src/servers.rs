//! The servers that tests and benches share.

use crate::shell::{self, say};
use anyhow::{Context, Result};
use std::{env, path::PathBuf, process::Command};

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| shell::root().join("target"), PathBuf::from)
}

/// Postgres, RabbitMQ and Redis. They stop when this is dropped.
pub(crate) struct Servers {
    program: PathBuf,
    /// What they were started with.
    given: Vec<(String, String)>,
    /// What tells tests where they are.
    pub(crate) environment: Vec<(String, String)>,
}

impl Servers {
    /// Starts them by the program `testkit-servers`, which must be built; `profile` is its folder under the target.
    pub(crate) fn start(profile: &str, environment: &[(String, String)]) -> Result<Self> {
        let program = target().join(profile).join("testkit-servers");
        say("starting Postgres, RabbitMQ and Redis");
        let lines = shell::output(Command::new(&program).arg("up").envs(environment.iter().cloned()))?;
        let given = environment.to_vec();
        let environment = lines
            .lines()
            .map(|line| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())))
            .collect::<Option<_>>()
            .with_context(|| format!("testkit-servers printed something else than NAME=value:\n{lines}"))?;
        Ok(Servers { program, given, environment })
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        if let Err(error) =
            shell::run(Command::new(&self.program).arg("down").envs(self.given.iter().cloned()))
        {
            eprintln!("the servers could not be stopped: {error}");
        }
    }
}
