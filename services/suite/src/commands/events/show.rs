//! `mentor events show`.

use super::find::Found;
use crate::advice;
use anyhow::{Context, Result};
use kernel::Uuid;
use owo_colors::{OwoColorize, Stream::Stdout};
use prost_reflect::DynamicMessage;
use serde_json::{Value, json};
use storage::Database;

pub(super) async fn run(databases: &[Database], id: Uuid, json: bool) -> Result<()> {
    let found = everywhere(databases, id).await?;
    let Some(first) = found.first() else {
        return Err(unknown(id));
    };
    let body = body(first)?;
    if json {
        println!("{}", serde_json::to_string_pretty(&json!({ "found": found, "body": body }))?);
        return Ok(());
    }
    line("event", first.id);
    line("type", &first.type_name);
    line("tenant", first.tenant);
    line("subject", format!("{} {}", first.aggregate, first.subject));
    line("happened", first.occurred_at);
    line("actor", &first.actor);
    line("correlation", first.correlation);
    if let Some(causation) = first.causation {
        line("causation", causation);
    }
    for found in &found {
        line(found.service, fate(found));
        if let Some(error) = &found.error {
            line("", error);
        }
    }
    println!("{}", serde_json::to_string_pretty(&body)?);
    Ok(())
}

/// In the hands of every service that has it: parked ones first, as they are why somebody looks.
pub(super) async fn everywhere(databases: &[Database], id: Uuid) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    for db in databases {
        if let Some((tenant, parked)) = db.parked_show(id).await.map_err(advice::explain)? {
            found.push(Found::parked(db.service(), tenant, parked));
        }
    }
    for db in databases {
        if let Some((row, published)) = db.outbox_show(id).await.map_err(advice::explain)? {
            found.push(Found::outbox(db.service(), row, published));
        }
    }
    Ok(found)
}

pub(super) fn unknown(id: Uuid) -> anyhow::Error {
    advice::advise(
        format!("no event {id} here: it is neither parked nor in an outbox"),
        "`mentor events list` shows what waits; published events leave the outbox after retention.outbox",
    )
}

/// The protobuf body, by its descriptor.
fn body(found: &Found) -> Result<Value> {
    let Some(descriptor) = contracts::pool().get_message_by_name(&found.type_name) else {
        return Ok(json!({ "undecodable": format!("{} is not a type of this version", found.type_name) }));
    };
    match DynamicMessage::decode(descriptor, found.payload.as_slice()) {
        Ok(message) => serde_json::to_value(&message).context("the body as JSON"),
        Err(error) => Ok(json!({ "undecodable": error.to_string(), "bytes": found.payload.len() })),
    }
}

fn fate(found: &Found) -> String {
    let mut text = found.state.name().to_owned();
    if found.attempts > 0 {
        text.push_str(&format!(", tried {}x", found.attempts));
    }
    if let Some(at) = found.next_at {
        text.push_str(&format!(", again {at}"));
    }
    if let Some(at) = found.published_at {
        text.push_str(&format!(" {at}"));
    }
    text
}

fn line(name: &str, value: impl std::fmt::Display) {
    let name = format!("{name:<12}");
    println!("{} {value}", name.if_supports_color(Stdout, |text| text.bold()));
}
