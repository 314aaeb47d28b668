//! The files of a run: all of them, or none.

use super::{explain::Explained, terms::Objective};
use anyhow::{Context, Result};
use assignment::Outcome;
use serde_json::{Value, json};
use std::{
    fs,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;

/// Names of the files.
const ASSIGNMENTS: &str = "assignments.csv";
const CERTIFICATE: &str = "certificate.json";
const EXPLANATIONS: &str = "explanations.jsonl";

/// Writes everything under temporary names, then gives the files their names.
pub(super) fn write(
    folder: &Path,
    mode: Objective,
    explained: &Explained<'_>,
    verified: bool,
) -> Result<Vec<PathBuf>> {
    let place = |name: &str| format!("cannot write {}", folder.join(name).display());
    fs::create_dir_all(folder).with_context(|| place(""))?;
    let files = [
        (ASSIGNMENTS, filled(folder, |out| assignments(out, explained)).with_context(|| place(ASSIGNMENTS))?),
        (
            CERTIFICATE,
            filled(folder, |out| certificate(out, mode, explained, verified))
                .with_context(|| place(CERTIFICATE))?,
        ),
        (
            EXPLANATIONS,
            filled(folder, |out| explanations(out, explained)).with_context(|| place(EXPLANATIONS))?,
        ),
    ];
    let mut written = Vec::new();
    for (name, file) in files {
        file.persist(folder.join(name)).with_context(|| place(name))?;
        written.push(folder.join(name));
    }
    Ok(written)
}

type Out<'a> = BufWriter<&'a mut NamedTempFile>;

fn filled(folder: &Path, fill: impl FnOnce(&mut Out<'_>) -> Result<()>) -> Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As any new file; the umask takes away what it should.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.prefix(".match-").tempfile_in(folder)?;
    let mut out = BufWriter::with_capacity(1 << 18, &mut file);
    fill(&mut out)?;
    out.flush()?;
    drop(out);
    file.as_file().sync_all()?;
    Ok(file)
}

fn assignments(out: &mut Out<'_>, explained: &Explained<'_>) -> Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(["mentee", "mentor", "score"])?;
    for (mentee, facts) in (0u32..).zip(&explained.facts) {
        let mentee = explained.market.mentee(mentee);
        match facts.made {
            Some((mentor, score)) => {
                csv.write_record([mentee, explained.market.mentor(mentor), &score.to_string()])?;
            }
            None => csv.write_record([mentee, "", ""])?,
        }
    }
    csv.flush()?;
    Ok(())
}

/// How a run ended, as it is written.
pub(super) fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Optimal => "optimal",
        Outcome::WithinGap => "within_gap",
        Outcome::Stopped => "stopped",
    }
}

fn certificate(out: &mut Out<'_>, mode: Objective, explained: &Explained<'_>, verified: bool) -> Result<()> {
    let (market, solution, options) = (explained.market, explained.solution, explained.options);
    let proof = &solution.certificate;
    let priced = |id: &str, price: &i64| json!({ "id": id, "price": price });
    let mentees = (0u32..).zip(&proof.mentee_price).map(|(i, price)| priced(market.mentee(i), price));
    let mentors = (0u32..).zip(&proof.mentor_price).map(|(j, price)| priced(market.mentor(j), price));
    let people = |side: &[u32], id: &dyn Fn(u32) -> Value| side.iter().map(|&p| id(p)).collect::<Vec<_>>();
    let cover = |cover: &assignment::Cover| {
        json!({
            "mentees": people(&cover.mentees, &|i| market.mentee(i).into()),
            "mentors": people(&cover.mentors, &|j| market.mentor(j).into()),
        })
    };
    let bottleneck = proof.bottleneck.as_ref().map(|proof| {
        json!({ "worst": proof.worst, "coverage": cover(&proof.coverage), "above": cover(&proof.above) })
    });
    let fair = proof.fair.as_ref().map(|proof| {
        let groups = explained.lists.groups.names.len() as u32;
        (0..groups)
            .zip(&proof.multiplier)
            .zip(&proof.achieved)
            .map(|((group, multiplier), achieved)| {
                json!({
                    "group": explained.lists.groups.names.text(group),
                    "mentees": explained.lists.groups.members(group as usize),
                    "floor": explained.lists.groups.floors.floor.get(group as usize),
                    "achieved": achieved,
                    "multiplier": multiplier,
                })
            })
            .collect::<Vec<_>>()
    });
    let text = json!({
        "mode": mode.name(),
        "seed": options.seed,
        "keep_bonus": options.keep_bonus,
        "outcome": outcome(solution.outcome),
        "verified": verified,
        "placed": solution.placed,
        "total": solution.total,
        "value": proof.value,
        "bound": proof.bound,
        "gap": explained.gap(),
        "lift": proof.lift,
        "bottleneck": bottleneck,
        "fair": fair,
        "mentees": mentees.collect::<Vec<_>>(),
        "mentors": mentors.collect::<Vec<_>>(),
    });
    serde_json::to_writer_pretty(&mut *out, &text)?;
    out.write_all(b"\n")?;
    Ok(())
}

fn explanations(out: &mut Out<'_>, explained: &Explained<'_>) -> Result<()> {
    for mentee in 0..explained.market.mentees() as u32 {
        serde_json::to_writer(&mut *out, &explained.tell(mentee))?;
        out.write_all(b"\n")?;
    }
    Ok(())
}
