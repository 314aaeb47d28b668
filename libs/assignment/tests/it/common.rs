//! Small instances and the exhaustive searches over them.

use std::collections::HashMap;
use std::ops::Range;

use assignment::{Options, Pair};
use proptest::prelude::*;

/// Mentees, capacities and pairs.
pub(crate) type Instance = (usize, Vec<i64>, Vec<Pair>);

/// Instances with up to `most` people on each side; pairs may be missing.
pub(crate) fn small_instance(most: usize, scores: Range<i64>) -> impl Strategy<Value = Instance> {
    let sides = (1..=most, prop::collection::vec(1i64..=3, 1..=most), 1u32..=4);
    sides.prop_flat_map(move |(mentees, capacity, density)| {
        let cell = (0..4u32, scores.clone());
        let cells = prop::collection::vec(cell, mentees * capacity.len());
        cells.prop_map(move |cells| {
            let mentors = capacity.len();
            let kept = cells.iter().enumerate().filter(|(_, cell)| cell.0 < density);
            let pair = |(at, cell): (usize, &(u32, i64))| Pair {
                mentee: (at / mentors) as u32,
                mentor: (at % mentors) as u32,
                score: cell.1,
            };
            (mentees, capacity.clone(), kept.map(pair).collect())
        })
    })
}

/// Options with locks, exclusions and previous pairs that fit the instance, drawn from `dice`.
pub(crate) fn some_options((_, capacity, pairs): &Instance, dice: &[u8]) -> Options {
    let mut options =
        Options { keep_bonus: i64::from(dice[0] % 12), seed: u64::from(dice[0]), ..Options::default() };
    let mut left = capacity.clone();
    for (pair, dice) in pairs.iter().zip(dice) {
        let named = (pair.mentee, pair.mentor);
        let lockable =
            left[pair.mentor as usize] > 0 && options.locks.iter().all(|lock| lock.0 != pair.mentee);
        match dice % 16 {
            0 if lockable => {
                left[pair.mentor as usize] -= 1;
                options.locks.push(named);
            }
            1..3 => options.forbidden.push(named),
            3..7 => options.previous.push(named),
            _ => {}
        }
    }
    options
}

/// What is left to decide under the options: the instance without locked people and forbidden
/// pairs, with the keep bonus in the scores. What the locked pairs bring comes beside it.
pub(crate) fn reduce(instance: &Instance, options: &Options) -> (Instance, usize, i64) {
    let (mentees, capacity, pairs) = instance;
    let mut capacity = capacity.clone();
    let mut open = Vec::new();
    let mut locked = 0;
    for pair in pairs {
        let named = (pair.mentee, pair.mentor);
        let bonus = if options.previous.contains(&named) { options.keep_bonus } else { 0 };
        let score = pair.score + bonus;
        if options.locks.contains(&named) {
            capacity[pair.mentor as usize] -= 1;
            locked += score;
        } else if options.locks.iter().all(|lock| lock.0 != pair.mentee)
            && !options.forbidden.contains(&named)
        {
            open.push(Pair { score, ..*pair });
        }
    }
    ((*mentees, capacity, open), options.locks.len(), locked)
}

/// The best `(placed, total)` over all assignments, coverage or total first: tries every mentee
/// with every mentor, remembering only the best way to each set of places used.
pub(crate) fn brute_force((mentees, capacity, pairs): &Instance, coverage_first: bool) -> (usize, i64) {
    let better = |a: (usize, i64), b: (usize, i64)| if coverage_first { a > b } else { a.1 > b.1 };
    let mut ways = HashMap::from([(vec![0i64; capacity.len()], (0usize, 0i64))]);
    for i in 0..*mentees as u32 {
        let mut longer = ways.clone();
        for (used, &(placed, total)) in &ways {
            for pair in pairs.iter().filter(|pair| pair.mentee == i) {
                let j = pair.mentor as usize;
                if used[j] < capacity[j] {
                    let mut used = used.clone();
                    used[j] += 1;
                    let way = (placed + 1, total + pair.score);
                    let known = longer.entry(used).or_insert(way);
                    if better(way, *known) {
                        *known = way;
                    }
                }
            }
        }
        ways = longer;
    }
    let mut best = (0, 0);
    for way in ways.into_values() {
        if better(way, best) {
            best = way;
        }
    }
    best
}

/// Every assignment there is, as the mentor of each mentee.
pub(crate) fn every_assignment((mentees, capacity, pairs): &Instance) -> Vec<Vec<Option<u32>>> {
    let mut all: Vec<Vec<Option<u32>>> = vec![Vec::new()];
    for i in 0..*mentees as u32 {
        let mut longer = Vec::new();
        for partial in &all {
            let choices = pairs.iter().filter(|pair| pair.mentee == i).map(|pair| Some(pair.mentor));
            for choice in choices.chain([None]) {
                let taken = partial.iter().filter(|&&j| j.is_some() && j == choice).count() as i64;
                if choice.is_none_or(|j| taken < capacity[j as usize]) {
                    let mut with: Vec<Option<u32>> = partial.clone();
                    with.push(choice);
                    longer.push(with);
                }
            }
        }
        all = longer;
    }
    all
}
