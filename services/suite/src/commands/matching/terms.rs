//! The options that both kinds of input share.

use super::{
    input::{BadInput, Groups, List, Missing, Names, Result, What},
    market::Market,
};
use assignment::{Mode, Options};
use clap::{Args, ValueEnum};
use std::{collections::HashMap, num::NonZero, path::PathBuf, time::Duration};

/// What counts as best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Objective {
    /// The largest sum of scores; pairs below 0 are never made.
    MaxTotal,
    /// The most people placed, then the largest sum.
    MaxCardinality,
    /// The most people placed, then the best worst pair, then the largest sum.
    Bottleneck,
    /// Nobody would rather swap: no mentee and mentor who both prefer each other.
    Stable,
    /// The largest sum in which no group's mean score is below its floor; see --groups and --floors.
    Fair,
}

impl Objective {
    /// As it is typed.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::MaxTotal => "max-total",
            Self::MaxCardinality => "max-cardinality",
            Self::Bottleneck => "bottleneck",
            Self::Stable => "stable",
            Self::Fair => "fair",
        }
    }

    fn mode(self, groups: &Groups) -> Mode {
        match self {
            Self::MaxTotal => Mode::MaxTotal,
            Self::MaxCardinality => Mode::MaxCardinality,
            Self::Bottleneck => Mode::Bottleneck,
            Self::Stable => Mode::Stable,
            Self::Fair => Mode::Fair(groups.floors.clone()),
        }
    }
}

#[derive(Args)]
pub(super) struct Terms {
    /// What counts as best.
    #[arg(long, value_enum, default_value_t = Objective::MaxTotal)]
    pub(super) mode: Objective,
    /// The group of each mentee, for --mode fair; whom no row names is in no group. Columns mentee, group.
    #[arg(long, value_name = "FILE", requires = "floors", required_if_eq("mode", "fair"))]
    groups: Option<PathBuf>,
    /// The least mean score of each group, for --mode fair; mentees without a mentor count 0. Columns group, floor.
    #[arg(long, value_name = "FILE", requires = "groups", required_if_eq("mode", "fair"))]
    floors: Option<PathBuf>,
    /// Pairs that are made whatever they are worth. Columns mentee, mentor.
    #[arg(long, value_name = "FILE", help_heading = "Fixed beforehand")]
    locks: Option<PathBuf>,
    /// Pairs that are never made. Columns mentee, mentor.
    #[arg(long, value_name = "FILE", help_heading = "Fixed beforehand")]
    exclusions: Option<PathBuf>,
    /// The pairs of last time, which get the keep bonus; an earlier assignments.csv will do. People who have left
    /// since are passed over.
    #[arg(long, value_name = "FILE", help_heading = "Fixed beforehand")]
    previous: Option<PathBuf>,
    /// Points that a pair of last time gets on top while choosing, so that few people move.
    #[arg(long, value_name = "POINTS", default_value_t = 50, help_heading = "Fixed beforehand")]
    #[arg(value_parser = clap::value_parser!(i64).range(0..))]
    keep_bonus: i64,
    /// Decides between assignments that are equally good. The same files and seed give the same bytes.
    #[arg(long, value_name = "NUMBER", default_value_t = 0, help_heading = "Search")]
    pub(super) seed: u64,
    /// Worker threads; all processors where none are given. The answer does not depend on it.
    #[arg(long, value_name = "NUMBER", help_heading = "Search")]
    threads: Option<NonZero<u16>>,
    /// End the search after so long, such as 30s or 2m, with the best so far and how far it may be from the optimum.
    #[arg(long, value_name = "TIME", value_parser = duration, help_heading = "Search")]
    pub(super) time_limit: Option<Duration>,
    /// Be content within so many points of the best.
    #[arg(long, value_name = "POINTS", default_value_t = 0, help_heading = "Search")]
    #[arg(value_parser = clap::value_parser!(i64).range(0..))]
    gap_limit: i64,
    /// Check the result with the independent verifier, which looks at every pair; nothing is written if it objects.
    #[arg(long)]
    pub(super) verify: bool,
    /// Explain on the screen, too, why this mentee is not with this mentor. May be repeated.
    #[arg(long, value_name = "MENTEE,MENTOR", help_heading = "Output")]
    why_not: Vec<String>,
    /// Print the summary as JSON, and nothing else.
    #[arg(long, help_heading = "Output")]
    pub(super) json: bool,
    /// Where assignments.csv, certificate.json and explanations.jsonl are written; made if it is not there.
    #[arg(long, value_name = "DIR", default_value = ".", help_heading = "Output")]
    pub(super) out: PathBuf,
}

