//! What every mode works with: the input of one run, the optimiser on it, and its answer in the caller's order.

use crate::engine::graph::{Graph, permutation};
use crate::engine::{self, Goal, NONE, Warm};
use crate::plan::{self, Plan};
use crate::{Certificate, Control, Error, Options, Outcome, Problem, Solution};

/// One run: the input and what applies to it.
#[derive(Clone, Copy)]
pub(crate) struct Market<'a> {
    pub(crate) problem: &'a Problem,
    pub(crate) plan: &'a Plan,
    pub(crate) options: &'a Options,
    /// An earlier answer to start from.
    pub(crate) warm: Option<&'a Priced>,
    pub(crate) control: &'a Control<'a>,
}

/// The optimiser's answer in the caller's order.
#[derive(Debug, Clone)]
pub(crate) struct Priced {
    pub(crate) mentor_of: Vec<Option<u32>>,
    pub(crate) mentee_price: Vec<i64>,
    pub(crate) mentor_price: Vec<i64>,
    pub(crate) stopped: bool,
}

impl Market<'_> {
    /// The largest total, of all or of the fullest assignments.
    pub(crate) fn best(&self, coverage_first: bool) -> Result<Solution, Error> {
        let most = self.check_range(coverage_first)?;
        let lift = if coverage_first { plan::lift(self.plan.most_placed(), most) } else { 0 };
        let priced = self.optimise(|at, i| Some(self.worth(at, i)), lift, self.options.gap_limit);
        Ok(self.solution(priced, lift, |at, i| Some(self.worth(at, i) + lift)))
    }

    /// Score and keep bonus of a stored pair.
    pub(crate) fn worth(&self, at: usize, mentee: u32) -> i64 {
        self.problem.score[at] + self.plan.bonus(mentee, self.problem.mentor[at])
    }

    /// Refuses scores whose sums could overflow; gives the largest magnitude.
    pub(crate) fn check_range(&self, coverage_first: bool) -> Result<i64, Error> {
        self.check_limit(plan::score_limit(self.plan.most_placed(), coverage_first))
    }

    /// The same for scores that will be multiplied by up to `factor`.
    pub(crate) fn check_range_times(&self, factor: i64) -> Result<i64, Error> {
        self.check_limit(plan::score_limit(self.plan.most_placed(), false) / factor)
    }

    fn check_limit(&self, limit: i64) -> Result<i64, Error> {
        let mut most = 0;
        for i in 0..self.problem.mentees() as u32 {
            for at in self.problem.row(i) {
                let (mentor, score) = (self.problem.mentor[at], self.problem.score[at]);
                let size = score.unsigned_abs().saturating_add(self.plan.bonus(i, mentor).unsigned_abs());
                if size > limit as u64 {
                    return Err(Error::ScoreRange { mentee: i, mentor, score, limit });
                }
                most = most.max(size as i64);
            }
        }
        Ok(most)
    }

    /// The pairs of a mentee that the optimiser works on, as `(mentor, worth)`.
    pub(crate) fn pairs_of(
        &self,
        mentee: u32,
        worth: impl Fn(usize, u32) -> Option<i64> + Copy,
        lift: i64,
    ) -> impl Iterator<Item = (u32, i64)> {
        let (problem, plan) = (self.problem, self.plan);
        problem.row(mentee).filter_map(move |at| {
            let j = problem.mentor[at];
            let open = plan.open(mentee, j) && plan.capacity[j as usize] > 0;
            let worth = if open { worth(at, mentee) } else { None };
            worth.filter(|&worth| worth + lift >= 0).map(|worth| (j, worth))
        })
    }

    /// Maximises the sum of `worth(at, mentee) + lift` over the open pairs that have a worth.
    pub(crate) fn optimise(&self, worth: impl Fn(usize, u32) -> Option<i64>, lift: i64, gap: i64) -> Priced {
        let (problem, capacity) = (self.problem, &self.plan.capacity);
        let ranks = Ranks::new(problem.mentees(), problem.mentors(), self.options.seed);
        ranks.optimise(capacity, |i| self.pairs_of(i, &worth, lift), lift, gap, self.warm, self.control)
    }

    /// Adds the locked pairs and the prices of mentors without open places; gives what the locked
    /// pairs are worth.
    pub(crate) fn close(&self, priced: &mut Priced, worth: impl Fn(usize, u32) -> Option<i64>) -> i64 {
        let (problem, plan) = (self.problem, self.plan);
        let mut locked_worth = 0;
        for i in 0..problem.mentees() as u32 {
            for at in problem.row(i) {
                let j = problem.mentor[at];
                let Some(worth) = worth(at, i) else { continue };
                if plan.locked[i as usize] == Some(j) {
                    priced.mentor_of[i as usize] = Some(j);
                    locked_worth += worth;
                } else if plan.capacity[j as usize] == 0 && plan.open(i, j) {
                    let price = &mut priced.mentor_price[j as usize];
                    *price = (worth - priced.mentee_price[i as usize]).max(*price);
                }
            }
        }
        locked_worth
    }

    /// Completes the optimiser's answer by [`Market::close`] and adds up.
    pub(crate) fn solution(
        &self,
        mut priced: Priced,
        lift: i64,
        worth: impl Fn(usize, u32) -> Option<i64>,
    ) -> Solution {
        let locked_worth = self.close(&mut priced, &worth);
        let mut sums = Sums { locked_worth, ..Sums::default() };
        for (i, &mentor) in priced.mentor_of.iter().enumerate() {
            if let Some(at) = mentor.and_then(|j| self.problem.find(i as u32, j)) {
                sums.placed += 1;
                sums.total += self.problem.score[at];
                sums.value += worth(at, i as u32).unwrap_or(0);
            }
        }
        priced.solution(&sums, lift, &self.plan.capacity)
    }
}

