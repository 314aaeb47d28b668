//! `mentor`: the whole suite in one program.

mod advice;
mod cli;
mod commands;
mod connect;
mod demo;
mod embedded;
mod help;
mod services;
mod settings;

use cli::Command;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    runtime::install_crypto();
    let result = match cli::parse() {
        Command::Demo(demo) => demo::run(demo).await,
        Command::Dev(dev) => commands::dev::run(dev).await,
        Command::Tokens(tokens) => commands::tokens::run(&tokens),
        Command::Match(command) => commands::matching::run(command).await,
        Command::Migrate(migrate) => commands::migrate::run(migrate).await,
        Command::Serve(serve) => commands::serve::run(serve).await,
        Command::People(people) => commands::people::run(people).await,
        Command::Config(config) => commands::config::run(config),
        Command::Doctor(doctor) => match commands::doctor::run(doctor).await {
            Ok(healthy) => return if healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE },
            Err(error) => Err(error),
        },
        Command::Check(check) => commands::check::run(check).await,
        Command::Events(events) => commands::events::run(events).await,
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            advice::print(&error);
            ExitCode::FAILURE
        }
    }
}
