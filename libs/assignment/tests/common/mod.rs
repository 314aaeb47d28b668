//! Small instances and the exhaustive search over them.

use std::collections::HashMap;
use std::ops::Range;

use assignment::Pair;
use proptest::prelude::*;

/// Mentees, capacities and pairs with up to `most` people on each side; pairs may be missing.
pub(crate) fn small_instance(
    most: usize,
    scores: Range<i64>,
) -> impl Strategy<Value = (usize, Vec<i64>, Vec<Pair>)> {
    (1..=most, prop::collection::vec(1i64..=3, 1..=most), 1u32..=4).prop_flat_map(
        move |(mentees, capacity, density)| {
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
        },
    )
}

/// The largest `(placed, total)` in the given order of importance, over all assignments: tries
/// every mentee with every mentor, remembering only the best way to each set of places used.
pub(crate) fn brute_force(
    mentees: usize,
    capacity: &[i64],
    pairs: &[Pair],
    coverage_first: bool,
) -> (usize, i64) {
    let better = |a: (usize, i64), b: (usize, i64)| if coverage_first { a > b } else { a.1 > b.1 };
    let mut ways = HashMap::from([(vec![0i64; capacity.len()], (0usize, 0i64))]);
    for i in 0..mentees as u32 {
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
