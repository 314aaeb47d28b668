//! The independent check of a solution. It shares no code with the solver, prunes nothing, and
//! computes in 128 bits.

use std::collections::{HashMap, HashSet};

use crate::{Mode, Options, Outcome, Problem, Solution};

mod fault;
mod modes;

pub use fault::Fault;

/// Checks that a solution is what it claims to be: feasible, honest in its sums, and, where it
/// says so, optimal. Every pair is looked at.
///
/// # Errors
/// The first [`Fault`] found.
pub fn verify(problem: &Problem, options: &Options, solution: &Solution) -> Result<(), Fault> {
    let check = Check::new(problem, options, solution)?;
    check.assignment()?;
    check.totals()?;
    match &options.mode {
        Mode::MaxTotal | Mode::MaxCardinality => check.prices(),
        Mode::Bottleneck => check.bottleneck(),
        Mode::Stable => check.stable(),
        Mode::Fair(floors) => check.fair(floors),
    }
}

struct Check<'a> {
    problem: &'a Problem,
    solution: &'a Solution,
    options: &'a Options,
    forbidden: HashSet<(u32, u32)>,
    previous: HashSet<(u32, u32)>,
    locks: HashMap<u32, u32>,
}

impl<'a> Check<'a> {
    fn new(problem: &'a Problem, options: &'a Options, solution: &'a Solution) -> Result<Self, Fault> {
        let proof = &solution.certificate;
        let (mentees, mentors) = (problem.mentees(), problem.mentors());
        for (what, given, expected) in [
            ("mentees", solution.mentor_of.len(), mentees),
            ("mentee prices", proof.mentee_price.len(), mentees),
            ("mentor prices", proof.mentor_price.len(), mentors),
        ] {
            if given != expected {
                return Err(Fault::Length { what, given, expected });
            }
        }
        Ok(Self {
            problem,
            solution,
            options,
            forbidden: options.forbidden.iter().copied().collect(),
            previous: options.previous.iter().copied().collect(),
            locks: options.locks.iter().copied().collect(),
        })
    }

    fn assignment(&self) -> Result<(), Fault> {
        let mut given = vec![0i64; self.problem.mentors()];
        for (mentee, mentor) in self.made() {
            let feasible = self.problem.pairs_of(mentee).any(|(j, _)| j == mentor);
            if !feasible || self.forbidden.contains(&(mentee, mentor)) {
                return Err(Fault::Infeasible { mentee, mentor });
            }
            given[mentor as usize] += 1;
        }
        for (&mentee, &mentor) in &self.locks {
            if self.solution.mentor_of[mentee as usize] != Some(mentor) {
                return Err(Fault::Lock { mentee, mentor });
            }
        }
        for (j, (&given, &capacity)) in given.iter().zip(self.problem.capacities()).enumerate() {
            if given > capacity {
                return Err(Fault::Overfull { mentor: j as u32, given, capacity });
            }
        }
        for (j, (&given, &minimum)) in given.iter().zip(&self.options.minimums).enumerate() {
            if given > 0 && given < minimum {
                return Err(Fault::Underfull { mentor: j as u32, given, minimum });
            }
        }
        Ok(())
    }

    fn totals(&self) -> Result<(), Fault> {
        let placed = self.made().count();
        equal("the number placed", self.solution.placed as i64, placed as i128)?;
        let score = |(i, j)| self.problem.score(i, j).map_or(0, i128::from);
        let total: i128 = self.made().map(score).sum();
        equal("the total", self.solution.total, total)
    }

    /// The prices in the modes whose worth is score, keep bonus and lift.
    fn prices(&self) -> Result<(), Fault> {
        self.lift()?;
        let (value, bound) = self.duality(|i, j, s| Some(self.worth(i, j, s)))?;
        self.gap(value, bound)
    }

