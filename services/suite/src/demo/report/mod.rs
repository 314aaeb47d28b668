//! The report for people: a page with charts, JSON, and a table on the terminal. Every number comes from the
//! evaluation service's report; only the facts about the run itself (calls, seconds) are counted here.

mod charts;
mod page;
mod terminal;

pub(crate) use terminal::summary;

use super::simulation::{Imports, World};
use anyhow::{Context, Result};
use contracts::mentor::{enrollment::v1::ImportSummary, evaluation::v1::ProgramReport};
use prost::Message;
use std::{collections::BTreeMap, fs, path::Path};

/// Facts about the run.
pub(crate) struct Facts {
    pub(crate) people: i64,
    pub(crate) days: i64,
    pub(crate) calls: u64,
    pub(crate) refusals: BTreeMap<String, u64>,
    pub(crate) seconds: f64,
    pub(crate) second: Option<ImportSummary>,
}

impl Facts {
    pub(crate) fn new(world: &World, imports: &Imports, seconds: f64) -> Self {
        Facts {
            people: imports.first.active,
            days: world.day(),
            calls: world.clients.calls(),
            refusals: world.clients.refusals(),
            seconds,
            second: imports.second,
        }
    }
}

/// Writes `report.html` and `report.json`.
pub(crate) fn write(folder: &Path, report: &ProgramReport, facts: &Facts) -> Result<()> {
    let put = |name: &str, text: String| {
        let path = folder.join(name);
        fs::write(&path, text).with_context(|| format!("can't write {}", path.display()))
    };
    put("report.html", page::render(report, facts)?)?;
    put("report.json", json(report, facts)?)
}

/// The report as canonical protobuf JSON, with the facts about the run beside it.
pub(crate) fn json(report: &ProgramReport, facts: &Facts) -> Result<String> {
    let descriptor = contracts::pool()
        .get_message_by_name("mentor.evaluation.v1.ProgramReport")
        .context("the report's descriptor")?;
    let message = prost_reflect::DynamicMessage::decode(descriptor, report.encode_to_vec().as_slice())?;
    let options = prost_reflect::SerializeOptions::new().skip_default_fields(false);
    let mut report = Vec::new();
    message.serialize_with_options(&mut serde_json::Serializer::new(&mut report), &options)?;
    let report: serde_json::Value = serde_json::from_slice(&report)?;
    let run = serde_json::json!({
        "people": facts.people, "days": facts.days, "calls": facts.calls, "refusals": facts.refusals,
        "seconds": (facts.seconds * 10.0).round() / 10.0,
    });
    Ok(serde_json::to_string_pretty(&serde_json::json!({ "report": report, "run": run }))?)
}

/// Hundredths of a percent as text.
fn percent(basis_points: i32) -> String {
    format!("{}.{} %", basis_points / 100, basis_points % 100 / 10)
}
