//! What a run found, on the screen.

use super::{
    explain::Explained,
    output,
    tell::{counted, points},
    terms::Terms,
};
use anyhow::Result;
use assignment::{Mode, Outcome};
use owo_colors::{OwoColorize, Stream::Stdout};
use serde_json::json;
use std::{path::PathBuf, time::Duration};

/// How long each step took.
pub(super) struct Times {
    pub(super) reading: Duration,
    pub(super) solving: Duration,
    pub(super) verifying: Option<Duration>,
}

/// Prints it as text or JSON.
pub(super) fn print(
    explained: &Explained<'_>,
    terms: &Terms,
    times: &Times,
    files: &[PathBuf],
) -> Result<()> {
    let kept = kept(explained);
    if terms.json {
        println!("{}", serde_json::to_string_pretty(&summary(explained, terms, times, files, kept))?);
        return Ok(());
    }
    let (market, solution) = (explained.market, explained.solution);
    let mentees = market.mentees() as i64;
    let placed = format!("{} of {} placed", points(solution.placed as i64), counted(mentees, "mentee"));
    println!(
        "{} with {} for {} points; {}",
        placed.if_supports_color(Stdout, |text| text.bold()),
        counted(market.capacities().len() as i64, "mentor"),
        points(solution.total),
        proof(explained)
    );
    if let Some(worst) = explained.facts.iter().filter_map(|facts| facts.made).map(|(_, score)| score).min() {
        println!("  the worst pair is worth {} points", points(worst));
    }
    for group in groups(explained) {
        let met = if group.met { "kept" } else { "missed" };
        let (who, mean) = (counted(group.mentees as i64, "mentee"), points(group.mean));
        println!("  {} ({who}): mean {mean}, floor {} {met}", group.name, points(group.floor));
    }
    if let Some((kept, of)) = kept {
        let moved = points((of - kept) as i64);
        let left = explained.lists.previous.skipped;
        let left =
            if left > 0 { format!(", {} with people who left", points(left as i64)) } else { String::new() };
        println!(
            "  {} of the {} of last time stay, {moved} changed{left}",
            points(kept as i64),
            counted(of as i64, "pair")
        );
    }
    if let Some(time) = times.verifying {
        let verified = "verified independently";
        println!("  {} in {}", verified.if_supports_color(Stdout, |text| text.green()), seconds(time));
    }
    println!("  read in {}, solved in {}", seconds(times.reading), seconds(times.solving));
    for file in files {
        println!("  {}", file.display().if_supports_color(Stdout, |text| text.cyan()));
    }
    for &(mentee, mentor) in &explained.lists.asked {
        println!("\n{}", explained.why_not(mentee, mentor).text);
    }
    Ok(())
}

/// What came of a floor.
struct Group<'a> {
    name: &'a str,
    mentees: usize,
    floor: i64,
    /// Rounded down.
    mean: i64,
    met: bool,
}

fn groups<'a>(explained: &'a Explained<'_>) -> Vec<Group<'a>> {
    let groups = &explained.lists.groups;
    let achieved = explained.solution.certificate.fair.as_ref().map_or(&[][..], |proof| &proof.achieved);
    let group = |(at, (&achieved, &floor)): (usize, (&i64, &i64))| {
        let mentees = groups.members(at);
        Group {
            name: groups.names.text(at as u32),
            mentees,
            floor,
            mean: achieved.div_euclid(mentees.max(1) as i64),
            met: achieved >= floor.saturating_mul(mentees as i64),
        }
    };
    achieved.iter().zip(&groups.floors.floor).enumerate().map(group).collect()
}

fn proof(explained: &Explained<'_>) -> String {
    let (proof, outcome) = (&explained.solution.certificate, explained.solution.outcome);
    let Some(gap) = explained.gap() else {
        let bound = points(proof.bound);
        let text = format!("not every floor is kept; no result that keeps them is worth more than {bound}");
        return text.if_supports_color(Stdout, |text| text.yellow()).to_string();
    };
    let gap = points(gap);
    match (outcome, &explained.options.mode) {
        (Outcome::Optimal, Mode::Stable) => {
            let cost = if proof.gap() > 0 {
                format!(", which costs {gap} points of the largest total")
            } else {
                String::new()
            };
            format!("{}{cost}", "nobody would rather swap".if_supports_color(Stdout, |text| text.green()))
        }
        (Outcome::Optimal, _) => {
            "proven the best possible".if_supports_color(Stdout, |text| text.green()).to_string()
        }
        (Outcome::WithinGap, _) => format!("at most {gap} from the best"),
        (Outcome::Stopped, _) => {
            let text = format!("stopped early, at most {gap} from the best");
            text.if_supports_color(Stdout, |text| text.yellow()).to_string()
        }
    }
}

/// How many of the pairs of last time are made again, out of how many.
fn kept(explained: &Explained<'_>) -> Option<(usize, usize)> {
    let previous = &explained.lists.previous.pairs;
    let made = |&&(mentee, mentor): &&(u32, u32)| {
        explained.solution.mentor_of.get(mentee as usize).copied().flatten() == Some(mentor)
    };
    (!explained.lists.previous.file.as_os_str().is_empty())
        .then(|| (previous.iter().filter(made).count(), previous.len()))
}

fn summary(
    explained: &Explained<'_>,
    terms: &Terms,
    times: &Times,
    files: &[PathBuf],
    kept: Option<(usize, usize)>,
) -> serde_json::Value {
    let (market, solution) = (explained.market, explained.solution);
    let asked = explained.lists.asked.iter();
    json!({
        "mode": terms.mode.name(),
        "outcome": output::outcome(solution.outcome),
        "mentees": market.mentees(),
        "mentors": market.capacities().len(),
        "placed": solution.placed,
        "total": solution.total,
        "bound": solution.certificate.bound,
        "gap": explained.gap(),
        "groups": groups(explained).iter().map(|group| json!({
            "group": group.name, "mentees": group.mentees, "floor": group.floor, "mean": group.mean, "met": group.met,
        })).collect::<Vec<_>>(),
        "verified": terms.verify,
        "previous": kept.map(|(kept, of)| json!({
            "pairs": of, "kept": kept, "changed": of - kept, "left": explained.lists.previous.skipped,
        })),
        "why_not": asked.map(|&(mentee, mentor)| json!({
            "mentee": market.mentee(mentee), "answer": explained.why_not(mentee, mentor),
        })).collect::<Vec<_>>(),
        "seconds": {
            "reading": times.reading.as_secs_f64(),
            "solving": times.solving.as_secs_f64(),
            "verifying": times.verifying.map(|time| time.as_secs_f64()),
        },
        "files": files,
    })
}

fn seconds(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds < 1.0 => format!("{:.0} ms", seconds * 1000.0),
        seconds => format!("{seconds:.1} s"),
    }
}
