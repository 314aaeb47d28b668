//! `mentor demo`: a year of a mentoring program in a minute, with its report.

mod organisation;
mod progress;
mod report;
mod simulation;

use crate::embedded::{self, TENANT};
use anyhow::{Context, Result};
use clap::Args;
use kernel::{Clock, ManualClock};
use progress::Progress;
use runtime::{Host, embedded::Durability};
use simulation::{Clients, Dice, Files, World};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Runs a whole mentoring program on the embedded default and writes its report.
#[derive(Args)]
pub(crate) struct Demo {
    /// The organisation as a CSV file (columns employee_id, manager_id, job_title, grade, profession, unit,
    /// organisation, parent_organisation, fte; display_name and email are optional). Without it one is made up.
    #[arg(long, value_name = "FILE.csv")]
    people: Option<PathBuf>,
    /// The same organisation half a year later: joiners, leavers, changed managers arrive on day 182.
    #[arg(long, value_name = "FILE.csv", requires = "people")]
    then: Option<PathBuf>,
    /// How many people a made-up organisation has.
    #[arg(long, default_value_t = organisation::SIZE, conflicts_with = "people", value_parser = people_count)]
    size: usize,
    /// Another seed, another year.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many days to simulate; the program starts on day 35.
    #[arg(long, default_value_t = simulation::LAST_DAY, value_parser = clap::value_parser!(i64).range(36..=1000))]
    days: i64,
    /// Where report.html and report.json are written.
    #[arg(long, value_name = "FOLDER", default_value = "report")]
    out: PathBuf,
    /// Prints the report as JSON, and nothing else, on standard output.
    #[arg(long)]
    json: bool,
}

/// A size that makes sense.
fn people_count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(size @ 20..=100_000) => Ok(size),
        _ => Err("must be a number between 20 and 100000".to_owned()),
    }
}

/// Monday, 6 January 2025, 09:00 UTC.
const START: i64 = 1_736_154_000;

pub(crate) async fn run(demo: Demo) -> Result<()> {
    let dice = Dice::new(demo.seed);
    let files = demo.files(dice)?;
    fs::create_dir_all(&demo.out).with_context(|| format!("can't make the folder {}", demo.out.display()))?;
    let progress = Progress::new(demo.days);
    progress.say("start a private Postgres and the suite");
    let folder = tempfile::Builder::new().prefix("mentor-demo-").tempdir()?;
    let (postgres, mut config) = embedded::prepare(folder.path(), Durability::Throwaway).await?;
    // The simulation is one client with many people; it is not what the limits are for.
    config.limits.calls_per_second = 1_000_000;
    config.limits.burst = 1_000_000;
    config.server.listen.set_port(0);
    config.http.listen.set_port(0);

    let start = jiff::Timestamp::from_second(START)?;
    let clock = ManualClock::at(start);
    let builder = embedded::services().into_iter().fold(Host::builder(config), runtime::HostBuilder::entry);
    let host = builder.clock(clock.clone()).start().await.map_err(|error| anyhow::anyhow!("{error:?}"))?;
    let issuer = host.issuer().context("the development issuer is on")?.clone();
    let clients = Clients::connect(&host.url(), issuer, TENANT, clock.clone()).await?;
    let mut world = World::new(host, clock, clients, dice, start);

    let (report, imports) = simulation::run(&mut world, files, demo.days, &progress).await?;
    let seconds = progress.finish();
    let facts = report::Facts::new(&world, &imports, seconds);
    world.host.shutdown().await;
    drop(postgres);
    report::write(&demo.out, &report, &facts)?;
    if demo.json {
        println!("{}", report::json(&report, &facts)?);
    } else {
        println!("{}", report::summary(&report, &facts, &demo.out));
    }
    Ok(())
}

impl Demo {
    fn files(&self, dice: Dice) -> Result<Files> {
        let Some(first) = &self.people else {
            let first = organisation::first_day(self.size, dice)?.into_bytes();
            return Ok(Files {
                first,
                second: Some(organisation::half_a_year_later(self.size, dice)?.into_bytes()),
            });
        };
        Ok(Files { first: read(first)?, second: self.then.as_deref().map(read).transpose()? })
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("can't read {}", path.display()))
}

/// The simulation's clock, seen as what the suite is given.
type SharedManual = Arc<ManualClock>;

impl World {
    fn new(host: Host, clock: SharedManual, clients: Clients, dice: Dice, start: jiff::Timestamp) -> Self {
        debug_assert_eq!(clock.now(), start);
        World {
            host,
            clock,
            clients,
            dice,
            start,
            program: String::new(),
            courses: Default::default(),
            people: Default::default(),
            calendar: Vec::new(),
            seen: Default::default(),
        }
    }
}
