//! `cargo xtask test`: everything CI runs.

use crate::{
    lint, provision,
    shell::{self, cargo, find, say},
};
use anyhow::{Context, Result};
use std::{env, path::PathBuf, process::Command};

pub(crate) fn run(containers: bool, no_lint: bool, arguments: &[String]) -> Result<()> {
    if !no_lint {
        lint::run(true)?;
    }
    let python = provision::python_tools(&["grpcio", "grpcio-reflection", "protobuf"])?;
    let mut environment =
        vec![("MENTOR_TEST_PYTHON".to_owned(), python.join("python3").display().to_string())];
    if containers {
        environment.push(("MENTOR_TEST_CONTAINERS".to_owned(), "1".to_owned()));
    } else {
        provision::test_servers()?;
    }
    say("building the tests");
    shell::run(&mut offline(["build", "--workspace", "--all-targets"], &environment))?;
    let servers = Servers::start(&environment)?;
    environment.extend(servers.environment.clone());
    run_tests(arguments, &environment)?;
    run_doc_tests(arguments, &environment)
}

fn run_tests(arguments: &[String], environment: &[(String, String)]) -> Result<()> {
    let whole = if arguments.is_empty() { vec!["--workspace".to_owned()] } else { arguments.to_vec() };
    let runner: &[&str] = if find("cargo-nextest").is_some() { &["nextest", "run"] } else { &["test"] };
    say(&format!("cargo {} {}", runner.join(" "), whole.join(" ")));
    shell::run(offline(runner.iter().copied(), environment).args(whole))
}

/// Examples in the documentation; nextest leaves them out.
fn run_doc_tests(arguments: &[String], environment: &[(String, String)]) -> Result<()> {
    if !arguments.is_empty() || find("cargo-nextest").is_none() {
        return Ok(());
    }
    say("cargo test --doc");
    shell::run(&mut offline(["test", "--quiet", "--doc", "-p", "assignment"], environment))
}

/// Cargo on the committed SQL data, so that no database is needed to build.
fn offline<'a>(arguments: impl IntoIterator<Item = &'a str>, environment: &[(String, String)]) -> Command {
    let mut command = cargo(arguments);
    command.env("SQLX_OFFLINE", "true").envs(environment.iter().cloned());
    command
}

/// The servers that the tests share. They stop when this is dropped.
struct Servers {
    program: PathBuf,
    environment: Vec<(String, String)>,
}

impl Servers {
    fn start(environment: &[(String, String)]) -> Result<Self> {
        let target =
            env::var_os("CARGO_TARGET_DIR").map_or_else(|| shell::root().join("target"), PathBuf::from);
        let program = target.join("debug/testkit-servers");
        say("starting Postgres, RabbitMQ and Redis for the tests");
        let lines = shell::output(Command::new(&program).arg("up").envs(environment.iter().cloned()))?;
        let environment = lines
            .lines()
            .map(|line| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())))
            .collect::<Option<_>>()
            .with_context(|| format!("testkit-servers printed something else than NAME=value:\n{lines}"))?;
        Ok(Servers { program, environment })
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        if let Err(error) = shell::run(Command::new(&self.program).arg("down")) {
            eprintln!("the servers of the tests could not be stopped: {error}");
        }
    }
}
