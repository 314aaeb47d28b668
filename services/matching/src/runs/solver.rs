//! Domain: what solves a run, behind one trait.

use super::snapshot::{Mode, Scores, Snapshot};
use crate::criteria::person::Person;
use serde::{Deserialize, Serialize};

/// A possible pair, by places in the snapshot's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) mentee: u32,
    pub(crate) mentor: u32,
    pub(crate) score: i32,
}

/// Least means of groups of mentees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Floors {
    /// The floor that counts for each mentee.
    pub(crate) group_of: Vec<Option<u32>>,
    pub(crate) least_mean: Vec<i64>,
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
    /// Possible pairs that were made before, which `keep_bonus` favours.
    pub(crate) previous: Vec<(u32, u32)>,
    pub(crate) keep_bonus: i64,
    pub(crate) gap_limit: i64,
    /// Of the fair mode.
    pub(crate) floors: Floors,
    /// How many mentees each mentor gets at least, if any; empty without groups of a least size.
    pub(crate) minimums: Vec<i64>,
}

impl Instance {
    /// Scores every pair of a snapshot. `stop` is asked once a mentee, with how many are done; `None` when it
    /// said so.
    pub(crate) fn new(scores: &Scores<'_>, stop: &dyn Fn(usize) -> bool) -> Option<Self> {
        let snapshot = scores.snapshot;
        let index = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let indices = |pairs: Vec<(usize, usize)>| {
            pairs.into_iter().map(|(mentee, mentor)| (index(mentee), index(mentor))).collect()
        };
        let mut pairs = Vec::new();
        for mentee in 0..snapshot.mentees.len() {
            if stop(mentee) {
                return None;
            }
            pairs.extend((0..snapshot.mentors.len()).filter_map(|mentor| {
                let score = scores.possible(mentee, mentor)?.score;
                Some(Pair { mentee: index(mentee), mentor: index(mentor), score })
            }));
        }
        let floors = snapshot.terms.fair.as_ref().map(|fair| Floors {
            group_of: fair.groups(&snapshot.mentees),
            least_mean: fair.floors.iter().map(|floor| i64::from(floor.least_mean)).collect(),
        });
        Some(Instance {
            mode: snapshot.mode,
            seed: snapshot.seed,
            mentees: snapshot.mentees.len(),
            places: snapshot.mentors.iter().map(|mentor| i64::from(mentor.places)).collect(),
            pairs,
            pins: indices(scores.pins()),
            previous: indices(scores.previous()),
            keep_bonus: snapshot.terms.follows.map_or(0, |follows| i64::from(follows.keep_bonus)),
            gap_limit: snapshot.terms.gap_limit,
            floors: floors.unwrap_or_default(),
            minimums: minimums(snapshot),
        })
    }
}

fn minimums(snapshot: &Snapshot) -> Vec<i64> {
    if snapshot.terms.least_group == 0 {
        return Vec::new();
    }
    // Of those with too few places no pair is possible.
    let least = |mentor: &Person| i64::from(snapshot.least_of(mentor).min(mentor.places.max(0)));
    snapshot.mentors.iter().map(least).collect()
}

/// How good a result is proven to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Proven {
    /// Nothing is better.
    #[default]
    Optimal,
    /// Nothing is better by more than the gap.
    WithinGap,
    /// The same, and a time limit ended the search.
    Stopped,
}

/// The multipliers that prove the bound of the fair mode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FairProof {
    /// One for each floor, in 1,024ths.
    pub(crate) multiplier: Vec<i64>,
    /// The sum of scores of each group.
    pub(crate) achieved: Vec<i64>,
    /// Whether the result meets every floor.
    pub(crate) met: bool,
}

/// What the search over groups of a least size has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GroupSearch {
    /// What the prices prove: a bound on the results without a least size, too.
    pub(crate) price_bound: i64,
    /// Branches looked at.
    pub(crate) branches: usize,
}

/// The result of a run with its proof, as it is stored. What came later is left out where it says nothing, so that
/// older results keep their bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// How good it is proven to be.
    #[serde(default, skip_serializing_if = "is_optimal")]
    pub(crate) proven: Proven,
    /// The score of the worst pair made, in the bottleneck mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) worst: Option<i64>,
    /// In the fair mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fair: Option<FairProof>,
    /// With groups of a least size; the bound is then that of the search.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) groups: Option<GroupSearch>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_optimal(proven: &Proven) -> bool {
    *proven == Proven::Optimal
}

impl Solved {
    /// Version of the form that is written.
    pub(crate) const FORMAT: u32 = 1;

