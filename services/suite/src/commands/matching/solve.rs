//! `mentor match solve`: scored pairs.

use super::{
    input::{BadInput, Mentors, Names, Pairs, What},
    market::{Market, Part},
    progress::Bar,
    terms::Terms,
    work,
};
use crate::help::examples;
use anyhow::Result;
use assignment::{Control, Error, Fault, Options, Problem, Solution};
use clap::Args;
use std::{path::PathBuf, sync::atomic::AtomicBool, time::Instant};

/// Find the best assignment of scored pairs.
///
/// Scores are whole numbers, larger is better; a pair that is not listed is never made. Writes assignments.csv (mentee,
/// mentor, score; the unplaced with empty fields), certificate.json (the prices that prove the result) and
/// explanations.jsonl (a line for each mentee: the ranks, and why the better mentors went to others).
#[derive(Args)]
#[command(after_help = examples(&[
    ("mentor match solve --pairs pairs.csv --mentors mentors.csv --verify", "the largest total, checked"),
    ("mentor match solve --pairs pairs.csv --mentors mentors.csv --mode max-cardinality", "as many placed as possible"),
    ("mentor match solve --pairs pairs.csv --mentors mentors.csv --previous assignments.csv --keep-bonus 100",
     "again, with few pairs moved"),
]))]
pub(super) struct Solve {
    /// The feasible pairs. Columns mentee, mentor, score.
    #[arg(long, value_name = "FILE")]
    pairs: PathBuf,
    /// The mentors and their places. Columns mentor, capacity.
    #[arg(long, value_name = "FILE")]
    mentors: PathBuf,
    #[command(flatten)]
    terms: Terms,
}

pub(super) fn run(arguments: &Solve, stop: &AtomicBool) -> Result<()> {
    let (begun, bar) = (Instant::now(), Bar::new());
    bar.say("reading");
    let mentors = Mentors::read(&arguments.mentors)?;
    let pairs = Pairs::read(&arguments.pairs, &mentors.names)?;
    let lists = arguments.terms.lists(&pairs.mentees, &mentors.names)?;
    let market = Listed::new(arguments.pairs.clone(), pairs, mentors)?;
    work::run(&market, &arguments.terms, &lists, &bar, begun, stop)
}

/// A market of listed pairs.
struct Listed {
    file: PathBuf,
    pairs: Pairs,
    mentors: Names,
    problem: Problem,
}

impl Listed {
    fn new(file: PathBuf, pairs: Pairs, mentors: Mentors) -> Result<Self> {
        let problem = Problem::new(pairs.mentees.len(), mentors.capacity, &pairs.pairs);
        let problem = problem.map_err(|error| place(&file, &pairs, &mentors.names, error))?;
        Ok(Self { file, pairs, mentors: mentors.names, problem })
    }
}

/// An error of the engine with its place in the file of pairs.
fn place(file: &std::path::Path, pairs: &Pairs, mentors: &Names, error: Error) -> anyhow::Error {
    match error {
        Error::DuplicatePair { mentee, mentor } => {
            let rows = pairs.rows_of(mentee, mentor);
            let record = format!("the pair of {} and {}", pairs.mentees.text(mentee), mentors.text(mentor));
            let what = What::Twice { record, first: rows.first().copied().unwrap_or(0) };
            BadInput::cell(file, rows.get(1).copied().unwrap_or(0), "mentor", what).into()
        }
        Error::ScoreRange { mentee, mentor, score, limit } => {
            let row = pairs.rows_of(mentee, mentor).first().copied().unwrap_or(0);
            BadInput::cell(file, row, "score", What::ScoreRange { score, limit }).into()
        }
        other => anyhow::Error::new(other).context(file.display().to_string()),
    }
}

impl Market for Listed {
    fn mentees(&self) -> usize {
        self.problem.mentees()
    }

    fn capacities(&self) -> &[i64] {
        self.problem.capacities()
    }

    fn mentee(&self, mentee: u32) -> &str {
        self.pairs.mentees.text(mentee)
    }

    fn mentor(&self, mentor: u32) -> &str {
        self.mentors.text(mentor)
    }

    fn call_mentee(&self, mentee: u32) -> &str {
        self.mentee(mentee)
    }

    fn call_mentor(&self, mentor: u32) -> &str {
        self.mentor(mentor)
    }

    fn row(&self, mentee: u32, into: &mut Vec<(u32, i64)>) {
        into.extend(self.problem.pairs_of(mentee));
    }

    fn score(&self, mentee: u32, mentor: u32) -> Option<i64> {
        self.problem.score(mentee, mentor)
    }

