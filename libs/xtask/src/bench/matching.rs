//! The engine, beside OR-Tools, lapx and SciPy on the same instances where Python can have them.
//!
//! Figures beside a peer are processor seconds, because machines are shared; peers are asked in the
//! same minute, in turn. Objectives have to be equal.

use super::figure::Figure;
use crate::{
    provision, servers,
    shell::{self, offline, say},
};
use anyhow::{Context, Result, ensure};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Rounds of a case, ours and the peer's in turn; the median counts.
const ROUNDS: usize = 3;

/// A peer that takes minutes is asked in the first round only.
const ONCE: usize = 1;

/// Sparse cases: regime, mentees, how often the peer is asked, what it is called.
const SPARSE: &[(&str, &str, usize, &str)] = &[
    ("sparse", "100000", ROUNDS, "sparse, 100,000 x 50,000, 32 candidates each"),
    ("sparse", "300000", ONCE, "sparse, 300,000 x 150,000, 32 candidates each"),
    ("shortage", "50000", ROUNDS, "shortage of places, 50,000 x 25,000"),
    ("surplus", "50000", ROUNDS, "surplus of places, 50,000 x 25,000"),
    ("uniform", "50000", ROUNDS, "all scores equal, 50,000 x 25,000"),
    ("coarse", "50000", ROUNDS, "scores 0 to 21, 50,000 x 25,000"),
    ("dominant", "50000", ROUNDS, "everybody wants the same ten, 50,000 x 25,000"),
];

pub(super) fn measure(long: bool) -> Result<Vec<Figure>> {
    say("building the engine's bench with optimisation");
    shell::run(&mut offline(["build", "--release", "-p", "assignment", "--example", "bench"], &[]))?;
    let bench = Bench {
        engine: servers::target().join("release/examples/bench"),
        python: match provision::python_environment("peers", &["numpy", "scipy", "lapx", "ortools"]) {
            Ok(folder) => Some(folder.join("python3")),
            Err(error) => {
                say(&format!("no peer to compare with: {error:#}"));
                None
            }
        },
        instance: Instance(std::env::temp_dir().join(format!("mentor-bench-{}.bin", std::process::id()))),
    };
    let mut figures = Vec::new();
    for (case, mentees, asked, what) in SPARSE {
        figures.extend(told(bench.beside(
            what,
            &[case, mentees],
            ("ortools", "OR-Tools SimpleMinCostFlow", *asked),
        )?));
    }
    for (mentees, what, peer) in [
        ("10000", "square, 10,000 x 10,000, from profiles", ("lapx", "lapx with scores by numpy", ONCE)),
        ("3000", "square, 3,000 x 3,000, from profiles", ("scipy", "SciPy with scores by numpy", ROUNDS)),
    ] {
        figures.extend(told(bench.beside(what, &["square", mentees], peer)?));
    }
    figures.extend(told(bench.all_pairs(
        "all pairs of 100,000 x 50,000, certified",
        "100000",
        "50000",
        false,
    )?));
    if long {
        figures.extend(told(bench.all_pairs(
            "all pairs of 10,000 x 5,000, checked",
            "10000",
            "5000",
            true,
        )?));
        figures.extend(told(bench.all_pairs(
            "all pairs of 300,000 x 150,000, certified",
            "300000",
            "150000",
            false,
        )?));
    }
    figures.extend(told(bench.many()?));
    Ok(figures)
}

/// Says figures as they come: the whole takes many minutes.
pub(super) fn told(figures: Vec<Figure>) -> Vec<Figure> {
    figures.iter().for_each(|figure| say(&figure.to_string()));
    figures
}

/// The programs, and the file by which they share an instance.
struct Bench {
    engine: PathBuf,
    python: Option<PathBuf>,
    instance: Instance,
}

/// The file that the peer reads; deleted at the end.
struct Instance(PathBuf);

impl Drop for Instance {
    fn drop(&mut self) {
        fs::remove_file(&self.0).ok();
    }
}

/// One run of a program.
struct Run {
    wall: f64,
    processor: f64,
    peak: f64,
    total: String,
}

impl Run {
    fn read(said: &str) -> Result<Run> {
        Ok(Run {
            wall: number(said, "wall")?,
            processor: number(said, "cpu")?,
            peak: number(said, "peak")?,
            total: after(said, "total")?.to_owned(),
        })
    }
}

