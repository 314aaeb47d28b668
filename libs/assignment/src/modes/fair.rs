//! The largest total under floors on group means, by Lagrange multipliers.
//!
//! The floors make the problem hard in general, so the answer is an assignment that meets them and
//! a proven bound on any that does (Geoffrion 1974): for multipliers `m >= 0`, an assignment that
//! meets the floors is worth at most the best sum of `score * (1 + m)` minus `m * floor`. Larger
//! multipliers draw points to their group, so each is bisected in turn.

use crate::market::{Market, Priced};
use crate::{Error, FairProof, Floors, Outcome, Phase, Solution, engine};

/// Multipliers are counted in this fraction of one.
pub(crate) const UNIT: i64 = 1024;

/// No multiplier exceeds this many units: a point of the group is then worth 65 of others.
const MOST: i64 = 64 * UNIT;

/// How often every multiplier is searched anew, the others held.
const SWEEPS: u32 = 3;

/// Solves in the fair mode.
pub(crate) fn fair(market: &Market<'_>, floors: &Floors) -> Result<Solution, Error> {
    check(market, floors)?;
    let needed = needed(floors);
    let mut search = Search { market, floors, needed, round: 0, best: None, bound: None, stopped: false };
    search.run();
    search.solution()
}

fn check(market: &Market<'_>, floors: &Floors) -> Result<(), Error> {
    let mentees = market.problem.mentees();
    if floors.group_of.len() != mentees {
        return Err(Error::FairGroups(format!("{} entries for {mentees} mentees", floors.group_of.len())));
    }
    let groups = floors.floor.len();
    for (mentee, group) in floors.group_of.iter().enumerate() {
        if let Some(group) = group.filter(|&group| group as usize >= groups) {
            return Err(Error::FairGroups(format!(
                "mentee {mentee} is in group {group}, there are {groups}"
            )));
        }
    }
    market.check_range_times(UNIT + MOST)?;
    let limit = (1 << 61) / (MOST * (mentees as i64 + 2));
    match floors.floor.iter().position(|&floor| floor < 0 || floor > limit) {
        Some(group) => Err(Error::FairGroups(format!("floor {} of group {group}", floors.floor[group]))),
        None => Ok(()),
    }
}

/// The sum of scores each group needs.
fn needed(floors: &Floors) -> Vec<i64> {
    let mut needed = vec![0; floors.floor.len()];
    for group in floors.group_of.iter().flatten() {
        needed[*group as usize] += floors.floor[*group as usize];
    }
    needed
}

/// An assignment with what it achieves.
#[derive(Clone)]
struct Candidate {
    mentor_of: Vec<Option<u32>>,
    achieved: Vec<i64>,
    /// Points missing to the floors, and minus the value: smaller is better.
    merit: (i64, i64),
}

/// Prices with the bound they prove.
struct Bound {
    bound: i64,
    multiplier: Vec<i64>,
    mentee_price: Vec<i64>,
    mentor_price: Vec<i64>,
}

struct Search<'a> {
    market: &'a Market<'a>,
    floors: &'a Floors,
    needed: Vec<i64>,
    round: u32,
    best: Option<Candidate>,
    bound: Option<Bound>,
    stopped: bool,
}

