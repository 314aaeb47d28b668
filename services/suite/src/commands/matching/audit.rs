//! `mentor match audit`: are groups treated alike.

use super::input::{BadInput, Result as Read, Table, What};
use crate::help::examples;
use anyhow::Result;
use assignment::audit::{Attributes, Audited, Line, Report, audit};
use clap::Args;
use comfy_table::{Cell, CellAlignment, Color, Table as Grid, presets::UTF8_HORIZONTAL_ONLY};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

/// Audit decisions: selection and scoring rates by group, impact ratios and their significance.
///
/// Protected attributes enter the program here and nowhere else; nothing of them reaches a score. Rates, ratios and
/// intersections follow the four-fifths rule (29 CFR 1607.4 D) and 6 RCNY 5-301: the impact ratio of a group is its rate
/// over the highest rate. The scoring rate counts scores above the median. An empty attribute is unknown; groups below
/// 2 % are marked and never the measure of others.
#[derive(Args)]
#[command(after_help = examples(&[
    ("mentor match audit --decisions decisions.csv", "a table for each attribute and each pair of attributes"),
    ("mentor match audit --decisions decisions.csv --attribute gender --json", "one attribute, as JSON"),
]))]
pub(super) struct Audit {
    /// The decisions. Columns person, selected (yes or no), score (may be missing or empty); the others are attributes.
    #[arg(long, value_name = "FILE")]
    decisions: PathBuf,
    /// Audit this attribute only, and its crossings with others named. May be repeated.
    #[arg(long, value_name = "COLUMN")]
    attribute: Vec<String>,
    /// Print JSON, and nothing else.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Audit) -> Result<()> {
    let (attributes, outcomes) = read(&arguments.decisions, &arguments.attribute)?;
    let reports = audit(&attributes, &outcomes)?;
    if arguments.json {
        let reports: Vec<Value> = reports.iter().map(json).collect();
        println!("{}", serde_json::to_string_pretty(&reports)?);
    } else {
        reports.iter().for_each(print);
    }
    Ok(())
}

fn read(file: &Path, chosen: &[String]) -> Read<(Attributes, Vec<Audited>)> {
    let mut table = Table::open(file)?;
    let (person, selected) = (table.column("person")?, table.column("selected")?);
    let score = table.header().iter().position(|name| name == "score");
    let columns = attributes(&table, chosen, &[Some(person), Some(selected), score])?;
    let mut values = vec![Vec::new(); columns.len()];
    let (mut outcomes, mut seen) = (Vec::new(), HashMap::new());
    while let Some(row) = table.next()? {
        let id = row.id(person)?;
        if let Some(first) = seen.insert(id.to_owned(), row.number()) {
            return Err(row.wrong(person, What::Twice { record: format!("person `{id}`"), first }));
        }
        outcomes.push(Audited {
            selected: decision(row.id(selected)?).map_err(|what| row.wrong(selected, what))?,
            score: score.filter(|&at| !row.bytes(at).is_empty()).map(|at| row.whole(at)).transpose()?,
        });
        for ((column, _), values) in columns.iter().zip(&mut values) {
            let value = row.text(*column)?;
            values.push((!value.is_empty()).then(|| value.to_owned()));
        }
    }
    if outcomes.is_empty() {
        return Err(BadInput::file(file, What::Empty("person")));
    }
    let people = outcomes.len();
    let mut named = columns.into_iter().map(|(_, name)| name).zip(values);
    let attributes = named.try_fold(Attributes::new(people), |all, (name, values)| all.with(&name, values));
    let attributes = attributes.map_err(|error| {
        BadInput::file(file, What::Criteria { record: "attributes".to_owned(), reason: error.to_string() })
    })?;
    Ok((attributes, outcomes))
}

fn attributes(table: &Table, chosen: &[String], taken: &[Option<usize>]) -> Read<Vec<(usize, String)>> {
    if chosen.is_empty() {
        let columns = table.header().iter().cloned().enumerate();
        return Ok(columns.filter(|(at, _)| !taken.contains(&Some(*at))).collect());
    }
    chosen.iter().map(|name| Ok((table.column(name)?, name.clone()))).collect()
}

fn decision(text: &str) -> std::result::Result<bool, What> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" | "1" => Ok(true),
        "no" | "false" | "0" => Ok(false),
        _ => Err(What::Form { text: text.to_owned(), expected: "yes or no".to_owned() }),
    }
}

fn json(report: &Report) -> Value {
    let rate = |rate: &assignment::audit::Rate| json!({ "hits": rate.hits, "of": rate.of });
    let line = |line: &Line| {
        json!({
            "group": line.group,
            "selection": rate(&line.selection),
            "selection_impact": line.selection_impact as f64 / 1000.0,
            "scoring": rate(&line.scoring),
            "scoring_impact": line.scoring_impact as f64 / 1000.0,
            "fisher": line.fisher,
            "deviations": line.deviations,
            "below_four_fifths": line.below_four_fifths(),
            "small": line.small,
        })
    };
    json!({
        "attributes": report.attributes,
        "unknown": report.unknown,
        "groups": report.lines.iter().map(line).collect::<Vec<_>>(),
    })
}

fn print(report: &Report) {
    let mut grid = Grid::new();
    grid.load_preset(UTF8_HORIZONTAL_ONLY);
    let group = report.attributes.join(" × ");
    grid.set_header([
        &group,
        "people",
        "selected",
        "impact",
        "above median",
        "impact",
        "Fisher p",
        "deviations",
        "",
    ]);
    for line in &report.lines {
        grid.add_row(cells(line));
    }
    println!("{grid}");
    if report.unknown > 0 {
        println!(
            "{} left out, because a value is unknown",
            super::tell::counted(report.unknown as i64, "person")
        );
    }
    println!();
}

fn cells(line: &Line) -> Vec<Cell> {
    let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
    let percent = |rate: &assignment::audit::Rate| {
        let tenths = (rate.basis_points() + 5) / 10;
        format!("{}.{} %", tenths / 10, tenths % 10)
    };
    let ratio = |permille: u64| format!("{}.{:02}", (permille + 5) / 1000, (permille + 5) % 1000 / 10);
    let low = line.below_four_fifths() && !line.small;
    let impact = right(ratio(line.selection_impact));
    let remark = match (line.small, low) {
        (true, _) => "below 2 % of the people",
        (_, true) if line.deviations >= 2.0 => "below four fifths, significant",
        (_, true) => "below four fifths",
        _ if line.deviations >= 2.0 => "significant",
        _ => "",
    };
    vec![
        Cell::new(line.group.join(", ")),
        right(line.selection.of.to_string()),
        right(percent(&line.selection)),
        if low { impact.fg(Color::Red) } else { impact },
        right(percent(&line.scoring)),
        right(ratio(line.scoring_impact)),
        right(format!("{:.4}", line.fisher)),
        right(format!("{:.1}", line.deviations)),
        Cell::new(remark),
    ]
}
