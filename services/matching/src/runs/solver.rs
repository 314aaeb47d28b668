//! Domain: what solves a run, behind one trait.

use super::snapshot::{Mode, Scores};
use serde::{Deserialize, Serialize};

/// A possible pair, by places in the snapshot's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) mentee: u32,
    pub(crate) mentor: u32,
    pub(crate) score: i32,
}

/// What is to be solved.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    pub(crate) mode: Mode,
    pub(crate) seed: i64,
    pub(crate) mentees: usize,
    /// Free places of each mentor, 0 included.
    pub(crate) places: Vec<i64>,
    /// Every possible pair, by mentee, then mentor.
    pub(crate) pairs: Vec<Pair>,
    /// Pairs that must be made, as (mentee, mentor); each is among the possible ones.
    pub(crate) pins: Vec<(u32, u32)>,
}

impl Instance {
    /// Scores every pair of a snapshot. `stop` is asked once a mentee; `None` when it said so.
    pub(crate) fn new(scores: &Scores<'_>, stop: &dyn Fn() -> bool) -> Option<Self> {
        let snapshot = scores.snapshot;
        let index = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let mut pairs = Vec::new();
        for mentee in 0..snapshot.mentees.len() {
            if stop() {
                return None;
            }
            pairs.extend((0..snapshot.mentors.len()).filter_map(|mentor| {
                let score = scores.possible(mentee, mentor)?.score;
                Some(Pair { mentee: index(mentee), mentor: index(mentor), score })
            }));
        }
        Some(Instance {
            mode: snapshot.mode,
            seed: snapshot.seed,
            mentees: snapshot.mentees.len(),
            places: snapshot.mentors.iter().map(|mentor| i64::from(mentor.places)).collect(),
            pairs,
            pins: scores.pins().into_iter().map(|(mentee, mentor)| (index(mentee), index(mentor))).collect(),
        })
    }
}

/// The result of a run with its proof, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Solved {
    /// Version of this form.
    pub(crate) format: u32,
    /// The mentor of each mentee, by places in the snapshot's lists.
    pub(crate) mentor_of: Vec<Option<u32>>,
    /// What each mentee gains by taking part.
    pub(crate) mentee_price: Vec<i64>,
    /// What a place of each mentor costs.
    pub(crate) mentor_price: Vec<i64>,
    /// Points added to each pair so that one more pair outweighs any score.
    pub(crate) lift: i64,
    /// Sum of scores.
    pub(crate) total: i64,
    /// What was reached, in the objective of the mode.
    pub(crate) value: i64,
    /// What nothing can exceed.
    pub(crate) bound: i64,
    /// Whether the verifier accepted the proof.
    pub(crate) certified: bool,
}

impl Solved {
    /// Version of the form that is written.
    pub(crate) const FORMAT: u32 = 1;
}

/// How a run is watched and stopped while it is solved.
pub(crate) struct Control<'a> {
    /// Asked often; `true` ends the run without a result.
    pub(crate) stop: &'a (dyn Fn() -> bool + Sync),
    /// Told what is being done.
    pub(crate) progress: &'a (dyn Fn(String) + Sync),
}

/// Why there is no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unsolved {
    /// `stop` said so.
    Stopped,
    /// The solver refused the instance.
    Refused(String),
}

/// Solves instances: the same instance gives the same result, to the byte.
pub(crate) trait Solver: Send + Sync {
    /// Finds the best assignment in the mode of the instance and proves it.
    fn solve(&self, instance: &Instance, control: &Control<'_>) -> Result<Solved, Unsolved>;
}

/// The exact engine of the suite.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Exact;

impl Solver for Exact {
    fn solve(&self, instance: &Instance, control: &Control<'_>) -> Result<Solved, Unsolved> {
        let open = OpenMentors::of(instance);
        let problem = open.problem(instance)?;
        let options = assignment::Options {
            mode: match instance.mode {
                Mode::MaxTotal => assignment::Mode::MaxTotal,
                Mode::MaxCardinality => assignment::Mode::MaxCardinality,
                Mode::Bottleneck => assignment::Mode::Bottleneck,
                Mode::Stable => assignment::Mode::Stable,
            },
            seed: instance.seed.unsigned_abs(),
            locks: open.inside(&instance.pins),
            ..assignment::Options::default()
        };
        let progress = |at: &assignment::Progress| (control.progress)(sentence(at));
        let engine = assignment::Control { stop: Some(control.stop), progress: Some(&progress) };
        let solution = assignment::solve(&problem, &options, &engine).map_err(refused)?;
        if solution.outcome == assignment::Outcome::Stopped {
            return Err(Unsolved::Stopped);
        }
        (control.progress)("verifying".to_owned());
        let certified = assignment::verify(&problem, &options, &solution).is_ok();
        Ok(open.outside(solution, certified))
    }
}

fn refused(error: assignment::Error) -> Unsolved {
    Unsolved::Refused(error.to_string())
}

fn sentence(progress: &assignment::Progress) -> String {
    let phase = format!("{:?}", progress.phase).to_lowercase();
    match progress.gap {
        Some(gap) => format!("{phase}, round {}, at most {gap} points from the best", progress.round),
        None => format!("{phase}, round {}", progress.round),
    }
}

/// The engine wants mentors with places only: maps places in the list to and fro.
struct OpenMentors {
    /// Place in the snapshot's list of each open mentor.
    open: Vec<u32>,
    /// Place among the open mentors of each mentor.
    at: Vec<Option<u32>>,
}

impl OpenMentors {
    fn of(instance: &Instance) -> Self {
        let mut mentors = OpenMentors { open: Vec::new(), at: Vec::with_capacity(instance.places.len()) };
        for (index, places) in (0u32..).zip(&instance.places) {
            let next = u32::try_from(mentors.open.len()).unwrap_or(u32::MAX);
            mentors.at.push((*places > 0).then_some(next));
            if *places > 0 {
                mentors.open.push(index);
            }
        }
        mentors
    }

    fn at(&self, mentor: u32) -> Option<u32> {
        self.at.get(mentor as usize).copied().flatten()
    }

    fn problem(&self, instance: &Instance) -> Result<assignment::Problem, Unsolved> {
        let pair = |pair: &Pair| {
            Some(assignment::Pair {
                mentee: pair.mentee,
                mentor: self.at(pair.mentor)?,
                score: i64::from(pair.score),
            })
        };
        let pairs: Vec<_> = instance.pairs.iter().filter_map(pair).collect();
        let places = instance.places.iter().copied().filter(|places| *places > 0).collect();
        assignment::Problem::new(instance.mentees, places, &pairs).map_err(refused)
    }

    fn inside(&self, pairs: &[(u32, u32)]) -> Vec<(u32, u32)> {
        pairs.iter().filter_map(|(mentee, mentor)| Some((*mentee, self.at(*mentor)?))).collect()
    }

    fn outside(&self, solution: assignment::Solution, certified: bool) -> Solved {
        let outer = |inner: u32| self.open.get(inner as usize).copied();
        let certificate = solution.certificate;
        let price = |at: &Option<u32>| {
            at.and_then(|inner| certificate.mentor_price.get(inner as usize).copied()).unwrap_or(0)
        };
        Solved {
            format: Solved::FORMAT,
            mentor_of: solution.mentor_of.into_iter().map(|mentor| mentor.and_then(outer)).collect(),
            mentor_price: self.at.iter().map(price).collect(),
            mentee_price: certificate.mentee_price,
            lift: certificate.lift,
            total: solution.total,
            value: certificate.value,
            bound: certificate.bound,
            certified,
        }
    }
}

#[cfg(test)]
mod tests;
