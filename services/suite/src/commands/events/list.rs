//! `mentor events list`.

use super::find::{Found, State};
use crate::advice;
use anyhow::Result;
use owo_colors::{OwoColorize, Stream::Stdout, Style};
use storage::Database;

pub(super) async fn run(databases: &[Database], limit: i64, dead_only: bool, json: bool) -> Result<()> {
    let mut found = Vec::new();
    for db in databases {
        found.extend(in_service(db, limit, dead_only).await.map_err(advice::explain)?);
    }
    if json {
        println!("{}", serde_json::to_string_pretty(&found)?);
        return Ok(());
    }
    found.iter().for_each(print);
    let count = |state: State| found.iter().filter(|found| found.state == state).count();
    if found.is_empty() {
        println!("Nothing waits: no dead events, none to be tried again, none unpublished.");
        return Ok(());
    }
    println!(
        "{} dead, {} waiting to be tried again, {} unpublished",
        count(State::Dead),
        count(State::Waiting),
        count(State::Unpublished)
    );
    if count(State::Dead) > 0 {
        println!(
            "`mentor events show ID` shows one; mend the cause, then `mentor events replay ID` or `--all`."
        );
    }
    Ok(())
}

async fn in_service(db: &Database, limit: i64, dead_only: bool) -> kernel::Result<Vec<Found>> {
    let service = db.service();
    let parked = db.parked_list(dead_only, limit).await?;
    let mut found: Vec<Found> =
        parked.into_iter().map(|(tenant, parked)| Found::parked(service, tenant, parked)).collect();
    if !dead_only {
        found.extend(db.outbox_list(limit).await?.into_iter().map(|row| Found::outbox(service, row, None)));
    }
    Ok(found)
}

/// Two lines: what it is, and what is with it. The error may name people's data, so only its first line is shown.
fn print(found: &Found) {
    let style = match found.state {
        State::Dead => Style::new().red().bold(),
        State::Waiting => Style::new().yellow(),
        State::Unpublished | State::Published => Style::new().blue(),
    };
    let state = format!("{:<11}", found.state.name());
    println!(
        "{}  {}  {:<10}  {}",
        state.if_supports_color(Stdout, |text| text.style(style)),
        found.id,
        found.service,
        found.short_type()
    );
    let mut facts = format!("{} {}, happened {}", found.aggregate, found.subject, found.occurred_at);
    if found.attempts > 0 {
        facts.push_str(&format!(", tried {}x", found.attempts));
    }
    if let Some(next) = found.next_at {
        facts.push_str(&format!(", again {next}"));
    }
    println!("             {facts}");
    if let Some(error) = found.error.as_deref().and_then(|error| error.lines().next()) {
        println!("             {error}");
    }
}