    /// Weak duality: prices that cover every open pair with a worth bound every assignment by
    /// their sum. Gives the value of the assignment and the bound.
    fn duality(&self, worth: impl Fn(u32, u32, i64) -> Option<i128>) -> Result<(i128, i128), Fault> {
        let proof = &self.solution.certificate;
        for (side, prices) in [("mentee", &proof.mentee_price), ("mentor", &proof.mentor_price)] {
            if let Some(index) = prices.iter().position(|&price| price < 0) {
                return Err(Fault::NegativePrice { side, index, price: prices[index] });
            }
        }
        let (mut value, mut locked_value) = (0, 0);
        for (mentee, mentor, score) in self.pairs() {
            let Some(worth) = worth(mentee, mentor, score) else { continue };
            if self.solution.mentor_of[mentee as usize] == Some(mentor) {
                value += worth;
            }
            if self.locks.get(&mentee) == Some(&mentor) {
                locked_value += worth;
            }
            if self.open(mentee, mentor) {
                self.covered(mentee, mentor, worth)?;
            }
        }
        let mentees: i128 = proof.mentee_price.iter().map(|&price| i128::from(price)).sum();
        let places = self.places();
        let mentors: i128 = proof.mentor_price.iter().zip(&places).map(|(&p, &c)| i128::from(p) * c).sum();
        Ok((value, mentees + mentors + locked_value))
    }

    /// Checks the stated value and bound, and that an optimum has no gap.
    fn gap(&self, value: i128, bound: i128) -> Result<(), Fault> {
        let (proof, outcome) = (&self.solution.certificate, self.solution.outcome);
        equal("the value", proof.value, value)?;
        // A bound past 64 bits is stated as the largest number; it proves nothing.
        if bound <= i128::from(i64::MAX) || outcome == Outcome::Optimal {
            equal("the bound", proof.bound, bound)?;
        }
        if outcome == Outcome::Optimal && bound != value {
            return Err(Fault::Gap { gap: bound - value });
        }
        Ok(())
    }

    /// Every scored pair.
    fn pairs(&self) -> impl Iterator<Item = (u32, u32, i64)> + '_ {
        let mentees = 0..self.problem.mentees() as u32;
        mentees.flat_map(|mentee| {
            self.problem.pairs_of(mentee).map(move |(mentor, score)| (mentee, mentor, score))
        })
    }

    /// Whether a pair was still to be decided.
    fn open(&self, mentee: u32, mentor: u32) -> bool {
        !self.locks.contains_key(&mentee) && !self.forbidden.contains(&(mentee, mentor))
    }

    /// The places of each mentor that are not locked.
    fn places(&self) -> Vec<i128> {
        let mut places: Vec<i128> = self.problem.capacities().iter().map(|&c| i128::from(c)).collect();
        for &mentor in self.locks.values() {
            places[mentor as usize] -= 1;
        }
        places
    }

    fn covered(&self, mentee: u32, mentor: u32, worth: i128) -> Result<(), Fault> {
        let proof = &self.solution.certificate;
        let mentee_price = i128::from(proof.mentee_price[mentee as usize]);
        let mentor_price = i128::from(proof.mentor_price[mentor as usize]);
        match worth - mentee_price - mentor_price {
            short if short > 0 => Err(Fault::Uncovered { mentee, mentor, short }),
            _ => Ok(()),
        }
    }

    /// Coverage comes first only if a placement outweighs any difference between two totals.
    fn lift(&self) -> Result<(), Fault> {
        let lift = self.solution.certificate.lift;
        if self.options.mode == Mode::MaxTotal {
            return equal("the lift", lift, 0);
        }
        let (mut largest, mut smallest) = (0i128, 0i128);
        for (mentee, mentor, score) in self.pairs() {
            let worth = self.worth(mentee, mentor, score) - i128::from(lift);
            (largest, smallest) = (largest.max(worth), smallest.min(worth));
        }
        let places: i128 = self.problem.capacities().iter().map(|&c| i128::from(c)).sum();
        let needed = places.min(self.problem.mentees() as i128) * (largest - smallest);
        if i128::from(lift) > needed { Ok(()) } else { Err(Fault::Lift { lift, needed }) }
    }

    fn worth(&self, mentee: u32, mentor: u32, score: i64) -> i128 {
        let kept = self.previous.contains(&(mentee, mentor));
        let bonus = if kept { i128::from(self.options.keep_bonus) } else { 0 };
        i128::from(score) + bonus + i128::from(self.solution.certificate.lift)
    }

    fn made(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let mentors = self.solution.mentor_of.iter().enumerate();
        mentors.filter_map(|(i, &mentor)| mentor.map(|j| (i as u32, j)))
    }
}

fn equal(what: &'static str, given: i64, expected: i128) -> Result<(), Fault> {
    if i128::from(given) == expected { Ok(()) } else { Err(Fault::Sum { what, given, expected }) }
}
