//! `cargo xtask bench`: what it costs, beside what it could cost at least.

mod figure;
mod goals;
mod matching;
mod reading;

use crate::{
    provision,
    servers::{self, Servers},
    shell::{self, offline, say},
};
use anyhow::Result;
use clap::ValueEnum;
use figure::Figure;

/// SCIM servers of others, from PyPI and npm.
const SCIM2_SERVER: &str = "scim2-server==0.8.3";
const SCIMMY: [&str; 3] = ["scimmy@1.3.5", "scimmy-routers@1.3.2", "express@5.3.0"];

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum What {
    /// Calls over gRPC, their SQL, and consumers, beside pgbench on the same Postgres.
    Services,
    /// Relay and consumers, beside the broker and Postgres alone.
    Messaging,
    /// Memory at rest and start of the whole suite in one process.
    Footprint,
    /// The first import of an organisation over SCIM, beside servers of others.
    Scim,
    /// How soon whoever left, or signed out, is refused by every service.
    Leaving,
    /// The assignment of mentees to mentors, beside OR-Tools, lapx and SciPy.
    Matching,
}

pub(crate) fn run(what: Option<What>, json: bool, long: bool) -> Result<()> {
    let wanted = |one: What| what.is_none_or(|what| what == one);
    let mut figures = Vec::new();
    if what != Some(What::Matching) {
        figures.extend(with_servers(&wanted)?);
    }
    if wanted(What::Matching) {
        figures.extend(matching::measure(long)?);
        figures.extend(matching::told(reading::measure()?));
    }
    if json {
        println!("{}", serde_json::to_string_pretty(&figures)?);
    } else {
        figures.iter().for_each(|figure| println!("{figure}"));
    }
    Ok(())
}

/// Everything that needs Postgres or RabbitMQ, on servers that are started for it.
fn with_servers(wanted: &dyn Fn(What) -> bool) -> Result<Vec<Figure>> {
    provision::test_servers()?;
    build(wanted(What::Footprint) || wanted(What::Leaving))?;
    let servers = Servers::start("release", &[])?;
    let mut figures = Vec::new();
    if wanted(What::Services) {
        figures.extend(cargo_bench(&["-p", "tests", "--bench", "load"], &servers.environment)?);
    }
    // Once for both: its second half is the consumer's figure of the services.
    if wanted(What::Messaging) || wanted(What::Services) {
        figures.extend(cargo_bench(&["-p", "messaging", "--bench", "throughput"], &servers.environment)?);
    }
    for (what, name) in [(What::Footprint, "footprint"), (What::Leaving, "leaving")] {
        if wanted(what) {
            let mut environment = servers.environment.clone();
            let program = servers::target().join("release/mentor").display().to_string();
            environment.push(("MENTOR_BIN".to_owned(), program));
            figures.extend(cargo_bench(&["-p", "tests", "--bench", "load", "--", name], &environment)?);
        }
    }
    if wanted(What::Scim) {
        let mut environment = servers.environment.clone();
        let python = provision::python_environment("scim-server", &[SCIM2_SERVER])?.join("scim2-server");
        environment.push(("MENTOR_SCIM2_SERVER".to_owned(), python.display().to_string()));
        let modules = provision::npm_packages("scimmy", &SCIMMY)?;
        environment.push(("MENTOR_SCIMMY".to_owned(), modules.display().to_string()));
        figures.extend(cargo_bench(&["-p", "tests", "--bench", "load", "--", "scim"], &environment)?);
    }
    Ok(figures)
}

fn build(mentor: bool) -> Result<()> {
    say("building with optimisation (the first time takes some minutes)");
    shell::run(&mut offline(["build", "--release", "-p", "testkit", "--bin", "testkit-servers"], &[]))?;
    if mentor {
        shell::run(&mut offline(["build", "--release", "-p", "suite", "--bin", "mentor"], &[]))?;
    }
    Ok(())
}

/// Runs a bench and judges what it prints.
fn cargo_bench(arguments: &[&str], environment: &[(String, String)]) -> Result<Vec<Figure>> {
    say(&format!("cargo bench {}", arguments.join(" ")));
    let printed = shell::output(offline(["bench", "--quiet"], environment).args(arguments))?;
    printed.lines().filter(|line| !line.trim().is_empty()).map(Figure::read).collect()
}
