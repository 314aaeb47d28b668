//! Exhaustive searches over small instances. The fuzzer uses them, too.

use std::collections::HashMap;

use assignment::{Options, Pair};

/// Mentees, capacities and pairs.
pub(crate) type Instance = (usize, Vec<i64>, Vec<Pair>);

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

/// The best `(placed, total)` of the assignments whose groups are empty or as large as they have to be.
pub(crate) fn best_of_groups(instance: &Instance, minimums: &[i64], coverage_first: bool) -> (usize, i64) {
    let (_, capacity, pairs) = instance;
    let score = |i: usize, j: u32| {
        let named = |pair: &&Pair| (pair.mentee as usize, pair.mentor) == (i, j);
        pairs.iter().find(named).map_or(0, |pair| pair.score)
    };
    let worth = |mentor_of: &Vec<Option<u32>>| {
        let mut filled = vec![0; capacity.len()];
        mentor_of.iter().flatten().for_each(|&j| filled[j as usize] += 1);
        let keeps = filled.iter().zip(minimums).all(|(filled, least)| *filled == 0 || filled >= least);
        let made = mentor_of.iter().enumerate().filter_map(|(i, j)| j.map(|j| score(i, j)));
        keeps.then(|| (mentor_of.iter().flatten().count(), made.sum::<i64>()))
    };
    let key = |way: &(usize, i64)| if coverage_first { (way.0 as i64, way.1) } else { (way.1, 0) };
    every_assignment(instance).iter().filter_map(worth).max_by_key(key).unwrap_or((0, 0))
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