impl Search<'_> {
    fn run(&mut self) {
        let groups = self.needed.len();
        let mut multiplier = vec![0; groups];
        let mut achieved = self.attempt(&multiplier);
        for _ in 0..SWEEPS {
            let before = multiplier.clone();
            for group in 0..groups {
                if self.done() {
                    return;
                }
                if achieved[group] < self.needed[group] || multiplier[group] > 0 {
                    achieved = self.bisect(&mut multiplier, group);
                }
            }
            if multiplier == before {
                return;
            }
        }
    }

    /// Finds the least multiplier of one group that meets its floor.
    fn bisect(&mut self, multiplier: &mut [i64], group: usize) -> Vec<i64> {
        let (mut low, mut high) = (-1, MOST);
        multiplier[group] = high;
        let mut achieved = self.attempt(multiplier);
        while high - low > 1 && !self.done() {
            let middle = low + (high - low) / 2;
            multiplier[group] = middle;
            let attempt = self.attempt(multiplier);
            if attempt[group] >= self.needed[group] {
                (high, achieved) = (middle, attempt);
            } else {
                low = middle;
            }
        }
        multiplier[group] = high;
        achieved
    }

    fn done(&self) -> bool {
        self.stopped || self.gap().is_some_and(|gap| gap <= self.market.options.gap_limit)
    }

    fn gap(&self) -> Option<i64> {
        let (best, bound) = (self.best.as_ref()?, self.bound.as_ref()?);
        (best.merit.0 == 0).then(|| bound.bound.saturating_add(best.merit.1))
    }

    /// Solves for fixed multipliers; remembers the best assignment and the best bound.
    fn attempt(&mut self, multiplier: &[i64]) -> Vec<i64> {
        self.round += 1;
        let market = self.market;
        let weighted = |at: usize, i: u32| Some(weighted(market, self.floors, multiplier, at, i));
        let mut priced = market.optimise(weighted, 0, 0);
        self.stopped |= priced.stopped;
        let locked_worth = market.close(&mut priced, weighted);
        let proven = engine::dual_bound(&priced.mentee_price, &priced.mentor_price, &market.plan.capacity);
        let owed: i64 = multiplier.iter().zip(&self.needed).map(|(m, needed)| m * needed).sum();
        let bound = proven.saturating_add(locked_worth - owed).div_euclid(UNIT);
        let candidate = self.candidate(&priced);
        let achieved = candidate.achieved.clone();
        self.keep(candidate, bound, multiplier, priced);
        let bound = self.bound.as_ref().map(|best| best.bound);
        market.control.report(Phase::Fairness, self.round, bound, self.gap());
        achieved
    }

    fn keep(&mut self, candidate: Candidate, bound: i64, multiplier: &[i64], priced: Priced) {
        if self.best.as_ref().is_none_or(|best| candidate.merit < best.merit) {
            self.best = Some(candidate);
        }
        if self.bound.as_ref().is_none_or(|best| bound < best.bound) {
            let (mentee_price, mentor_price) = (priced.mentee_price, priced.mentor_price);
            self.bound = Some(Bound { bound, multiplier: multiplier.to_vec(), mentee_price, mentor_price });
        }
    }

    fn candidate(&self, priced: &Priced) -> Candidate {
        let problem = self.market.problem;
        let mut achieved = vec![0; self.needed.len()];
        let mut value = 0;
        for (i, &mentor) in priced.mentor_of.iter().enumerate() {
            let Some(at) = mentor.and_then(|j| problem.find(i as u32, j)) else { continue };
            value += self.market.worth(at, i as u32);
            if let Some(group) = self.floors.group_of[i] {
                achieved[group as usize] += problem.score[at];
            }
        }
        let missing = achieved.iter().zip(&self.needed).map(|(got, needed)| (needed - got).max(0)).sum();
        Candidate { mentor_of: priced.mentor_of.clone(), achieved, merit: (missing, -value) }
    }

    fn solution(self) -> Result<Solution, Error> {
        let (Some(best), Some(bound)) = (self.best, self.bound) else {
            return Err(Error::FairGroups("no attempt was made".into()));
        };
        let Bound { bound, multiplier, mentee_price, mentor_price } = bound;
        let priced = Priced { mentor_of: best.mentor_of, mentee_price, mentor_price, stopped: self.stopped };
        let mut solution = self.market.solution(priced, 0, |at, i| Some(self.market.worth(at, i)));
        let feasible = best.merit.0 == 0;
        solution.outcome = match (feasible && bound == solution.certificate.value, self.stopped) {
            (true, _) => Outcome::Optimal,
            (false, true) => Outcome::Stopped,
            (false, false) => Outcome::WithinGap,
        };
        solution.certificate.bound = bound;
        solution.certificate.fair = Some(FairProof { multiplier, achieved: best.achieved, feasible });
        Ok(solution)
    }
}

/// The worth of a pair in units: its score counts more in a favoured group, its keep bonus does not.
fn weighted(market: &Market<'_>, floors: &Floors, multiplier: &[i64], at: usize, mentee: u32) -> i64 {
    let extra = floors.group_of[mentee as usize].map_or(0, |group| multiplier[group as usize]);
    market.worth(at, mentee) * UNIT + market.problem.score[at] * extra
}
