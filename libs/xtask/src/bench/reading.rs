//! How long `mentor match solve` reads before it starts to think.

use super::figure::Figure;
use crate::{
    servers,
    shell::{self, offline, say},
};
use anyhow::{Context, Result, ensure};
use std::{
    fs,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

const MENTEES: u32 = 100_000;
const MENTORS: u32 = 50_000;

/// Feasible mentors of each mentee.
const LISTED: u32 = 32;

/// Reads so often; the fastest counts, as the others waited for somebody.
const ROUNDS: usize = 3;

/// The files; deleted at the end.
struct Files(PathBuf);

impl Drop for Files {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// The command ends by itself once all is read: the mentor of the last row is unknown.
pub(super) fn measure() -> Result<Vec<Figure>> {
    say("building mentor with optimisation (the first time takes some minutes)");
    shell::run(&mut offline(["build", "--release", "-p", "suite", "--bin", "mentor"], &[]))?;
    let what = "3,200,000 pairs read and checked";
    say(what);
    let files = Files(std::env::temp_dir().join(format!("mentor-reading-{}", std::process::id())));
    fs::create_dir_all(&files.0)?;
    let (pairs, mentors) = (files.0.join("pairs.csv"), files.0.join("mentors.csv"));
    write(&pairs, &mentors).context("writing the pairs")?;
    let mut fastest = f64::INFINITY;
    for _ in 0..ROUNDS {
        let mut command = Command::new(servers::target().join("release/mentor"));
        command.args(["match", "solve", "--pairs"]).arg(&pairs).arg("--mentors").arg(&mentors);
        let begun = Instant::now();
        let output = command.output().context("can't start mentor")?;
        fastest = fastest.min(begun.elapsed().as_secs_f64());
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(!output.status.success() && said.contains("nobody"), "the last row is no mistake:\n{said}");
    }
    Ok(vec![Figure::new(what, fastest, "s", None)])
}

/// Ids as long as those of real directories; a mentee's mentors lie all over the list.
fn write(pairs: &Path, mentors: &Path) -> Result<()> {
    let mut file = BufWriter::new(fs::File::create(mentors)?);
    writeln!(file, "mentor,capacity")?;
    for mentor in 0..MENTORS {
        writeln!(file, "mentor-{mentor:08},2")?;
    }
    file.flush()?;
    let mut file = BufWriter::new(fs::File::create(pairs)?);
    writeln!(file, "mentee,mentor,score")?;
    for mentee in 0..MENTEES {
        for listed in 0..LISTED {
            // Odd and no divisor of the mentors: no mentee meets one twice.
            let mentor = (mentee * 7 + listed * 1_571) % MENTORS;
            let score = (mentee * 31 + listed * 797) % 10_000;
            writeln!(file, "mentee-{mentee:08},mentor-{mentor:08},{score}")?;
        }
    }
    writeln!(file, "mentee-{:08},nobody,1", MENTEES - 1)?;
    Ok(file.flush()?)
}
