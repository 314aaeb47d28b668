//! Small instances, drawn by proptest.

use std::ops::Range;

use crate::exhaustive::Instance;
use assignment::{Options, Pair};
use proptest::prelude::*;

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
