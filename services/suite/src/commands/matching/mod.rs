//! `mentor match`: the matching engine on files, without any service.

mod audit;
mod explain;
mod input;
mod market;
mod output;
mod people;
mod progress;
mod solve;
mod summary;
mod tell;
mod terms;
mod work;

use crate::help::examples;
use anyhow::Result;
use clap::{Args, Subcommand};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Match people from files: the best assignment of all, proven and explained.
///
/// Needs no server and no settings. Every file is CSV with a header; in messages, row 1 is the header. A mistake in a
/// file is named by file, row and column, and then nothing is written.
#[derive(Args)]
#[command(after_help = examples(&[
    ("mentor match solve --pairs pairs.csv --mentors mentors.csv --verify", "the best assignment of scored pairs"),
    ("mentor match people --mentees mentees.csv --mentors mentors.csv --criteria criteria.toml --out result",
     "the same from profiles; `mentor match people --help` documents the criteria"),
    ("mentor match people … --previous last/assignments.csv", "again after a change, with few pairs moved"),
    ("mentor match audit --decisions decisions.csv", "rates by group, impact ratios and their significance"),
]))]
pub(crate) struct Match {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    Solve(solve::Solve),
    People(people::Arguments),
    Audit(audit::Audit),
}

pub(crate) async fn run(command: Match) -> Result<()> {
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    // The first Ctrl-C ends the search with the best so far, the second the program.
    let listener = tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            if asked.swap(true, Ordering::Relaxed) {
                std::process::exit(130);
            }
        }
    });
    let work = tokio::task::spawn_blocking(move || match command.action {
        Action::Solve(arguments) => solve::run(&arguments, &stop),
        Action::People(arguments) => people::run(&arguments, &stop),
        Action::Audit(arguments) => audit::run(&arguments),
    });
    let result = work.await;
    listener.abort();
    result?
}