/// What an assignment comes to.
#[derive(Debug, Default)]
pub(crate) struct Sums {
    pub(crate) placed: usize,
    pub(crate) total: i64,
    pub(crate) value: i64,
    /// Of it, what the locked pairs are worth.
    pub(crate) locked_worth: i64,
}

impl Priced {
    /// The assignment with its proof; `capacity` is of the places that are not locked.
    pub(crate) fn solution(self, sums: &Sums, lift: i64, capacity: &[i64]) -> Solution {
        let Sums { placed, total, value, locked_worth } = *sums;
        let Self { mentor_of, mentee_price, mentor_price, stopped } = self;
        let open = engine::dual_bound(&mentee_price, &mentor_price, capacity);
        let bound = open.saturating_add(locked_worth);
        let outcome = match (bound == value, stopped) {
            (true, _) => Outcome::Optimal,
            (false, true) => Outcome::Stopped,
            (false, false) => Outcome::WithinGap,
        };
        let certificate = Certificate {
            mentee_price,
            mentor_price,
            lift,
            value,
            bound,
            bottleneck: None,
            fair: None,
            groups: None,
        };
        Solution { mentor_of, placed, total, outcome, certificate }
    }
}

/// The seeded renumbering under which the optimiser works, so that ties do not favour the order of
/// the input.
#[derive(Debug)]
pub(crate) struct Ranks {
    pub(crate) mentee: Vec<u32>,
    pub(crate) mentor: Vec<u32>,
}

impl Ranks {
    pub(crate) fn new(mentees: usize, mentors: usize, seed: u64) -> Self {
        Self { mentee: permutation(mentees, seed), mentor: permutation(mentors, seed ^ 1) }
    }

    /// The graph of the pairs `(mentor, worth)` of each mentee; the places are in its order already.
    pub(crate) fn graph<I: Iterator<Item = (u32, i64)>>(
        &self,
        capacity: &[i64],
        pairs_of: impl Fn(u32) -> I,
    ) -> Graph {
        let mentee_at = inverse(&self.mentee);
        Graph::new(mentee_at.len(), capacity, |rank| {
            pairs_of(mentee_at[rank as usize]).map(|(j, worth)| (self.mentor[j as usize], worth))
        })
    }

    /// Runs the optimiser on the pairs `(mentor, worth)` of each mentee, from an earlier answer if given.
    pub(crate) fn optimise<I: Iterator<Item = (u32, i64)>>(
        &self,
        capacity: &[i64],
        pairs_of: impl Fn(u32) -> I,
        lift: i64,
        gap: i64,
        warm: Option<&Priced>,
        control: &Control<'_>,
    ) -> Priced {
        let capacity = permuted(capacity, &self.mentor);
        let mut graph = self.graph(&capacity, pairs_of);
        let warm = warm.map(|priced| {
            let rank = |mentor: &Option<u32>| mentor.map_or(NONE, |j| self.mentor[j as usize]);
            let mentor: Vec<u32> = priced.mentor_of.iter().map(rank).collect();
            Warm { mentor: permuted(&mentor, &self.mentee), v: permuted(&priced.mentor_price, &self.mentor) }
        });
        let goal = Goal { capacity: &capacity, lift, gap };
        let found = engine::optimise(&mut graph, goal, warm.as_ref(), control);
        let mentor_at = inverse(&self.mentor);
        let mentor_of = |&rank: &u32| match found.edge[rank as usize] {
            NONE => None,
            edge => Some(mentor_at[graph.mentor[edge as usize] as usize]),
        };
        Priced {
            mentor_of: self.mentee.iter().map(mentor_of).collect(),
            mentee_price: self.mentee.iter().map(|&rank| found.u[rank as usize]).collect(),
            mentor_price: self.mentor.iter().map(|&rank| found.v[rank as usize]).collect(),
            stopped: found.stopped,
        }
    }
}

/// `list` with each entry moved to its rank.
pub(crate) fn permuted<T: Copy + Default>(list: &[T], rank: &[u32]) -> Vec<T> {
    let mut moved = vec![T::default(); list.len()];
    for (&entry, &rank) in list.iter().zip(rank) {
        moved[rank as usize] = entry;
    }
    moved
}

pub(crate) fn inverse(rank: &[u32]) -> Vec<u32> {
    let mut at = vec![0; rank.len()];
    for (index, &rank) in rank.iter().enumerate() {
        at[rank as usize] = index as u32;
    }
    at
}
