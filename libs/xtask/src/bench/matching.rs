//! The engine, beside OR-Tools on the same instance where Python can have it.

use super::figure::Figure;
use crate::{
    provision, servers,
    shell::{self, offline, say},
};
use anyhow::{Context, Result, ensure};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

/// Rounds of the sparse case, ours and the peer's in turn.
const ROUNDS: usize = 5;

pub(super) fn measure() -> Result<Vec<Figure>> {
    say("building the engine's bench with optimisation");
    shell::run(&mut offline(["build", "--release", "-p", "assignment", "--example", "bench"], &[]))?;
    let engine = servers::target().join("release/examples/bench");
    let python = match provision::python_environment("peers", &["numpy", "ortools"]) {
        Ok(folder) => Some(folder.join("python3")),
        Err(error) => {
            say(&format!("no peer to compare with: {error:#}"));
            None
        }
    };
    let mut figures = sparse(&engine, python.as_deref())?;
    figures.extend(all_pairs(&engine)?);
    Ok(figures)
}

/// A hundred thousand mentees with a shortlist each.
fn sparse(engine: &Path, python: Option<&Path>) -> Result<Vec<Figure>> {
    say("matching 100,000 mentees with 32 candidates each");
    let instance = Instance(std::env::temp_dir().join(format!("mentor-bench-{}.bin", std::process::id())));
    let (mut ours, mut peers) = (Vec::new(), Vec::new());
    let (mut median_change, mut late_change) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let mut command = Command::new(engine);
        command.args(["sparse", "100000"]);
        if round == 0 && python.is_some() {
            command.env("DUMP", &instance.0);
        }
        let said = errors_of(&mut command)?;
        ours.push(seconds(after(&said, "solved")?)?);
        median_change.push(seconds(after(&said, "median")?)? * 1_000.0);
        late_change.push(seconds(after(&said, "p95")?)? * 1_000.0);
        if let Some(python) = python {
            let peer = ask_peer(python, &instance.0)?;
            let (total, other) = (after(&said, "total")?, after(&peer, "total")?);
            ensure!(total == other, "OR-Tools finds a total of {other}, the engine one of {total}");
            peers.push(after(&peer, "in")?.parse()?);
        }
    }
    let peer = (!peers.is_empty()).then(|| ("OR-Tools SimpleMinCostFlow", median(peers), "s"));
    let what = "sparse matching, 100,000 x 50,000, 32 candidates each";
    let mut figures = vec![Figure::new(what, median(ours), "s", peer)];
    figures.push(Figure::new("one change of it, median", median(median_change), "ms", None));
    figures.push(Figure::new("one change of it, 95th percentile", median(late_change), "ms", None));
    Ok(figures)
}

fn ask_peer(python: &Path, instance: &Path) -> Result<String> {
    shell::output(Command::new(python).arg("libs/assignment/examples/peer.py").arg(instance))
}

/// Every mentee with every mentor, once: it takes long, and no peer does it.
fn all_pairs(engine: &Path) -> Result<Vec<Figure>> {
    say("matching all pairs of 100,000 x 50,000");
    let mut command = Command::new(engine);
    command.args(["people", "100000", "50000"]).stdout(Stdio::null()).stderr(Stdio::piped());
    let process = command.spawn().context("the engine's bench")?;
    let memory = watch(&process);
    let output = process.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "it ended with {}:\n{said}", output.status);
    let time = seconds(after(&said, "solved")?)?;
    let mut figures = vec![Figure::new("all pairs of 100,000 x 50,000, certified", time, "s", None)];
    if let Some(megabytes) = memory.join().ok().flatten() {
        figures.push(Figure::new("its memory at most", megabytes, "MB", None));
    }
    Ok(figures)
}

/// Runs a program and gives what it says on standard error.
fn errors_of(command: &mut Command) -> Result<String> {
    let output = command.stdout(Stdio::null()).stderr(Stdio::piped()).output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "it ended with {}:\n{said}", output.status);
    Ok(said)
}

/// Follows a process' peak memory to its end; `None` where there is no `/proc`.
fn watch(process: &Child) -> thread::JoinHandle<Option<f64>> {
    let status = PathBuf::from(format!("/proc/{}/status", process.id()));
    thread::spawn(move || {
        let mut peak = None;
        // A process that has ended has no memory, until its parent has asked for its outcome.
        while let Some(megabytes) = fs::read_to_string(&status).ok().and_then(|text| high_water(&text)) {
            peak = Some(megabytes);
            thread::sleep(Duration::from_millis(20));
        }
        peak
    })
}

fn high_water(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches("kB").trim().parse::<f64>().ok()? / 1024.0)
}

/// The file that the peer reads; deleted at the end.
struct Instance(PathBuf);

impl Drop for Instance {
    fn drop(&mut self) {
        fs::remove_file(&self.0).ok();
    }
}

/// The word that follows another.
fn after<'a>(text: &'a str, word: &str) -> Result<&'a str> {
    let mut words = text.split_whitespace();
    words.find(|found| *found == word).with_context(|| format!("'{word}' is not in:\n{text}"))?;
    words.next().with_context(|| format!("nothing follows '{word}' in:\n{text}"))
}

/// Reads a duration as Rust prints it, such as `1.5s`, `250ms`, `12µs`.
fn seconds(text: &str) -> Result<f64> {
    let text = text.trim_end_matches(',');
    let units = [("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9), ("s", 1.0)];
    let found = units.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)));
    let (number, factor) = found.with_context(|| format!("'{text}' is no duration"))?;
    Ok(number.parse::<f64>().with_context(|| format!("'{text}' is no duration"))? * factor)
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engines_words_are_understood() {
        let said =
            "read    105.3ms\nsolved  1.25s total 9876 placed 100\n1000 changes: median 204.5µs p95 4.3ms\n";
        let at = |word| seconds(after(said, word).expect("there")).expect("a duration");
        assert_eq!((at("solved"), at("p95")), (1.25, 0.0043));
        assert!((at("median") - 0.000_204_5).abs() < 1e-12);
        assert_eq!(after(said, "total").expect("there"), "9876");
        assert!(after(said, "worst").is_err());
        assert!(seconds("soon").is_err());
    }

    #[test]
    fn peak_memory_is_read_from_the_kernel() {
        assert_eq!(high_water("Name:\tbench\nVmHWM:\t  2048 kB\n"), Some(2.0));
        assert_eq!(high_water("Name:\tbench\n"), None);
    }
}
