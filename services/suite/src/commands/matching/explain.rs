//! The facts behind every pair and every gap, in one pass over all pairs.
//!
//! The same answers as the library's `Explainer`, for inputs whose pairs are never listed.

use super::{market::Market, terms::Lists};
use assignment::{Mode, Options, Outcome, Solution};
use std::collections::{HashMap, HashSet};

/// The unit of prices in the fair mode.
const FAIR_UNIT: i64 = 1024;

/// How many better mentors are explained for each mentee.
const BETTER: usize = 3;

/// What is known of one mentee.
#[derive(Debug, Default, Clone)]
pub(super) struct Facts {
    /// The mentor with the points of the pair.
    pub(super) made: Option<(u32, i64)>,
    /// Feasible mentors.
    pub(super) feasible: usize,
    /// Feasible mentors with more points than the one made.
    pub(super) above: usize,
    /// The best of them, at most a few; for the unplaced the best of all.
    pub(super) better: Vec<(u32, i64)>,
    /// For the unplaced: the mentor where fewest points are missing, and how many.
    pub(super) nearest: Option<(u32, i64)>,
    /// Mentees with more points with the same mentor.
    pub(super) mentor_above: usize,
    /// For the placed: how much more the place is worth to them, at the proof's prices, than the next best choice.
    hold: i64,
}

/// The facts about everybody.
pub(super) struct Explained<'a> {
    pub(super) market: &'a dyn Market,
    pub(super) options: &'a Options,
    pub(super) solution: &'a Solution,
    pub(super) lists: &'a Lists,
    /// By mentee.
    pub(super) facts: Vec<Facts>,
    /// Mentees that are feasible for each mentor.
    pub(super) feasible_mentees: Vec<u32>,
    /// Who is with each mentor, with points, the fewest first.
    pub(super) holders: Vec<Vec<(i64, u32)>>,
    forbidden: HashSet<(u32, u32)>,
    previous: HashSet<(u32, u32)>,
    locked: HashMap<u32, u32>,
}

/// What a thread has counted.
struct Counted {
    facts: Vec<Facts>,
    feasible_mentees: Vec<u32>,
    /// For each mentor and number of holders: pairs that outdo so many of them.
    outdoing: Vec<u32>,
}

impl<'a> Explained<'a> {
    /// Looks at every pair once.
    pub(super) fn new(
        market: &'a dyn Market,
        options: &'a Options,
        solution: &'a Solution,
        lists: &'a Lists,
    ) -> Self {
        let mut explained = Self {
            market,
            options,
            solution,
            lists,
            facts: Vec::new(),
            feasible_mentees: vec![0; market.capacities().len()],
            holders: holders(market, solution),
            forbidden: options.forbidden.iter().copied().collect(),
            previous: options.previous.iter().copied().collect(),
            locked: options.locks.iter().copied().collect(),
        };
        let chunk = market.mentees().div_ceil(options.threads.max(1)).max(1);
        let starts: Vec<usize> = (0..market.mentees()).step_by(chunk).collect();
        let counted: Vec<Counted> = std::thread::scope(|scope| {
            let explained = &explained;
            let count = |&start: &usize| {
                let end = (start + chunk).min(explained.market.mentees());
                scope.spawn(move || explained.count(start..end))
            };
            let threads: Vec<_> = starts.iter().map(count).collect();
            threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
        });
        explained.merge(counted);
        explained
    }

    fn merge(&mut self, counted: Vec<Counted>) {
        let mut outdoing = vec![0; self.buckets()];
        for part in counted {
            self.facts.extend(part.facts);
            for (sum, count) in self.feasible_mentees.iter_mut().zip(part.feasible_mentees) {
                *sum += count;
            }
            for (sum, count) in outdoing.iter_mut().zip(part.outdoing) {
                *sum += count;
            }
        }
        // The holder at position k is outdone by every pair that outdoes more than k holders.
        let mut start = 0;
        for holders in &self.holders {
            let mut above = 0;
            for (at, &(_, mentee)) in holders.iter().enumerate().rev() {
                above += outdoing[start + at + 1] as usize;
                if let Some(facts) = self.facts.get_mut(mentee as usize) {
                    facts.mentor_above = above;
                }
            }
            start += holders.len() + 1;
        }
    }

    fn buckets(&self) -> usize {
        self.holders.iter().map(|holders| holders.len() + 1).sum()
    }

    fn count(&self, mentees: std::ops::Range<usize>) -> Counted {
        let starts: Vec<usize> = self
            .holders
            .iter()
            .scan(0, |next, holders| Some(std::mem::replace(next, *next + holders.len() + 1)))
            .collect();
        let mut counted = Counted {
            facts: Vec::with_capacity(mentees.len()),
            feasible_mentees: vec![0; self.holders.len()],
            outdoing: vec![0; self.buckets()],
        };
        let mut row = Vec::new();
        for mentee in mentees {
            let mentee = mentee as u32;
            row.clear();
            self.market.row(mentee, &mut row);
            row.retain(|&(mentor, _)| !self.forbidden.contains(&(mentee, mentor)));
            for &(mentor, score) in &row {
                counted.feasible_mentees[mentor as usize] += 1;
                let holders = &self.holders[mentor as usize];
                let outdone = holders.partition_point(|&(held, _)| held < score);
                counted.outdoing[starts[mentor as usize] + outdone] += 1;
            }
            counted.facts.push(self.facts_of(mentee, &row));
        }
        counted
    }

