//! `mentor`: the whole suite in one program.

mod demo;
mod embedded;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// The mentoring suite: services for a mentoring program's whole life.
#[derive(Parser)]
#[command(name = "mentor", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Demo(demo::Demo),
}

#[tokio::main]
async fn main() -> ExitCode {
    runtime::install_crypto();
    let result = match Arguments::parse().command {
        Command::Demo(demo) => demo::run(demo).await,
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
