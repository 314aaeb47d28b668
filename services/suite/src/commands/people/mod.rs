//! `mentor people`: the people of the organisation, through a running gateway.

mod import;
mod mapping;
mod show;

use crate::help::examples;
use anyhow::Result;
use clap::{Args, Subcommand};

/// Bring people in from a file, through the API of a running gateway.
///
/// Everything else that brings people (folders, SFTP, LDAP, HRIS APIs, SCIM) is set up with SourceService and
/// ConnectionService; this command is one client of them.
#[derive(Args)]
#[command(after_help = examples(&[
    ("mentor people import staff.csv --token-file hr.token --dry-run", "who would come, change and leave"),
    ("mentor people import staff.csv --token-file hr.token", "do it: whoever is not in the file leaves"),
    ("mentor people import changes.csv --token-file hr.token --delta", "changes only"),
]))]
pub(crate) struct People {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    Import(import::Import),
}

pub(crate) async fn run(people: People) -> Result<()> {
    match people.action {
        Action::Import(import) => import::run(import).await,
    }
}
