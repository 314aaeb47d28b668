//! `mentor match people`: profiles and criteria.

mod columns;
mod describe;
mod line;
mod rules;
mod scheme;
mod skills;
mod values;

use super::{
    input::{BadInput, Sheet, What},
    market::{Market, Part},
    progress::Bar,
    terms::Terms,
    work,
};
use crate::help::examples;
use anyhow::Result;
use assignment::{Control, Error, Fault, Options, Solution};
use clap::Args;
use columns::Described;
use std::{path::PathBuf, sync::atomic::AtomicBool, time::Instant};

/// Find the best assignment of people by their profiles.
///
/// Every mentee is scored with every mentor by the criteria, and the result is proven the best over all of these pairs.
/// Writes assignments.csv (mentee, mentor, score; the unplaced with empty fields), certificate.json (the prices that
/// prove the result) and explanations.jsonl (a line for each mentee: what each criterion brings, the ranks, why the
/// better mentors went to others, what removed mentors).
#[derive(Args)]
#[command(after_long_help = format!("{}\n\n{HELP}", examples(&[
    ("mentor match people --mentees mentees.csv --mentors mentors.csv --criteria criteria.toml --verify --out result",
     "the best assignment, checked, in the folder result"),
    ("mentor match people … --why-not m17,b4", "and why m17 is not with b4"),
    ("mentor match people … --previous last/assignments.csv --locks agreed.csv", "again, with few pairs moved"),
])))]
pub(super) struct Arguments {
    /// The mentees: a column id, a column name if sentences should use it, and what the criteria name.
    #[arg(long, value_name = "FILE")]
    mentees: PathBuf,
    /// The mentors: the columns id and capacity, and the same.
    #[arg(long, value_name = "FILE")]
    mentors: PathBuf,
    /// What makes a good pair and what an impossible one, described below.
    #[arg(long, value_name = "FILE")]
    criteria: PathBuf,
    #[command(flatten)]
    terms: Terms,
}

/// The format of the criteria, for `--help`; the README of the suite has the same with words around it.
const HELP: &str = include_str!("criteria.txt");

pub(super) fn run(arguments: &Arguments, stop: &AtomicBool) -> Result<()> {
    let (begun, bar) = (Instant::now(), Bar::new());
    bar.say("reading");
    let mentees = Sheet::read(&arguments.mentees, "id", "mentee")?;
    let mentors = Sheet::read(&arguments.mentors, "id", "mentor")?;
    let lists = arguments.terms.lists(&mentees.ids, &mentors.ids)?;
    let market = Profiles::new(arguments.criteria.clone(), mentees, mentors)?;
    work::run(&market, &arguments.terms, &lists, &bar, begun, stop)
}

/// A market of people.
struct Profiles {
    file: PathBuf,
    mentees: Sheet,
    mentors: Sheet,
    people: assignment::People,
    described: Vec<Described>,
}

impl Profiles {
    fn new(file: PathBuf, mentees: Sheet, mentors: Sheet) -> Result<Self> {
        let column = mentors.column("capacity")?;
        let capacity = mentors.map(column, |text| match values::whole(text)? {
            places if places <= 0 => Err(What::NotPositive(places)),
            places => Ok(places),
        })?;
        let scheme = scheme::read(&file)?;
        let described = columns::criteria(&file, &scheme, &mentees, &mentors)?;
        let rules = rules::rules(&file, &scheme, &mentees, &mentors)?;
        let criteria = described.iter().map(|described| described.criterion.clone()).collect();
        let people = assignment::People::new(mentees.len(), capacity, criteria, rules);
        let people = people.map_err(|error| place(&file, error))?;
        Ok(Self { file, mentees, mentors, people, described })
    }
}

/// An error of the engine as one of the criteria; everything else was checked before.
fn place(file: &std::path::Path, error: Error) -> anyhow::Error {
    match error {
        Error::Criteria { record, reason } => BadInput::file(file, What::Criteria { record, reason }).into(),
        other => anyhow::Error::new(other).context(file.display().to_string()),
    }
}

impl Market for Profiles {
    fn mentees(&self) -> usize {
        self.people.mentees()
    }

    fn capacities(&self) -> &[i64] {
        self.people.capacities()
    }

    fn mentee(&self, mentee: u32) -> &str {
        self.mentees.ids.text(mentee)
    }

    fn mentor(&self, mentor: u32) -> &str {
        self.mentors.ids.text(mentor)
    }

    fn call_mentee(&self, mentee: u32) -> &str {
        self.mentees.call(mentee)
    }

    fn call_mentor(&self, mentor: u32) -> &str {
        self.mentors.call(mentor)
    }

    fn row(&self, mentee: u32, into: &mut Vec<(u32, i64)>) {
        let mentors = 0..self.people.mentors() as u32;
        into.extend(mentors.filter_map(|mentor| Some((mentor, self.people.score(mentee, mentor)?))));
    }

    fn score(&self, mentee: u32, mentor: u32) -> Option<i64> {
        self.people.score(mentee, mentor)
    }

    fn infeasible(&self, mentee: u32, mentor: u32) -> String {
        let rule = self.people.broken_rule(mentee, mentor).map_or("", |rule| rule.name.as_str());
        format!("the rule \"{rule}\" forbids it")
    }

    fn removed(&self, mentee: u32) -> Vec<(String, usize)> {
        let removed = self.people.removed(mentee).into_iter();
        removed.map(|(rule, count)| (format!("the rule \"{rule}\""), count)).collect()
    }

    fn parts(&self, mentee: u32, mentor: u32) -> Vec<Part> {
        let parts = self.people.parts(mentee, mentor).into_iter().zip(&self.described);
        parts
            .map(|((criterion, points), described)| Part {
                criterion: criterion.to_owned(),
                points,
                of: described.criterion.weight,
                detail: described.detail(mentee, mentor, &self.mentees, &self.mentors),
            })
            .collect()
    }

    fn solve(&self, options: &Options, control: &Control<'_>) -> Result<Solution, Error> {
        assignment::solve_people(&self.people, options, control)
    }

    fn verify(&self, options: &Options, solution: &Solution) -> Result<(), Fault> {
        assignment::verify_people(&self.people, options, solution)
    }

    fn explain(&self, error: Error) -> anyhow::Error {
        place(&self.file, error)
    }
}
