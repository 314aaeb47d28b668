//! The one command surface: `cargo xtask <command>`.

mod architecture;
mod bench;
mod chart;
mod demo;
mod engine;
mod generate;
mod image;
mod images;
mod lint;
mod postgres;
mod provision;
mod servers;
mod shell;
mod test;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Everything a developer of the mentor suite runs. Each command finds or installs what it needs, and says so.
#[derive(Parser)]
#[command(bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs a whole mentoring program on the embedded default and writes report.html and report.json.
    Demo {
        /// Passed on to `mentor demo`, such as `--people FILE.csv`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Runs everything CI runs, against real Postgres, RabbitMQ and Redis.
    Test {
        /// Takes the servers from containers instead of installed binaries.
        #[arg(long)]
        containers: bool,
        /// Leaves the checks of `cargo xtask lint` out.
        #[arg(long)]
        no_lint: bool,
        /// Passed on to the test runner, such as `-E 'package(enrollment)'` or a part of a test's name.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Checks formatting, clippy, the architecture, protos, dependencies.
    Lint {
        /// Only what takes seconds: formatting, architecture, protos.
        #[arg(long)]
        quick: bool,
    },
    /// Measures, and prints each figure as a ratio to its reference in the same run.
    Bench {
        /// What to measure; everything when absent.
        what: Option<bench::What>,
        /// Prints the figures as JSON.
        #[arg(long)]
        json: bool,
        /// Also what takes many minutes: all pairs of 300,000 x 150,000, and of 10,000 x 5,000 checked without pruning.
        #[arg(long)]
        long: bool,
    },
    /// Makes the suite's container images from local binaries, as OCI archives, without a daemon.
    Image(image::Options),
    /// Makes the servers' images from Debian's packages, where no registry can be reached.
    Images {
        /// Makes an image with this machine's Rust, too, in which `deploy/Dockerfile` can build.
        #[arg(long, conflicts_with = "stop")]
        builder: bool,
        /// Ends the Docker engine that this command has started instead.
        #[arg(long)]
        stop: bool,
        /// With `--stop`: deletes its images, too.
        #[arg(long, requires = "stop")]
        remove: bool,
    },
    /// Checks the helm chart, its alerts and its examples, without a cluster.
    Chart {
        /// Writes what is derived (schema, tables, dashboards) and the golden files anew, before.
        #[arg(long)]
        write: bool,
        /// Passed on to pytest, such as `-k refused`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Refreshes the offline SQL data after a change of a query or a migration.
    Gen,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    std::env::set_current_dir(shell::root())?;
    match Arguments::parse().command {
        Command::Demo { arguments } => demo::run(&arguments),
        Command::Test { containers, no_lint, arguments } => test::run(containers, no_lint, &arguments),
        Command::Lint { quick } => lint::run(quick),
        Command::Bench { what, json, long } => bench::run(what, json, long),
        Command::Image(options) => image::run(&options),
        Command::Images { stop: true, remove, .. } => engine::stop(remove),
        Command::Images { builder, .. } => images::run(builder),
        Command::Chart { write, arguments } => chart::check(write, &arguments),
        Command::Gen => generate::run(),
    }
}
