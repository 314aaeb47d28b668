//! What calls cost, each beside its reference on the same Postgres in the same minute: ABAB, the median of the rounds.
//!
//! `cargo bench -p tests --bench load` measures calls; `-- footprint` the memory and the start of the program that
//! `MENTOR_BIN` names; `-- scim` imports people over SCIM; `-- hop` measures the gateway's hop alone; `-- leaving`, with
//! that program, how soon whoever is out is refused. `ROUNDS` and
//! `SECONDS` (of each half of a round) change how long it takes. `cargo xtask bench` runs all with everything they need,
//! and judges the figures.

// The optimizer lays the clients' calls into each other, deeper than the usual limit.
#![recursion_limit = "256"]

mod driver;
mod explain;
mod footprint;
mod hop;
mod leaving;
mod pgbench;
mod reads;
mod reference;
mod round_trips;
mod scim;
mod world;
mod writes;

use anyhow::{Result, bail};

fn main() -> Result<()> {
    let wishes: Vec<String> = std::env::args().skip(1).filter(|wish| !wish.starts_with('-')).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match wishes.first().map(String::as_str) {
            None => calls().await,
            Some("footprint") => footprint::measure().await,
            Some("scim") => scim::measure().await,
            Some("leaving") => leaving::measure().await,
            Some("hop") => hop::report(&world::World::start().await?, Plan::from_environment()?).await,
            Some(other) => {
                bail!("'{other}' is not measured here; `footprint`, `hop`, `leaving`, `scim` or nothing")
            }
        }
    })
}

async fn calls() -> Result<()> {
    let world = world::World::start().await?;
    round_trips::report(&world).await?;
    let (plan, pgbench) = (Plan::from_environment()?, pgbench::Pgbench::find()?);
    explain::report(&world).await?;
    reads::report(&world, &pgbench, plan).await?;
    writes::report(&world, &pgbench, plan).await?;
    hop::report(&world, plan).await
}

/// How long to measure.
#[derive(Clone, Copy)]
struct Plan {
    rounds: u32,
    seconds: u32,
}

impl Plan {
    fn from_environment() -> Result<Plan> {
        Ok(Plan { rounds: number("ROUNDS", 5)?, seconds: number("SECONDS", 3)? })
    }
}

fn number(variable: &str, default: u32) -> Result<u32> {
    match std::env::var(variable) {
        Ok(text) => Ok(text.parse::<u32>()?.max(1)),
        Err(_) => Ok(default),
    }
}

/// Prints a figure beside its reference, both by the second.
fn compare(what: &str, figures: &[f64], reference: &str, references: &[f64]) {
    let (ours, theirs) = (median(figures), median(references));
    println!(
        "{what}: {ours:.0} calls/s; {reference}: {theirs:.0} transactions/s; ratio {:.2}",
        ours / theirs
    );
}

fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
