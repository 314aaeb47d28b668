//! The independent check of a solution. It shares no code with the solver, prunes nothing, and
//! computes in 128 bits.

use std::collections::{HashMap, HashSet};

use crate::{Mode, Options, Outcome, Problem, Solution};

/// The first thing found wrong with a solution.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The lists do not have one entry per person.
    #[error("the solution has {given} {what}, the problem {expected}")]
    Length {
        /// Which list.
        what: &'static str,
        /// Entries in the solution.
        given: usize,
        /// Entries expected.
        expected: usize,
    },
    /// A pair was made that is infeasible or forbidden.
    #[error("mentee {mentee} must not be with mentor {mentor}")]
    Infeasible {
        /// The mentee.
        mentee: u32,
        /// The mentor.
        mentor: u32,
    },
    /// A locked pair was not made.
    #[error("the lock of mentee {mentee} to mentor {mentor} is not honoured")]
    Lock {
        /// The mentee.
        mentee: u32,
        /// The mentor.
        mentor: u32,
    },
    /// A mentor has more mentees than places.
    #[error("mentor {mentor} has {given} mentees for {capacity} places")]
    Overfull {
        /// The mentor.
        mentor: u32,
        /// Mentees given to it.
        given: i64,
        /// Its places.
        capacity: i64,
    },
    /// A number in the solution is not what it should add up to.
    #[error("{what} is {given}, recomputed {expected}")]
    Sum {
        /// Which number.
        what: &'static str,
        /// As stated.
        given: i64,
        /// As recomputed.
        expected: i128,
    },
    /// A price is negative.
    #[error("the price of {side} {index} is {price}")]
    NegativePrice {
        /// `mentee` or `mentor`.
        side: &'static str,
        /// Who.
        index: usize,
        /// The price.
        price: i64,
    },
    /// Two prices do not cover the worth of a pair: the bound is not a bound.
    #[error("the prices of mentee {mentee} and mentor {mentor} fall {short} short of their worth")]
    Uncovered {
        /// The mentee.
        mentee: u32,
        /// The mentor.
        mentor: u32,
        /// By how much.
        short: i128,
    },
    /// The solution claims to be the best, but its bound is larger than its value.
    #[error("claimed optimal with a gap of {gap}")]
    Gap {
        /// The gap.
        gap: i128,
    },
    /// The lift is too small for coverage to come first.
    #[error("the lift {lift} does not outweigh {needed} points")]
    Lift {
        /// The lift stated.
        lift: i64,
        /// What it has to exceed.
        needed: i128,
    },
}

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
        _ => Ok(()),
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
        Ok(())
    }

    fn totals(&self) -> Result<(), Fault> {
        let placed = self.made().count();
        equal("the number placed", self.solution.placed as i64, placed as i128)?;
        let score = |(i, j)| self.problem.score(i, j).map_or(0, i128::from);
        let total: i128 = self.made().map(score).sum();
        equal("the total", self.solution.total, total)
    }

    /// Weak duality: the prices cover every open pair, so their sum bounds every assignment.
    fn prices(&self) -> Result<(), Fault> {
        let proof = &self.solution.certificate;
        for (side, prices) in [("mentee", &proof.mentee_price), ("mentor", &proof.mentor_price)] {
            if let Some(index) = prices.iter().position(|&price| price < 0) {
                return Err(Fault::NegativePrice { side, index, price: prices[index] });
            }
        }
        let (mut value, mut locked_value) = (0i128, 0i128);
        for mentee in 0..self.problem.mentees() as u32 {
            for (mentor, score) in self.problem.pairs_of(mentee) {
                let worth = self.worth(mentee, mentor, score);
                if self.solution.mentor_of[mentee as usize] == Some(mentor) {
                    value += worth;
                }
                if self.locks.contains_key(&mentee) {
                    locked_value += if self.locks[&mentee] == mentor { worth } else { 0 };
                } else if !self.forbidden.contains(&(mentee, mentor)) {
                    self.covered(mentee, mentor, worth)?;
                }
            }
        }
        let mentees = proof.mentee_price.iter().map(|&price| i128::from(price)).sum::<i128>();
        let mut places: Vec<i128> = self.problem.capacities().iter().map(|&c| i128::from(c)).collect();
        for &mentor in self.locks.values() {
            places[mentor as usize] -= 1;
        }
        let mentors = proof.mentor_price.iter().zip(&places).map(|(&p, &c)| i128::from(p) * c).sum::<i128>();
        let bound = mentees + mentors + locked_value;
        self.lift()?;
        equal("the value", proof.value, value)?;
        if proof.bound != i64::MAX || self.solution.outcome == Outcome::Optimal {
            equal("the bound", proof.bound, bound)?;
        }
        match self.solution.outcome {
            Outcome::Optimal if bound != value => Err(Fault::Gap { gap: bound - value }),
            _ => Ok(()),
        }
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
        for mentee in 0..self.problem.mentees() as u32 {
            for (mentor, score) in self.problem.pairs_of(mentee) {
                let worth = self.worth(mentee, mentor, score) - i128::from(lift);
                (largest, smallest) = (largest.max(worth), smallest.min(worth));
            }
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
