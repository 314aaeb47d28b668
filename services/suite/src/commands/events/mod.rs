//! `mentor events`: what could not be handled, what is not published yet, and another try.

mod find;
mod list;
mod replay;
mod retell;
mod show;

use crate::{advice, connect, help::examples, services, settings::Settings};
use anyhow::Result;
use clap::{Args, Subcommand};
use kernel::{TenantId, Uuid};
use runtime::StartError;
use storage::Database;

/// List, show and replay events that could not be handled or are not published yet.
///
/// An event that a service fails to handle is tried again with growing delay; at the limit (messaging.attempts) it is
/// dead, and blocks what follows in its aggregate until it is replayed. An event that is not published waits in the
/// outbox of the service that emitted it.
#[derive(Args)]
#[command(after_help = examples(&[
    ("mentor events list", "dead ones, waiting ones, unpublished ones, of all services"),
    ("mentor events show 01941f29-7c00-7000-8000-000000000001", "its headers, its fate, its body as JSON"),
    ("mentor events replay --all --service scheduling", "try every dead event of one service again"),
    ("mentor events retell", "after an upgrade whose notes ask for it: tell of everybody in the directory again"),
]))]
pub(crate) struct Events {
    #[command(subcommand)]
    action: Action,
    /// Look at this service only; may be repeated. All where none is named.
    #[arg(long, global = true, value_name = "SERVICE", value_parser = services::parser())]
    service: Vec<String>,
    /// Print JSON, and nothing else.
    #[arg(long, global = true)]
    json: bool,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Subcommand)]
enum Action {
    /// List what is dead, waits to be tried again, or is not published; the oldest first.
    List {
        /// At most so many of each kind and service.
        #[arg(long, value_name = "NUMBER", default_value_t = 100)]
        limit: u32,
        /// Only what is dead.
        #[arg(long)]
        dead: bool,
    },
    /// Show an event: its headers, what happened to it, its body as JSON.
    Show {
        /// The event's id, from the list or a log line.
        #[arg(value_name = "ID")]
        id: Uuid,
    },
    /// Try dead events again, or publish one again that was published; whoever has handled it knows it again.
    #[command(group = clap::ArgGroup::new("which").required(true))]
    Replay {
        /// The event's id.
        #[arg(value_name = "ID", group = "which")]
        id: Option<Uuid>,
        /// Every dead event.
        #[arg(long, group = "which")]
        all: bool,
    },
    /// Tell every service again of everybody in the directory, as when they came: for one whose tables are newer than the
    /// people. What is known already does not change; webhooks that ask for PersonUpserted hear it, too.
    Retell {
        /// Only the people of this tenant.
        #[arg(long, value_name = "ID")]
        tenant: Option<Uuid>,
    },
}

pub(crate) async fn run(events: Events) -> Result<()> {
    let config = events.settings.load()?;
    if !config.database.url.is_set() {
        return Err(advice::setting("database.url is not set, so there is nowhere to look"));
    }
    let mut databases = Vec::new();
    for entry in services::chosen(&events.service) {
        let db = connect::database(&config, entry.name).await.map_err(advice::explain)?;
        let missing = storage::pending(&db, entry.migrations).await.map_err(advice::explain)?;
        if !missing.is_empty() {
            return Err(advice::start(StartError::MigrationsPending(missing)));
        }
        databases.push(db);
    }
    act(events.action, events.json, &databases).await
}

async fn act(action: Action, json: bool, databases: &[Database]) -> Result<()> {
    match action {
        Action::List { limit, dead } => list::run(databases, i64::from(limit), dead, json).await,
        Action::Show { id } => show::run(databases, id, json).await,
        Action::Replay { id: Some(id), .. } => replay::one(databases, id, json).await,
        Action::Replay { id: None, .. } => replay::all(databases, json).await,
        Action::Retell { tenant } => retell::run(databases, tenant.map(TenantId), json).await,
    }
}
