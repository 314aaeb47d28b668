//! `mentor events replay`.

use super::{
    find::State,
    show::{everywhere, unknown},
};
use crate::advice;
use anyhow::Result;
use kernel::Uuid;
use serde_json::json;
use storage::Database;

/// One event: where it is dead it is tried again; where it is only published it is published again.
pub(super) async fn one(databases: &[Database], id: Uuid, json: bool) -> Result<()> {
    let found = everywhere(databases, id).await?;
    if found.is_empty() {
        return Err(unknown(id));
    }
    let (mut replayed, mut republished) = (Vec::new(), Vec::new());
    for db in databases {
        let now = db.clock().now();
        if db.parked_replay(Some(id), now).await.map_err(advice::explain)? > 0 {
            replayed.push(db.service());
        }
    }
    let parked = found.iter().any(|found| matches!(found.state, State::Dead | State::Waiting));
    for db in databases.iter().filter(|_| !parked) {
        if db.outbox_republish(id).await.map_err(advice::explain)? {
            republished.push(db.service());
        }
    }
    if json {
        println!("{}", json!({ "replayed": replayed, "republished": republished }));
    } else if !replayed.is_empty() {
        println!("{id} is due again in {}; a running server handles it within seconds.", replayed.join(", "));
    } else if !republished.is_empty() {
        println!(
            "{id} is published again by {}; whoever has handled it knows it again.",
            republished.join(", ")
        );
    } else {
        println!("{id} is not dead: it is tried again by itself.");
    }
    Ok(())
}

/// Every dead event of these services.
pub(super) async fn all(databases: &[Database], json: bool) -> Result<()> {
    let mut counts = serde_json::Map::new();
    for db in databases {
        let replayed = db.parked_replay(None, db.clock().now()).await.map_err(advice::explain)?;
        counts.insert(db.service().to_owned(), replayed.into());
    }
    if json {
        println!("{}", json!({ "replayed": counts }));
        return Ok(());
    }
    for (service, replayed) in &counts {
        println!("{service:<12} {replayed} due again");
    }
    println!("Running servers handle them within seconds; `mentor events list` shows what is left.");
    Ok(())
}
