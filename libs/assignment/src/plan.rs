//! The options checked against the people, and what is left to decide once they are applied.

use crate::{Error, Options};

/// Locks, exclusions and today's pairs of a run, checked.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The mentor each mentee is locked to.
    pub(crate) locked: Vec<Option<u32>>,
    /// Places left after the locks.
    pub(crate) capacity: Vec<i64>,
    /// Sorted, for binary search.
    forbidden: Vec<(u32, u32)>,
    previous: Vec<(u32, u32)>,
    pub(crate) keep_bonus: i64,
}

impl Plan {
    /// Checks the options for a number of mentees and the places of the mentors; `feasible` tells
    /// whether a pair may be locked.
    pub(crate) fn new(
        mentees: usize,
        capacity: &[i64],
        options: &Options,
        feasible: impl Fn(u32, u32) -> bool,
    ) -> Result<Self, Error> {
        for (option, value) in [("keep_bonus", options.keep_bonus), ("gap_limit", options.gap_limit)] {
            if value < 0 {
                return Err(Error::NegativeOption { option, value });
            }
        }
        let lists = [
            ("lock", &options.locks),
            ("exclusion", &options.forbidden),
            ("previous pair", &options.previous),
        ];
        for (list, pairs) in lists {
            let known = |&(i, j): &(u32, u32)| (i as usize) < mentees && (j as usize) < capacity.len();
            if let Some(record) = pairs.iter().position(|pair| !known(pair)) {
                let (mentee, mentor) = pairs[record];
                return Err(Error::UnknownPair { list, record, mentee, mentor });
            }
        }
        let mut plan = Self {
            locked: vec![None; mentees],
            capacity: capacity.to_vec(),
            forbidden: sorted(&options.forbidden),
            previous: sorted(&options.previous),
            keep_bonus: options.keep_bonus,
        };
        for (lock, &(mentee, mentor)) in options.locks.iter().enumerate() {
            plan.lock(lock, mentee, mentor, capacity[mentor as usize], &feasible)?;
        }
        Ok(plan)
    }

    fn lock(
        &mut self,
        lock: usize,
        mentee: u32,
        mentor: u32,
        capacity: i64,
        feasible: impl Fn(u32, u32) -> bool,
    ) -> Result<(), Error> {
        if self.is_forbidden(mentee, mentor) {
            return Err(Error::LockForbidden { lock, mentee, mentor });
        }
        if !feasible(mentee, mentor) {
            return Err(Error::LockInfeasible { lock, mentee, mentor });
        }
        if self.locked[mentee as usize].replace(mentor).is_some() {
            return Err(Error::LockTwice { lock, mentee });
        }
        if self.capacity[mentor as usize] == 0 {
            return Err(Error::LockCapacity { lock, mentor, capacity });
        }
        self.capacity[mentor as usize] -= 1;
        Ok(())
    }

    pub(crate) fn is_forbidden(&self, mentee: u32, mentor: u32) -> bool {
        !self.forbidden.is_empty() && self.forbidden.binary_search(&(mentee, mentor)).is_ok()
    }

    /// The forbidden pairs, sorted.
    pub(crate) fn forbidden(&self) -> &[(u32, u32)] {
        &self.forbidden
    }

    /// Today's pairs, sorted.
    pub(crate) fn previous(&self) -> &[(u32, u32)] {
        &self.previous
    }

    /// The keep bonus of a pair.
    pub(crate) fn bonus(&self, mentee: u32, mentor: u32) -> i64 {
        let kept = self.keep_bonus > 0 && self.previous.binary_search(&(mentee, mentor)).is_ok();
        if kept { self.keep_bonus } else { 0 }
    }

    /// Whether the pair is still to be decided: not locked, not forbidden.
    pub(crate) fn open(&self, mentee: u32, mentor: u32) -> bool {
        self.locked[mentee as usize].is_none() && !self.is_forbidden(mentee, mentor)
    }

    /// The most placements there can be.
    pub(crate) fn most_placed(&self) -> i64 {
        let mentees = self.locked.len() as i64;
        let mut places = 0i64;
        for &capacity in &self.capacity {
            places = places.saturating_add(capacity).min(mentees);
        }
        let locks = self.locked.iter().flatten().count() as i64;
        (places + locks).min(mentees)
    }
}

/// What each placement must earn so that one more of them outweighs any scores: with at most
/// `placed` placements of magnitude at most `most`, totals differ by less than this.
pub(crate) fn lift(placed: i64, most: i64) -> i64 {
    2 * (placed + 1) * most + 1
}

/// The largest score magnitude for which totals, prices and their sums fit in 64 bits.
pub(crate) fn score_limit(placed: i64, coverage_first: bool) -> i64 {
    let terms = i128::from(placed) + 2;
    let range = 1i128 << 61;
    let limit = if coverage_first { range / (2 * terms * terms) - 1 } else { range / terms };
    i64::try_from(limit.max(0)).unwrap_or(i64::MAX)
}

fn sorted(pairs: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let mut pairs = pairs.to_vec();
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}