fn duration(text: &str) -> std::result::Result<Duration, String> {
    let parsed: jiff::SignedDuration = text.parse().map_err(|error: jiff::Error| error.to_string())?;
    Duration::try_from(parsed).map_err(|_| "a time limit cannot be negative".to_owned())
}

/// The lists of the terms, read and resolved.
#[derive(Debug, Default)]
pub(super) struct Lists {
    /// Pairs that are made.
    pub(super) locks: List,
    /// Pairs that are never made.
    pub(super) exclusions: List,
    /// The pairs of last time.
    pub(super) previous: List,
    /// The floors of the fair mode.
    pub(super) groups: Groups,
    /// Pairs asked about.
    pub(super) asked: Vec<(u32, u32)>,
}

impl Terms {
    /// Reads the lists.
    pub(super) fn lists(&self, mentees: &Names, mentors: &Names) -> anyhow::Result<Lists> {
        let read = |file: &Option<PathBuf>, missing| match file {
            Some(file) => List::read(file, mentees, mentors, missing),
            None => Ok(List::default()),
        };
        let find = |text: &String| {
            let (mentee, mentor) = text.split_once(',')?;
            Some((mentees.find(mentee.trim().as_bytes())?, mentors.find(mentor.trim().as_bytes())?))
        };
        let resolve = |text: &String| {
            let todo = "name a mentee and a mentor of the files, such as --why-not m17,b4";
            find(text).ok_or_else(|| {
                crate::advice::advise(format!("--why-not {text}: no such pair of people"), todo)
            })
        };
        Ok(Lists {
            locks: read(&self.locks, Missing::Refuse)?,
            exclusions: read(&self.exclusions, Missing::Refuse)?,
            previous: read(&self.previous, Missing::Skip)?,
            groups: self.read_groups(mentees)?,
            asked: self.why_not.iter().map(resolve).collect::<anyhow::Result<_>>()?,
        })
    }

    fn read_groups(&self, mentees: &Names) -> anyhow::Result<Groups> {
        match (&self.groups, &self.floors) {
            (Some(_), _) | (_, Some(_)) if self.mode != Objective::Fair => Err(crate::advice::advise(
                "--groups and --floors mean nothing in this mode",
                "add --mode fair, which keeps the floors, or leave them out",
            )),
            (Some(groups), Some(floors)) => Ok(Groups::read(groups, floors, mentees)?),
            _ => Ok(Groups::default()),
        }
    }

    /// The engine's options.
    pub(super) fn options(&self, lists: &Lists) -> Options {
        let previous = lists.previous.pairs.clone();
        Options {
            mode: self.mode.mode(&lists.groups),
            seed: self.seed,
            locks: lists.locks.pairs.clone(),
            forbidden: lists.exclusions.pairs.clone(),
            minimums: Vec::new(),
            keep_bonus: if previous.is_empty() { 0 } else { self.keep_bonus },
            previous,
            gap_limit: self.gap_limit,
            threads: self.threads.map_or_else(processors, |threads| usize::from(threads.get())),
        }
    }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

impl Lists {
    /// Refuses locks that contradict exclusions, rules, places or each other.
    pub(super) fn check(&self, market: &dyn Market) -> Result<()> {
        let mut locked = HashMap::new();
        let mut given: HashMap<u32, i64> = HashMap::new();
        for &(mentee, mentor) in &self.locks.pairs {
            let wrong = |column, what| {
                Err(BadInput::cell(&self.locks.file, self.locks.row((mentee, mentor)), column, what))
            };
            let (mentee_id, mentor_id) = (market.mentee(mentee).to_owned(), market.mentor(mentor).to_owned());
            if let Some(&row) = self.exclusions.row_of.get(&(mentee, mentor)) {
                let exclusions = self.exclusions.file.display().to_string();
                let what = What::LockExcluded { mentee: mentee_id, mentor: mentor_id, exclusions, row };
                return wrong("mentor", what);
            }
            if market.score(mentee, mentor).is_none() {
                let reason = market.infeasible(mentee, mentor);
                return wrong(
                    "mentor",
                    What::LockInfeasible { mentee: mentee_id, mentor: mentor_id, reason },
                );
            }
            if let Some(other) = locked.insert(mentee, mentor) {
                let record = format!("a lock of mentee `{mentee_id}`");
                let first = self.locks.row((mentee, other));
                return wrong("mentee", What::Twice { record, first });
            }
            let places = given.entry(mentor).or_default();
            *places += 1;
            let capacity = market.capacities().get(mentor as usize).copied().unwrap_or(0);
            if *places > capacity {
                return wrong("mentor", What::LockCapacity { mentor: mentor_id, capacity });
            }
        }
        Ok(())
    }
}