impl Bench {
    /// A case of the engine beside a peer: its solver, its name, and how often it is asked.
    fn beside(
        &self,
        what: &str,
        arguments: &[&str],
        (solver, peer, asked): (&str, &str, usize),
    ) -> Result<Vec<Figure>> {
        say(what);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            let mut command = Command::new(&self.engine);
            command.args(arguments);
            if round == 0 && self.python.is_some() {
                command.env("DUMP", &self.instance.0);
            }
            let run = Run::read(&shell::output(&mut command)?)?;
            if let Some(python) = self.python.as_ref().filter(|_| round < asked) {
                let other = Run::read(&ask(python, solver, &self.instance.0)?)?;
                ensure!(
                    run.total == other.total,
                    "{what}: {peer} finds a total of {}, the engine one of {}",
                    other.total,
                    run.total
                );
                theirs.push(other);
            }
            ours.push(run);
        }
        Ok([
            ("", "s", (|run| run.processor) as fn(&Run) -> f64),
            (", wall", "s", |run| run.wall),
            (", memory", "MB", |run| run.peak),
        ]
        .into_iter()
        .map(|(part, unit, of)| {
            let reference = (!theirs.is_empty()).then(|| (peer, median(theirs.iter().map(of)), unit));
            Figure::new(&format!("{what}{part}"), median(ours.iter().map(of)), unit, reference)
        })
        .collect())
    }

    /// Every mentee with every mentor, once: it takes long, and no peer does it.
    fn all_pairs(&self, what: &str, mentees: &str, mentors: &str, verify: bool) -> Result<Vec<Figure>> {
        say(what);
        let mut command = Command::new(&self.engine);
        command.args(["people", mentees, mentors]);
        if verify {
            command.env("VERIFY", "1");
        }
        let said = shell::output(&mut command)?;
        ensure!(number(&said, "gap")? == 0.0, "{what}: not certified:\n{said}");
        ensure!(!verify || said.contains("verified 1"), "{what}: not verified:\n{said}");
        let run = Run::read(&said)?;
        Ok(vec![
            Figure::new(what, run.wall, "s", None),
            Figure::new(&format!("{what}, processor"), run.processor, "s", None),
            Figure::new(&format!("{what}, memory"), run.peak, "MB", None),
        ])
    }

    /// What is done again and again: single changes, and programs of a usual size.
    fn many(&self) -> Result<Vec<Figure>> {
        let mut figures = Vec::new();
        for (case, what) in [("change-surplus", "places to spare"), ("change-tight", "no place to spare")] {
            let what = format!("one change of 100,000, {what}");
            say(&what);
            let said = shell::output(Command::new(&self.engine).args([case, "100000"]))?;
            for (part, word) in [("median", "median"), ("95th percentile", "p95")] {
                figures.push(Figure::new(&format!("{what}, {part}"), number(&said, word)?, "ms", None));
            }
        }
        for pairs in ["20", "50"] {
            let said = shell::output(Command::new(&self.engine).args(["small", pairs]))?;
            figures.push(Figure::new(
                &format!("a program of {pairs} pairs"),
                number(&said, "median")?,
                "ms",
                None,
            ));
        }
        Ok(figures)
    }
}

fn ask(python: &Path, solver: &str, instance: &Path) -> Result<String> {
    shell::output(
        Command::new(python).arg("libs/assignment/examples/bench/peer.py").arg(solver).arg(instance),
    )
}

/// The word that follows another.
fn after<'a>(text: &'a str, word: &str) -> Result<&'a str> {
    let mut words = text.split_whitespace();
    words.find(|found| *found == word).with_context(|| format!("'{word}' is not in:\n{text}"))?;
    words.next().with_context(|| format!("nothing follows '{word}' in:\n{text}"))
}

fn number(text: &str, word: &str) -> Result<f64> {
    let found = after(text, word)?;
    found.parse().with_context(|| format!("'{found}' after '{word}' is no number"))
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_programs_say_is_understood() {
        let said = "changes 1000 moved 7\nwall 1.250 cpu 0.980 peak 81.5 total 9876 placed 100 gap 0\nmedian 0.2 p95 4.3\n";
        let run = Run::read(said).expect("a run");
        assert_eq!((run.wall, run.processor, run.peak, run.total.as_str()), (1.25, 0.98, 81.5, "9876"));
        assert_eq!(number(said, "p95").expect("a number"), 4.3);
        assert!(after(said, "worst").is_err());
        assert!(number("total many", "total").is_err());
    }

    #[test]
    fn the_median_is_the_middle_one() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert!(median(std::iter::empty()).is_nan());
    }
}
