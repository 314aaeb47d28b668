//! A year of a mentoring program. People act through the public gRPC APIs only; the clock is moved; the
//! services' jobs and events do the rest.

mod clients;
mod dice;
mod directory;
mod following;
mod pairing;
mod recruiting;
mod world;

pub(crate) use clients::Clients;
pub(crate) use dice::Dice;
pub(crate) use world::World;

use anyhow::{Context, Result};
use contracts::mentor::{
    enrollment::v1::{CloseProgramRequest, ImportSummary},
    evaluation::v1::{GetProgramReportRequest, ProgramReport},
};
use futures::{StreamExt, TryStreamExt, stream};
use std::fmt;

/// Calls under way at once.
const AT_ONCE: usize = 32;

/// People apply from this day on, for so many days.
const APPLYING: (i64, i64) = (1, 14);
/// The program starts and the first run is published.
const START_DAY: i64 = 35;
/// Days between match runs.
const RUN_DAYS: i64 = 28;
/// The second file of the HRIS arrives.
const DELTA_DAY: i64 = 182;
/// The program closes.
pub(crate) const LAST_DAY: i64 = 364;

/// The two files of the HRIS.
pub(crate) struct Files {
    pub(crate) first: Vec<u8>,
    /// Half a year later.
    pub(crate) second: Option<Vec<u8>>,
}

/// What the two imports did.
pub(crate) struct Imports {
    pub(crate) first: ImportSummary,
    pub(crate) second: Option<ImportSummary>,
}

/// Tells what is going on: the step and the day.
pub(crate) trait Watcher {
    /// A new step begins.
    fn step(&self, name: &str);
    /// A day has passed.
    fn day(&self, day: i64, text: fmt::Arguments<'_>);
}

/// Runs the year to `last_day`, and asks the services for the report.
pub(crate) async fn run(
    world: &mut World,
    files: Files,
    last_day: i64,
    watcher: &dyn Watcher,
) -> Result<(ProgramReport, Imports)> {
    watcher.step("import the organisation");
    let first = directory::import(world, &files.first, false).await.context("importing the first file")?;
    world.host.settle().await?;
    watcher.step("design and publish the program");
    recruiting::publish(world).await.context("publishing the program")?;
    let mut imports = Imports { first, second: None };
    for day in 1..=last_day {
        world.go_to(day);
        if day == DELTA_DAY
            && let Some(file) = &files.second
        {
            watcher.step("the HRIS sends the organisation of half a year later");
            imports.second = Some(directory::import(world, file, true).await.context("the second file")?);
            world.host.settle().await?;
        }
        let step = live(world, day).await.with_context(|| format!("on day {day}"))?;
        if let Some(step) = step {
            watcher.step(step);
        }
        world.host.run_jobs().await?;
        world.host.settle().await?;
        watcher.day(day, format_args!("{} calls", world.clients.calls()));
    }
    watcher.step("close the program and ask for the report");
    close(world).await?;
    Ok((report(world).await?, imports))
}

/// What people do on a day. Says which step of the program begins.
async fn live(world: &mut World, day: i64) -> Result<Option<&'static str>> {
    let (first, days) = APPLYING;
    if day < START_DAY {
        recruiting::apply(world, first, days).await?;
        world.host.settle().await?;
        if day % 2 == 0 {
            recruiting::endorse(world).await?;
        }
        if day % 7 == 0 {
            recruiting::decide(world).await?;
            world.host.settle().await?;
        }
        recruiting::train(world).await?;
        return Ok((day == first).then_some("apply, endorse, decide, train"));
    }
    if day == START_DAY {
        recruiting::start(world, &world::GRADES).await?;
    }
    if (day - START_DAY) % RUN_DAYS == 0 && day < LAST_DAY - RUN_DAYS {
        pairing::run(world, day).await.context("matching")?;
        world.host.settle().await?;
    }
    pairing::answer(world).await.context("answering proposals")?;
    following::attend(world).await.context("reporting meetings")?;
    if day % 7 == 0 {
        following::answer(world).await.context("answering check-ins")?;
        following::review(world).await.context("deciding reviews")?;
        world.host.settle().await?;
    }
    if day % 28 == 0 {
        pairing::part(world).await.context("parting")?;
    }
    Ok((day == START_DAY).then_some("match, meet, follow"))
}

async fn close(world: &World) -> Result<()> {
    let request =
        CloseProgramRequest { request_id: world.clients.request_id(), program_id: world.program.clone() };
    world.clients.programs.clone().close_program(world.clients.manager(request)?).await?;
    world.host.settle().await?;
    Ok(())
}

async fn report(world: &World) -> Result<ProgramReport> {
    let request = GetProgramReportRequest { program_id: world.program.clone() };
    let answer = world.clients.reports.clone().get_program_report(world.clients.manager(request)?).await?;
    answer.into_inner().report.context("the report")
}

/// Does something for each, some at once; the first failure ends it.
async fn together<T, F: Future<Output = Result<()>>>(items: Vec<T>, act: impl Fn(T) -> F) -> Result<()> {
    stream::iter(items).map(act).buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await.map(drop)
}