    fn infeasible(&self, _: u32, _: u32) -> String {
        format!("the pair is not in {}", self.file.display())
    }

    fn removed(&self, _: u32) -> Vec<(String, usize)> {
        Vec::new()
    }

    fn parts(&self, _: u32, _: u32) -> Vec<Part> {
        Vec::new()
    }

    fn solve(&self, options: &Options, control: &Control<'_>) -> Result<Solution, Error> {
        assignment::solve(&self.problem, options, control)
    }

    fn verify(&self, options: &Options, solution: &Solution) -> Result<(), Fault> {
        assignment::verify(&self.problem, options, solution)
    }

    fn explain(&self, error: Error) -> anyhow::Error {
        place(&self.file, &self.pairs, &self.mentors, error)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::explain::Explained, super::terms::Lists, *};
    use assignment::{
        Pair,
        explain::{Explainer, WhyNot},
    };

    /// Ten mentees, four mentors with two places each, all pairs, scores that spread.
    fn listed() -> Listed {
        let (mut mentees, mut mentors) = (Names::default(), Names::default());
        let mut pairs = Vec::new();
        for i in 0..10u32 {
            let mentee = mentees.intern(&format!("m{i}"));
            for j in 0..4u32 {
                let mentor = mentors.intern(&format!("b{j}"));
                pairs.push(Pair { mentee, mentor, score: i64::from((i * 37 + j * 53 + i * j * 11) % 97) });
            }
        }
        let rows = (2..).take(pairs.len()).collect();
        let pairs = Pairs { mentees, pairs, rows };
        let mentors = Mentors { names: mentors, capacity: vec![2; 4] };
        Listed::new("pairs.csv".into(), pairs, mentors).expect("a market")
    }

    #[test]
    fn the_facts_are_those_of_the_library() {
        let market = listed();
        let options =
            Options { threads: 3, previous: vec![(0, 1), (5, 2)], keep_bonus: 9, ..Options::default() };
        let solution = market.solve(&options, &Control::default()).expect("a solution");
        let lists = Lists::default();
        let explained = Explained::new(&market, &options, &solution, &lists);
        let explainer = Explainer::new(&market.problem, &options, &solution);
        for mentee in 0..10 {
            let facts = &explained.facts[mentee as usize];
            if let Some(made) = explainer.made(mentee) {
                assert_eq!(facts.made, Some((made.mentor, made.score)));
                assert_eq!((facts.above + 1, facts.feasible), (made.mentee_rank.rank, made.mentee_rank.of));
                assert_eq!(facts.mentor_above + 1, made.mentor_rank.rank);
                assert_eq!(explained.feasible_mentees[made.mentor as usize] as usize, made.mentor_rank.of);
            }
            let nearest = facts
                .nearest
                .map(|(nearest, points)| assignment::explain::Unplaced::Outbid { nearest, points });
            assert_eq!(nearest, explainer.unplaced(mentee));
            for mentor in 0..4 {
                if let WhyNot::Short { points, score, holders, .. } = explainer.why_not(mentee, mentor) {
                    assert_eq!(explained.short(mentee, mentor, score), points);
                    assert_eq!(explained.holders[mentor as usize].len(), holders.len());
                }
            }
        }
    }

    /// Every pair that was not made, forced: what is said to be lost at least is lost at least, and mostly all of it.
    #[test]
    fn what_forcing_a_pair_costs_is_no_less_than_said() {
        let market = listed();
        let options = Options { previous: vec![(0, 1), (5, 2)], keep_bonus: 9, ..Options::default() };
        let best = market.solve(&options, &Control::default()).expect("a solution");
        let lists = Lists::default();
        let explained = Explained::new(&market, &options, &best, &lists);
        let (mut said, mut lost) = (0, 0);
        for (mentee, mentor) in (0..10).flat_map(|mentee| (0..4).map(move |mentor| (mentee, mentor))) {
            if best.mentor_of[mentee as usize] == Some(mentor) {
                continue;
            }
            let forced = Options { locks: vec![(mentee, mentor)], ..options.clone() };
            let forced = market.solve(&forced, &Control::default()).expect("a solution");
            let least = explained.why_not(mentee, mentor).short.expect("possible");
            let loss = best.certificate.value - forced.certificate.value;
            assert!(least <= loss, "{mentee} with {mentor}: {least} said, {loss} lost");
            (said, lost) = (said + least, lost + loss);
        }
        assert!(said * 4 >= lost * 3, "{said} of {lost} points are told");
    }
}
