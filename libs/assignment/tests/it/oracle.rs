//! Up to 300 people a side, and instances made of ties, against successive shortest paths.

use std::collections::VecDeque;

use assignment::{Control, Mode, Options, Outcome, Pair, Problem, solve, verify};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The largest total, by augmenting along the longest path in the residual graph one mentee at a
/// time (Bellman & Ford with a queue). Slow, plain, and unlike the solver.
fn successive_paths(mentees: usize, capacity: &[i64], pairs: &[Pair], coverage: bool) -> (usize, i64) {
    let mut rows = vec![Vec::new(); mentees];
    for pair in pairs {
        rows[pair.mentee as usize].push((pair.mentor as usize, pair.score));
    }
    let mut mate: Vec<Option<(usize, i64)>> = vec![None; mentees];
    loop {
        let mut gain: Vec<Option<i64>> = vec![None; capacity.len()];
        let mut from = vec![0; capacity.len()];
        let mut queue: VecDeque<usize> = (0..mentees).filter(|&i| mate[i].is_none()).collect();
        let mut reach = vec![0; mentees];
        while let Some(i) = queue.pop_front() {
            for &(j, score) in &rows[i] {
                if mate[i].is_some_and(|own| own.0 == j)
                    || gain[j].is_some_and(|known| known >= reach[i] + score)
                {
                    continue;
                }
                gain[j] = Some(reach[i] + score);
                from[j] = i;
                for (k, own) in mate.iter().enumerate() {
                    if let Some((_, score)) = own.filter(|own| own.0 == j) {
                        reach[k] = gain[j].expect("set") - score;
                        if !queue.contains(&k) {
                            queue.push_back(k);
                        }
                    }
                }
            }
        }
        let taken = |j: usize| mate.iter().flatten().filter(|own| own.0 == j).count() as i64;
        let open = (0..capacity.len()).filter(|&j| taken(j) < capacity[j]);
        let best = open.filter_map(|j| gain[j].map(|gain| (gain, j))).max();
        match best {
            Some((gain, mut j)) if coverage || gain > 0 => loop {
                let i = from[j];
                let score = rows[i].iter().find(|pair| pair.0 == j).expect("a pair").1;
                match mate[i].replace((j, score)) {
                    Some((left, _)) => j = left,
                    None => break,
                }
            },
            _ => {
                let made = mate.iter().flatten();
                return (made.clone().count(), made.map(|own| own.1).sum());
            }
        }
    }
}

fn check(mentees: usize, capacity: &[i64], pairs: &[Pair], what: &str) {
    let problem = Problem::new(mentees, capacity.to_vec(), pairs).expect("a valid problem");
    for coverage in [false, true] {
        let mode = if coverage { Mode::MaxCardinality } else { Mode::MaxTotal };
        let options = Options { mode, ..Options::default() };
        let solution = solve(&problem, &options, &Control::default()).expect("a solution");
        let (placed, total) = successive_paths(mentees, capacity, pairs, coverage);
        assert_eq!(solution.total, total, "{what}");
        assert!(!coverage || solution.placed == placed, "{what}");
        assert_eq!(solution.outcome, Outcome::Optimal, "{what}");
        assert_eq!(verify(&problem, &options, &solution), Ok(()), "{what}");
    }
}

fn random(
    seed: u64,
    mentees: usize,
    mentors: usize,
    degree: usize,
    places: i64,
    most: i64,
) -> (Vec<i64>, Vec<Pair>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let capacity = (0..mentors).map(|_| rng.random_range(1..=places)).collect();
    let mut pairs = Vec::new();
    for mentee in 0..mentees as u32 {
        for mentor in 0..mentors as u32 {
            if rng.random_range(0..mentors) < degree {
                pairs.push(Pair { mentee, mentor, score: rng.random_range(0..=most) });
            }
        }
    }
    (capacity, pairs)
}

#[test]
fn agrees_with_successive_shortest_paths_in_every_regime() {
    for (what, mentees, mentors, degree, places, most) in [
        ("balanced", 120, 60, 8, 3, 10_000),
        ("shortage", 150, 40, 6, 2, 10_000),
        ("surplus", 60, 150, 10, 4, 10_000),
        ("coarse", 120, 60, 8, 3, 21),
        ("mass ties", 100, 60, 12, 2, 5),
        ("zero or one", 100, 50, 5, 2, 1),
        ("dense", 60, 60, 60, 1, 1000),
        ("large", 300, 300, 4, 1, 1_000_000),
    ] {
        for seed in 0..2 {
            let (capacity, pairs) = random(seed, mentees, mentors, degree, places, most);
            check(mentees, &capacity, &pairs, what);
        }
    }
}

#[test]
fn everybody_wants_the_same_ten() {
    let (capacity, mut pairs) = random(3, 150, 80, 12, 2, 1000);
    pairs.iter_mut().filter(|pair| pair.mentor < 10).for_each(|pair| pair.score += 5000);
    check(150, &capacity, &pairs, "the same ten");
}

/// A price war: a few places too few or too many, so that everybody bids until somebody gives up. Ends in
/// moving all prices at once.
#[test]
fn a_few_places_more_or_fewer_than_people() {
    for (seed, missing) in [(1, 1), (2, 3), (3, -1), (4, -3), (5, 0)] {
        for most in [0, 21, 10_000] {
            let (mut capacity, pairs) = random(seed, 240, 120, 9, 3, most);
            let mut surplus = capacity.iter().sum::<i64>() - 240 + missing;
            for mentor in (0..capacity.len()).cycle() {
                let places = &mut capacity[mentor];
                match surplus.signum() {
                    0 => break,
                    1 if *places > 1 => (*places, surplus) = (*places - 1, surplus - 1),
                    -1 => (*places, surplus) = (*places + 1, surplus + 1),
                    _ => {}
                }
            }
            check(240, &capacity, &pairs, &format!("{missing} places missing, scores to {most}"));
        }
    }
}
