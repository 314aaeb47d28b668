//! From a market to the files: search, check, explain, write.

use super::{
    explain::Explained,
    input::{BadInput, What},
    market::Market,
    output,
    progress::Bar,
    summary::{self, Times},
    terms::{Lists, Terms},
};
use crate::advice;
use anyhow::Result;
use assignment::{Control, Error, Solution};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

/// Runs a market that was read since `begun`.
pub(super) fn run(
    market: &dyn Market,
    terms: &Terms,
    lists: &Lists,
    bar: &Bar,
    begun: Instant,
    stop: &AtomicBool,
) -> Result<()> {
    lists.check(market)?;
    let options = terms.options(lists);
    let reading = begun.elapsed();
    let start = Instant::now();
    let ended =
        || stop.load(Ordering::Relaxed) || terms.time_limit.is_some_and(|limit| start.elapsed() >= limit);
    let show = |progress: &assignment::Progress| bar.show(terms.mode, progress);
    let control = Control { stop: Some(&ended), progress: Some(&show) };
    let solution = market.solve(&options, &control).map_err(|error| match error {
        Error::FairGroups(reason) => BadInput::file(&lists.groups.file, What::Floors(reason)).into(),
        other => market.explain(other),
    })?;
    let solving = start.elapsed();
    let verifying = if terms.verify { Some(verify(market, &options, &solution, bar)?) } else { None };
    bar.say("explaining");
    let explained = Explained::new(market, &options, &solution, lists);
    bar.say("writing");
    let files = output::write(&terms.out, terms.mode, &explained, terms.verify)?;
    bar.end();
    summary::print(&explained, terms, &Times { reading, solving, verifying }, &files)
}

fn verify(
    market: &dyn Market,
    options: &assignment::Options,
    solution: &Solution,
    bar: &Bar,
) -> Result<Duration> {
    bar.say("verifying");
    let start = Instant::now();
    market.verify(options, solution).map_err(|fault| {
        let what = format!("the verifier objects to the result: {fault}");
        advice::advise(
            what,
            "this is a defect of the program; nothing was written, please report it with the files",
        )
    })?;
    Ok(start.elapsed())
}