    fn facts_of(&self, mentee: u32, row: &[(u32, i64)]) -> Facts {
        let mentor = self.solution.mentor_of.get(mentee as usize).copied().flatten();
        let made = mentor.and_then(|mentor| Some((mentor, self.market.score(mentee, mentor)?)));
        let hold = made.map_or(0, |own| self.hold(mentee, own, row));
        let mut facts = Facts { made, feasible: row.len(), hold, ..Facts::default() };
        for &(mentor, score) in row {
            if made.is_some_and(|(_, own)| score <= own) {
                continue;
            }
            facts.above += 1;
            let at = facts.better.partition_point(|&(_, better)| better >= score);
            if at < BETTER {
                facts.better.insert(at, (mentor, score));
                facts.better.truncate(BETTER);
            }
            if made.is_none() {
                let short = (self.short(mentee, mentor, score), mentor);
                if facts.nearest.is_none_or(|(mentor, points)| short < (points, mentor)) {
                    facts.nearest = Some((short.1, short.0));
                }
            }
        }
        facts
    }

    fn hold(&self, mentee: u32, own: (u32, i64), row: &[(u32, i64)]) -> i64 {
        let proof = &self.solution.certificate;
        let gain = |(mentor, score): (u32, i64)| {
            let bonus = if self.is_previous(mentee, mentor) { self.options.keep_bonus } else { 0 };
            let price = proof.mentor_price.get(mentor as usize).copied().unwrap_or(0);
            score.saturating_add(bonus).saturating_add(proof.lift).saturating_sub(price)
        };
        let others = row.iter().copied().filter(|(mentor, _)| *mentor != own.0);
        let next = others.map(gain).max().unwrap_or(0).max(0);
        gain(own).saturating_sub(next).max(0)
    }

    /// How far a mentor's price can rise with the proof still holding: until somebody with a place there would as soon
    /// have another one, or none. What forcing a pair with that mentor costs is so much more, at least.
    pub(super) fn margin(&self, mentor: u32) -> i64 {
        let holders = &self.holders[mentor as usize];
        let priced = matches!(self.options.mode, Mode::MaxTotal | Mode::MaxCardinality)
            && self.solution.outcome == Outcome::Optimal
            && self.options.minimums.is_empty();
        if !priced || (holders.len() as i64) < self.market.capacities()[mentor as usize] {
            return 0;
        }
        let held = holders.iter().filter(|(_, mentee)| !self.locked.contains_key(mentee));
        held.filter_map(|(_, mentee)| Some(self.facts.get(*mentee as usize)?.hold)).min().unwrap_or(0)
    }

    /// By how much the prices of a pair exceed its worth: what forcing it would cost at least.
    pub(super) fn short(&self, mentee: u32, mentor: u32, score: i64) -> i64 {
        let proof = &self.solution.certificate;
        let bonus = if self.is_previous(mentee, mentor) { self.options.keep_bonus } else { 0 };
        let price = |prices: &[i64], at: u32| prices.get(at as usize).copied().unwrap_or(0);
        let prices = price(&proof.mentee_price, mentee).saturating_add(price(&proof.mentor_price, mentor));
        if let (Mode::Fair(floors), Some(fair)) = (&self.options.mode, &proof.fair) {
            let group = floors.group_of.get(mentee as usize).copied().flatten();
            let extra = group.map_or(0, |group| price(&fair.multiplier, group));
            let worth = FAIR_UNIT.saturating_mul(score.saturating_add(bonus));
            let worth = worth.saturating_add(extra.saturating_mul(score));
            return prices.saturating_sub(worth).div_euclid(FAIR_UNIT).max(0);
        }
        prices.saturating_sub(score.saturating_add(proof.lift).saturating_add(bonus)).max(0)
    }

    /// How far the result may be from the best; unknown when it does not meet floors that the bound takes for met.
    pub(super) fn gap(&self) -> Option<i64> {
        let proof = &self.solution.certificate;
        proof.fair.as_ref().is_none_or(|fair| fair.feasible).then(|| proof.gap().max(0))
    }

    /// The pair is excluded.
    pub(super) fn is_forbidden(&self, mentee: u32, mentor: u32) -> bool {
        self.forbidden.contains(&(mentee, mentor))
    }

    /// The pair existed last time.
    pub(super) fn is_previous(&self, mentee: u32, mentor: u32) -> bool {
        self.previous.contains(&(mentee, mentor))
    }

    /// The mentor a mentee is locked to.
    pub(super) fn lock_of(&self, mentee: u32) -> Option<u32> {
        self.locked.get(&mentee).copied()
    }
}

fn holders(market: &dyn Market, solution: &Solution) -> Vec<Vec<(i64, u32)>> {
    let mut holders = vec![Vec::new(); market.capacities().len()];
    for (mentee, mentor) in (0u32..).zip(&solution.mentor_of) {
        let Some(mentor) = *mentor else { continue };
        if let Some(score) = market.score(mentee, mentor) {
            holders[mentor as usize].push((score, mentee));
        }
    }
    holders.iter_mut().for_each(|list: &mut Vec<(i64, u32)>| list.sort_unstable());
    holders
}
