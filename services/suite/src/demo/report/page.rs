//! `report.html`: one file, no other needed.

use super::{
    Facts,
    charts::{self, Series},
    percent,
};
use anyhow::Result;
use askama::Template;
use contracts::mentor::{common::v1::MatchEnding, evaluation::v1::ProgramReport};

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    name: &'a str,
    as_of: String,
    facts: &'a Facts,
    tiles: Vec<(&'static str, String)>,
    health: String,
    meetings: String,
    scores: String,
    funnel: String,
    endings: Vec<(&'static str, i32)>,
    units: Vec<Unit>,
    suppressed: usize,
}

struct Unit {
    name: String,
    people: i32,
    participants: i32,
    share: String,
}

/// The page as text.
pub(crate) fn render(report: &ProgramReport, facts: &Facts) -> Result<String> {
    let as_of = report.as_of.as_ref().and_then(contracts::time::from_timestamp);
    let page = Page {
        name: &report.program_name,
        as_of: as_of.map(|at| at.strftime("%-d %B %Y").to_string()).unwrap_or_default(),
        facts,
        tiles: tiles(report),
        health: health(report),
        meetings: meetings(report),
        scores: scores(report),
        funnel: funnel(report),
        endings: report.endings.iter().map(|row| (ending(row.ending()), row.matches)).collect(),
        units: units(report),
        suppressed: report.units.iter().filter(|unit| unit.suppressed).count(),
    };
    Ok(page.render()?)
}

fn tiles(report: &ProgramReport) -> Vec<(&'static str, String)> {
    let matches = report.matches.unwrap_or_default();
    let satisfaction = report.satisfaction.unwrap_or_default();
    let rating = |n: Option<i32>| n.map_or_else(|| "–".to_owned(), |n| format!("{}.{:02}", n / 100, n % 100));
    vec![
        ("pairs became active", matches.activated.to_string()),
        ("of the ready mentees matched", percent(report.match_rate_basis_points)),
        ("of the required meetings held", percent(report.adherence_basis_points)),
        ("rating by mentees, of 5", rating(satisfaction.mentee_rating)),
        ("rating by mentors, of 5", rating(satisfaction.mentor_rating)),
        ("pairs lasted their time", matches.completed.to_string()),
    ]
}

fn health(report: &ProgramReport) -> String {
    let names: Vec<String> = report.health.iter().map(|month| short(&month.month)).collect();
    let of = |get: fn(&contracts::mentor::evaluation::v1::HealthMonth) -> i32| {
        report.health.iter().map(get).collect()
    };
    charts::stacked(
        &names,
        &[
            Series { name: "healthy", color: "#2f855a", values: of(|m| m.healthy) },
            Series { name: "to be watched", color: "#d69e2e", values: of(|m| m.watch) },
            Series { name: "at risk", color: "#c53030", values: of(|m| m.at_risk) },
            Series { name: "too early", color: "#a0aec0", values: of(|m| m.too_early) },
        ],
    )
}

fn meetings(report: &ProgramReport) -> String {
    let names: Vec<String> = report.meetings.iter().map(|month| short(&month.month)).collect();
    let of = |get: fn(&contracts::mentor::evaluation::v1::MeetingMonth) -> i32| {
        report.meetings.iter().map(get).collect()
    };
    charts::grouped(
        &names,
        &[
            Series { name: "required by policy", color: "#a0aec0", values: of(|m| m.required) },
            Series { name: "held", color: "#2f855a", values: of(|m| m.held) },
            Series { name: "missed", color: "#c53030", values: of(|m| m.missed) },
        ],
    )
}

fn scores(report: &ProgramReport) -> String {
    let names: Vec<String> = report.scores.iter().map(|bar| format!("{}+", bar.from_score)).collect();
    let values = report.scores.iter().map(|bar| bar.matches).collect();
    charts::stacked(&names, &[Series { name: "pairs", color: "#2b6cb0", values }])
}

fn funnel(report: &ProgramReport) -> String {
    let funnel = report.funnel.unwrap_or_default();
    charts::funnel(&[
        ("invited", funnel.invited),
        ("applied", funnel.applied),
        ("endorsed", funnel.endorsed),
        ("accepted", funnel.accepted),
        ("ready", funnel.ready),
        ("matched", funnel.matched),
        ("met", funnel.met),
        ("completed", funnel.completed),
    ])
}

fn units(report: &ProgramReport) -> Vec<Unit> {
    let shown = report.units.iter().filter_map(|unit| {
        let (people, participants) = (unit.people?, unit.participants?);
        let share = percent(participants.saturating_mul(10_000) / people.max(1));
        Some(Unit { name: unit.unit.clone(), people, participants, share })
    });
    shown.collect()
}

/// "Mar 25" of "2025-03".
fn short(month: &str) -> String {
    const NAMES: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let number = month.get(5..).and_then(|m| m.parse::<usize>().ok()).unwrap_or(0);
    let name = number.checked_sub(1).and_then(|index| NAMES.get(index));
    name.map_or_else(|| month.to_owned(), |name| format!("{name} {}", month.get(2..4).unwrap_or_default()))
}

fn ending(ending: MatchEnding) -> &'static str {
    match ending {
        MatchEnding::Unspecified => "unknown",
        MatchEnding::Completed => "lasted their planned time",
        MatchEnding::NoFault => "ended without fault",
        MatchEnding::Leaver => "somebody left the organisation",
        MatchEnding::Withdrawn => "somebody withdrew from the program",
        MatchEnding::ProgramClosed => "the program closed",
        MatchEnding::ReportingLine => "the two came into one reporting line",
    }
}
