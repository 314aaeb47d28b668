//! The independent check of a solution over people: every pair, by the definitions of the criteria.
//!
//! It shares nothing with the scan: no classes, no bounds, no pruning.

use std::collections::{HashMap, HashSet};

use super::People;
use crate::{Fault, Mode, Options, Outcome, Solution, verify};

/// Checks that a solution over people is what it claims to be. Looks at all pairs; takes time in
/// proportion to their number, divided over `options.threads`.
///
/// # Errors
/// The first [`Fault`] found, the same on any number of threads.
pub fn verify_people(people: &People, options: &Options, solution: &Solution) -> Result<(), Fault> {
    match options.mode {
        Mode::MaxTotal | Mode::MaxCardinality if options.minimums.iter().all(|&least| least <= 1) => {}
        // These modes come with a list of all pairs anyway.
        _ => {
            let problem = people.problem().map_err(|_| Fault::NoProof { mode: "listed" })?;
            return verify(&problem, options, solution);
        }
    }
    let check = Check::new(people, options, solution)?;
    let (placed, total, value, locked) = check.assignment()?;
    check.lift()?;
    check.every_pair()?;
    let proof = &solution.certificate;
    let mentees: i128 = proof.mentee_price.iter().map(|&price| i128::from(price)).sum();
    let mentors = proof.mentor_price.iter().zip(check.open_places());
    let bound = mentees + mentors.map(|(&price, places)| i128::from(price) * places).sum::<i128>() + locked;
    for (what, given, expected) in [
        ("the number placed", solution.placed as i64, placed),
        ("the total", solution.total, total),
        ("the value", proof.value, value),
        ("the bound", proof.bound, bound.min(i128::from(i64::MAX))),
    ] {
        if i128::from(given) != expected {
            return Err(Fault::Sum { what, given, expected });
        }
    }
    if solution.outcome == Outcome::Optimal && bound != value {
        return Err(Fault::Gap { gap: bound - value });
    }
    Ok(())
}

struct Check<'a> {
    people: &'a People,
    options: &'a Options,
    solution: &'a Solution,
    locks: HashMap<u32, u32>,
    forbidden: HashSet<(u32, u32)>,
    previous: HashSet<(u32, u32)>,
}

impl<'a> Check<'a> {
    fn new(people: &'a People, options: &'a Options, solution: &'a Solution) -> Result<Self, Fault> {
        let proof = &solution.certificate;
        for (what, given, expected) in [
            ("mentees", solution.mentor_of.len(), people.mentees()),
            ("mentee prices", proof.mentee_price.len(), people.mentees()),
            ("mentor prices", proof.mentor_price.len(), people.mentors()),
        ] {
            if given != expected {
                return Err(Fault::Length { what, given, expected });
            }
        }
        for (side, prices) in [("mentee", &proof.mentee_price), ("mentor", &proof.mentor_price)] {
            if let Some(index) = prices.iter().position(|&price| price < 0) {
                return Err(Fault::NegativePrice { side, index, price: prices[index] });
            }
        }
        let locks = options.locks.iter().copied().collect();
        let forbidden = options.forbidden.iter().copied().collect();
        let previous = options.previous.iter().copied().collect();
        Ok(Self { people, options, solution, locks, forbidden, previous })
    }

    /// Feasibility; gives the number placed, the total, the value and the locked part of it.
    fn assignment(&self) -> Result<(i128, i128, i128, i128), Fault> {
        let (mut placed, mut total, mut value, mut locked) = (0, 0, 0, 0);
        let mut given = vec![0i64; self.people.mentors()];
        for (mentee, mentor) in (0u32..).zip(&self.solution.mentor_of) {
            if let Some(&lock) = self.locks.get(&mentee)
                && *mentor != Some(lock)
            {
                return Err(Fault::Lock { mentee, mentor: lock });
            }
            let Some(mentor) = *mentor else { continue };
            let score =
                self.people.score(mentee, mentor).filter(|_| !self.forbidden.contains(&(mentee, mentor)));
            let score = score.ok_or(Fault::Infeasible { mentee, mentor })?;
            given[mentor as usize] += 1;
            placed += 1;
            total += i128::from(score);
            value += self.worth(mentee, mentor, score);
            locked += if self.locks.contains_key(&mentee) { self.worth(mentee, mentor, score) } else { 0 };
        }
        for (mentor, (&given, &capacity)) in (0u32..).zip(given.iter().zip(&self.people.capacity)) {
            if given > capacity {
                return Err(Fault::Overfull { mentor, given, capacity });
            }
        }
        Ok((placed, total, value, locked))
    }

    fn every_pair(&self) -> Result<(), Fault> {
        let threads = self.options.threads.max(1);
        let chunk = self.people.mentees().div_ceil(threads) as u32;
        let part = |thread: u32| {
            let end = ((thread + 1) * chunk).min(self.people.mentees() as u32);
            (thread * chunk..end).try_for_each(|mentee| self.covered(mentee))
        };
        std::thread::scope(|scope| {
            let part = &part;
            let workers: Vec<_> =
                (1..threads as u32).map(|thread| scope.spawn(move || part(thread))).collect();
            let first = part(0);
            workers.into_iter().fold(first, |earlier, worker| match worker.join() {
                Ok(result) => earlier.and(result),
                Err(panic) => std::panic::resume_unwind(panic),
            })
        })
    }

    /// The prices cover every open pair of a mentee.
    fn covered(&self, mentee: u32) -> Result<(), Fault> {
        if self.locks.contains_key(&mentee) {
            return Ok(());
        }
        let proof = &self.solution.certificate;
        for mentor in 0..self.people.mentors() as u32 {
            let Some(score) = self.people.score(mentee, mentor) else { continue };
            let prices = i128::from(proof.mentee_price[mentee as usize])
                + i128::from(proof.mentor_price[mentor as usize]);
            let short = self.worth(mentee, mentor, score) - prices;
            if short > 0 && !self.forbidden.contains(&(mentee, mentor)) {
                return Err(Fault::Uncovered { mentee, mentor, short });
            }
        }
        Ok(())
    }

    fn lift(&self) -> Result<(), Fault> {
        let lift = self.solution.certificate.lift;
        if self.options.mode == Mode::MaxTotal {
            return if lift == 0 {
                Ok(())
            } else {
                Err(Fault::Sum { what: "the lift", given: lift, expected: 0 })
            };
        }
        let weights: i128 = self.people.criteria.iter().map(|criterion| i128::from(criterion.weight)).sum();
        let places: i128 = self.people.capacity.iter().map(|&c| i128::from(c)).sum();
        let most = places.min(self.people.mentees() as i128);
        let needed = most * (weights + i128::from(self.options.keep_bonus));
        if i128::from(lift) > needed { Ok(()) } else { Err(Fault::Lift { lift, needed }) }
    }

    fn open_places(&self) -> Vec<i128> {
        let mut places: Vec<i128> = self.people.capacity.iter().map(|&c| i128::from(c)).collect();
        self.locks.values().for_each(|&mentor| places[mentor as usize] -= 1);
        places
    }

    fn worth(&self, mentee: u32, mentor: u32, score: i64) -> i128 {
        let kept = self.previous.contains(&(mentee, mentor));
        i128::from(score)
            + i128::from(self.solution.certificate.lift)
            + if kept { i128::from(self.options.keep_bonus) } else { 0 }
    }
}
