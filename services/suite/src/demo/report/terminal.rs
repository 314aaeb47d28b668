//! The table at the end of the run.

use super::{Facts, percent};
use comfy_table::{Cell, CellAlignment, Color, Table, presets::UTF8_BORDERS_ONLY};
use contracts::mentor::{common::v1::MatchEnding, evaluation::v1::ProgramReport};
use owo_colors::{OwoColorize, Stream::Stdout};
use std::path::Path;

/// A coloured table of what the program achieved, and where to read more.
pub(crate) fn summary(report: &ProgramReport, facts: &Facts, folder: &Path) -> String {
    let mut table = Table::new();
    table.load_preset(UTF8_BORDERS_ONLY);
    for (name, value, color) in rows(report) {
        let value = Cell::new(value).set_alignment(CellAlignment::Right);
        table.add_row(vec![Cell::new(name), if let Some(color) = color { value.fg(color) } else { value }]);
    }
    let title = format!("{}: {} people, {} days", report.program_name, facts.people, facts.days);
    format!(
        "{}\n{table}\n{} calls in {:.1} s; the report is in {} and {}",
        title.if_supports_color(Stdout, |text| text.bold()),
        facts.calls,
        facts.seconds,
        folder.join("report.html").display(),
        folder.join("report.json").display()
    )
}

fn rows(report: &ProgramReport) -> Vec<(&'static str, String, Option<Color>)> {
    let funnel = report.funnel.unwrap_or_default();
    let matches = report.matches.unwrap_or_default();
    let satisfaction = report.satisfaction.unwrap_or_default();
    let held: i32 = report.meetings.iter().map(|month| month.held).sum();
    let missed: i32 = report.meetings.iter().map(|month| month.missed).sum();
    let last =
        report.health.iter().rfind(|m| m.healthy + m.watch + m.at_risk > 0).cloned().unwrap_or_default();
    let known = (last.healthy + last.watch + last.at_risk).max(1);
    vec![
        ("invited", funnel.invited.to_string(), None),
        ("applied", funnel.applied.to_string(), None),
        ("accepted", funnel.accepted.to_string(), None),
        ("trained and ready", funnel.ready.to_string(), None),
        ("pairs that became active", matches.activated.to_string(), Some(Color::Green)),
        (
            "mentees matched, of those ready",
            percent(report.match_rate_basis_points),
            grade(report.match_rate_basis_points),
        ),
        ("pairs that lasted their time", matches.completed.to_string(), Some(Color::Green)),
        ("pairs that ended before", matches.ended_early.to_string(), None),
        ("  of them because somebody left", ended(report, MatchEnding::Leaver), None),
        ("  of them without fault", ended(report, MatchEnding::NoFault), None),
        ("meetings held / missed", format!("{held} / {missed}"), None),
        (
            "meetings held, of those required",
            percent(report.adherence_basis_points),
            grade(report.adherence_basis_points),
        ),
        (
            "pairs healthy in the last full month",
            percent(last.healthy * 10_000 / known),
            grade(last.healthy * 10_000 / known),
        ),
        (
            "check-ins answered",
            format!("{} of {}", satisfaction.check_ins_answered, satisfaction.check_ins_opened),
            None,
        ),
        ("rating by mentees (of 5)", rating(satisfaction.mentee_rating), None),
        ("rating by mentors (of 5)", rating(satisfaction.mentor_rating), None),
        ("reviews that ended a pair", format!("{} of {}", report.reviews_ended, report.reviews_opened), None),
        ("participants who left the organisation", report.leavers.to_string(), None),
    ]
}

fn ended(report: &ProgramReport, why: MatchEnding) -> String {
    report.endings.iter().filter(|row| row.ending() == why).map(|row| row.matches).sum::<i32>().to_string()
}

fn rating(hundredths: Option<i32>) -> String {
    hundredths.map_or_else(|| "too few answers".to_owned(), |n| format!("{}.{:02}", n / 100, n % 100))
}

fn grade(basis_points: i32) -> Option<Color> {
    Some(match basis_points {
        7500.. => Color::Green,
        5000.. => Color::Yellow,
        _ => Color::Red,
    })
}