    /// The mentor of a mentee, by place in the snapshot's list.
    pub(crate) fn mentor_of(&self, mentee: usize) -> Option<usize> {
        self.mentor_of.get(mentee).copied().flatten().map(|mentor| mentor as usize)
    }

    /// How much better another result could be, at most; `None` when the bound is that of results which meet
    /// floors that this one does not.
    pub(crate) fn gap(&self) -> Option<i64> {
        let comparable = self.fair.as_ref().is_none_or(|fair| fair.met);
        comparable.then(|| self.bound.saturating_sub(self.value).max(0))
    }

    /// The same by the bound that the prices prove.
    pub(crate) fn price_gap(&self) -> Option<i64> {
        match self.groups {
            Some(search) => Some(search.price_bound.saturating_sub(self.value).max(0)),
            None => self.gap(),
        }
    }
}

/// Where a worker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) phase: &'static str,
    /// Repetition of the phase, from 1.
    pub(crate) round: i32,
    /// What nothing can exceed, and how far the result at hand may be from it, in the objective of the mode.
    pub(crate) proof: Option<(i64, i64)>,
}

/// How a run is watched and stopped while it is solved.
pub(crate) struct Control<'a> {
    /// Asked often; `true` ends the run without a result.
    pub(crate) cancelled: &'a (dyn Fn() -> bool + Sync),
    /// Asked often; `true` ends the search with the best so far.
    pub(crate) enough: &'a (dyn Fn() -> bool + Sync),
    /// Told what is being done.
    pub(crate) progress: &'a (dyn Fn(Step) + Sync),
}

/// Why there is no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unsolved {
    /// Nobody wants it any more.
    Cancelled,
    /// The solver refused the instance.
    Refused(String),
    /// The verifier did not accept the proof.
    Unproven(String),
    /// The work broke off.
    Broken(&'static str),
}

impl Unsolved {
    /// The same for people.
    pub(crate) fn sentence(&self) -> String {
        match self {
            Unsolved::Cancelled => "the run was cancelled".to_owned(),
            Unsolved::Refused(why) => format!("the solver refused the run: {why}"),
            Unsolved::Unproven(why) => format!("the independent check did not accept the result: {why}"),
            Unsolved::Broken(why) => (*why).to_owned(),
        }
    }
}

/// Solves instances: the same instance gives the same result, to the byte, unless its time was cut short.
pub(crate) trait Solver: Send + Sync {
    /// Finds the best assignment in the mode of the instance and proves it.
    fn solve(&self, instance: &Instance, control: &Control<'_>) -> Result<Solved, Unsolved>;

    /// Checks a stored result that its time limit ended, which can't be found again.
    fn verify(&self, instance: &Instance, solved: &Solved) -> Result<(), Unsolved>;
}

/// The exact engine of the suite.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Exact;

impl Solver for Exact {
    fn solve(&self, instance: &Instance, control: &Control<'_>) -> Result<Solved, Unsolved> {
        let open = OpenMentors::of(instance);
        let problem = open.problem(instance)?;
        let options = open.options(instance);
        let stop = || (control.cancelled)() || (control.enough)();
        let progress = |at: &assignment::Progress| (control.progress)(step(instance, at));
        let engine = assignment::Control { stop: Some(&stop), progress: Some(&progress) };
        let solution = assignment::solve(&problem, &options, &engine).map_err(refused)?;
        if (control.cancelled)() {
            return Err(Unsolved::Cancelled);
        }
        (control.progress)(Step { phase: "verifying", round: 0, proof: None });
        assignment::verify(&problem, &options, &solution).map_err(unproven)?;
        Ok(open.outside(solution))
    }

    fn verify(&self, instance: &Instance, solved: &Solved) -> Result<(), Unsolved> {
        let open = OpenMentors::of(instance);
        let solution = open.again(solved);
        assignment::verify(&open.problem(instance)?, &open.options(instance), &solution).map_err(unproven)
    }
}

fn unproven(fault: assignment::Fault) -> Unsolved {
    Unsolved::Unproven(fault.to_string())
}

fn refused(error: assignment::Error) -> Unsolved {
    Unsolved::Refused(error.to_string())
}

fn step(instance: &Instance, at: &assignment::Progress) -> Step {
    // In these modes the search solves other problems on its way, whose bounds are not those of the run.
    let of_the_run = match instance.mode {
        _ if !instance.minimums.is_empty() => false,
        Mode::MaxTotal | Mode::MaxCardinality | Mode::Stable => true,
        Mode::Fair => at.phase == assignment::Phase::Fairness,
        Mode::Bottleneck => false,
    };
    let proof = at.bound.zip(at.gap).filter(|(bound, _)| of_the_run && *bound < i64::MAX);
    let phase = match at.phase {
        assignment::Phase::Candidates => "candidates",
        assignment::Phase::Auction => "auction",
        assignment::Phase::Exact => "exact",
        assignment::Phase::Pricing => "pricing",
        assignment::Phase::Fairness => "fairness",
        _ => "solving",
    };
    Step { phase, round: i32::try_from(at.round).unwrap_or(i32::MAX), proof }
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

    fn options(&self, instance: &Instance) -> assignment::Options {
        assignment::Options {
            mode: match instance.mode {
                Mode::MaxTotal => assignment::Mode::MaxTotal,
                Mode::MaxCardinality => assignment::Mode::MaxCardinality,
                Mode::Bottleneck => assignment::Mode::Bottleneck,
                Mode::Stable => assignment::Mode::Stable,
                Mode::Fair => assignment::Mode::Fair(assignment::Floors {
                    group_of: instance.floors.group_of.clone(),
                    floor: instance.floors.least_mean.clone(),
                }),
            },
            seed: instance.seed.unsigned_abs(),
            locks: self.inside(&instance.pins),
            previous: self.inside(&instance.previous),
            keep_bonus: instance.keep_bonus,
            gap_limit: instance.gap_limit,
            minimums: self.minimums(instance),
            ..assignment::Options::default()
        }
    }

    fn minimums(&self, instance: &Instance) -> Vec<i64> {
        let least = |mentor: &u32| instance.minimums.get(*mentor as usize).copied();
        self.open.iter().filter_map(least).collect()
    }

    fn inside(&self, pairs: &[(u32, u32)]) -> Vec<(u32, u32)> {
        pairs.iter().filter_map(|(mentee, mentor)| Some((*mentee, self.at(*mentor)?))).collect()
    }

    fn outside(&self, solution: assignment::Solution) -> Solved {
        let outer = |inner: u32| self.open.get(inner as usize).copied();
        let certificate = solution.certificate;
        let groups = certificate.groups.as_ref();
        // The search over groups may prove more than the prices, which know of no least size.
        let searched = groups.is_some_and(|search| search.bound <= certificate.value);
        let bound = groups.map_or(certificate.bound, |search| search.bound);
        let groups =
            groups.map(|search| GroupSearch { price_bound: certificate.bound, branches: search.branches });
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
            bound,
            certified: true,
            proven: match solution.outcome {
                assignment::Outcome::Optimal => Proven::Optimal,
                _ if searched => Proven::Optimal,
                assignment::Outcome::WithinGap => Proven::WithinGap,
                assignment::Outcome::Stopped => Proven::Stopped,
            },
            worst: certificate.bottleneck.map(|proof| proof.worst),
            fair: certificate.fair.map(|proof| FairProof {
                multiplier: proof.multiplier,
                achieved: proof.achieved,
                met: proof.feasible,
            }),
            groups,
        }
    }

    /// A stored result as the engine gave it, without the covers that only an optimum of the bottleneck mode needs.
    fn again(&self, solved: &Solved) -> assignment::Solution {
        let inner = |mentor: &Option<u32>| mentor.and_then(|mentor| self.at(mentor));
        let mentor_of: Vec<_> = solved.mentor_of.iter().map(inner).collect();
        let price = |mentor: &u32| solved.mentor_price.get(*mentor as usize).copied().unwrap_or(0);
        assignment::Solution {
            placed: mentor_of.iter().flatten().count(),
            mentor_of,
            total: solved.total,
            outcome: match solved.proven {
                // What the search over groups has proven, the prices do not.
                Proven::Optimal if solved.price_gap() != Some(0) => assignment::Outcome::WithinGap,
                Proven::Optimal => assignment::Outcome::Optimal,
                Proven::WithinGap => assignment::Outcome::WithinGap,
                Proven::Stopped => assignment::Outcome::Stopped,
            },
            certificate: assignment::Certificate {
                mentee_price: solved.mentee_price.clone(),
                mentor_price: self.open.iter().map(price).collect(),
                lift: solved.lift,
                value: solved.value,
                bound: solved.groups.map_or(solved.bound, |search| search.price_bound),
                bottleneck: solved.worst.map(|worst| assignment::BottleneckProof {
                    worst,
                    coverage: assignment::Cover::default(),
                    above: assignment::Cover::default(),
                }),
                fair: solved.fair.as_ref().map(|proof| assignment::FairProof {
                    multiplier: proof.multiplier.clone(),
                    achieved: proof.achieved.clone(),
                    feasible: proof.met,
                }),
                groups: solved
                    .groups
                    .map(|search| assignment::GroupProof { bound: solved.bound, branches: search.branches }),
            },
        }
    }
}

#[cfg(test)]
mod tests;
