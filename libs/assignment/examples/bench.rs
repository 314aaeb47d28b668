//! Times one generated instance: `cargo run --release -p assignment --example bench -- CASE [N]`.

use std::time::Instant;

use assignment::{
    Change, Control, Mode, Options, Pair, Problem, Rematch, Solution, solve, solve_people, verify,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

#[path = "../tests/it/invented.rs"]
mod invented;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let case = arguments.get(1).map_or("sparse", String::as_str);
    let mentees: usize = arguments.get(2).and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let mentors = mentees / 2;
    if case == "people" {
        return all_pairs(mentees, arguments.get(3).and_then(|m| m.parse().ok()).unwrap_or(mentors));
    }
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let (places, scores) = match case {
        "shortage" => (1..=2, 0..10_000),
        "surplus" => (2..=4, 0..10_000),
        "coarse" => (1..=3, 0..22),
        "tight" => (2..=2, 0..10_000),
        _ => (1..=3, 0..10_000),
    };
    let capacity: Vec<i64> = (0..mentors).map(|_| rng.random_range(places.clone())).collect();
    let mut pairs = Vec::with_capacity(mentees * 32);
    for mentee in 0..mentees as u32 {
        let mut row: Vec<u32> = Vec::with_capacity(32);
        while row.len() < 32.min(mentors) {
            let mentor = rng.random_range(0..mentors as u32);
            if !row.contains(&mentor) {
                row.push(mentor);
                pairs.push(Pair { mentee, mentor, score: rng.random_range(scores.clone()) });
            }
        }
    }
    if let Some(path) = std::env::var_os("DUMP") {
        dump(&path, &capacity, &pairs).expect("written");
    }
    let mode = if std::env::var_os("COVERAGE").is_some() { Mode::MaxCardinality } else { Mode::MaxTotal };
    let options = Options { mode, ..Options::default() };
    let begun = Instant::now();
    let problem = Problem::new(mentees, capacity, &pairs).expect("a valid problem");
    eprintln!("read    {:?}", begun.elapsed());
    let report = |p: &assignment::Progress| eprintln!("{:?} {p:?}", begun.elapsed());
    let control = Control { progress: Some(&report), ..Control::default() };
    let solution = solve(&problem, &options, &control).expect("a solution");
    eprintln!("solved  {:?} total {} placed {}", begun.elapsed(), solution.total, solution.placed);
    eprintln!("digest {:016x}", digest(&solution));
    changes(&problem, &options, &solution);
    let begun = Instant::now();
    verify(&problem, &options, &solution).expect("verified");
    eprintln!("verified {:?}", begun.elapsed());
}

fn all_pairs(mentees: usize, mentors: usize) {
    let people = invented::people(mentees, mentors, 7);
    let begun = Instant::now();
    let report = |p: &assignment::Progress| eprintln!("{:?} {p:?}", begun.elapsed());
    let control = Control { progress: Some(&report), ..Control::default() };
    let threads = std::env::var("THREADS").ok().and_then(|n| n.parse().ok()).unwrap_or(2);
    let options = Options { threads, ..Options::default() };
    let solution = solve_people(&people, &options, &control).expect("a solution");
    eprintln!("solved  {:?} total {} placed {}", begun.elapsed(), solution.total, solution.placed);
    eprintln!("digest {:016x}", digest(&solution));
}

/// Writes the instance for a peer: little-endian 64-bit numbers, the number of mentors, their
/// capacities, then mentee, mentor and score of every pair.
fn dump(path: &std::ffi::OsStr, capacity: &[i64], pairs: &[Pair]) -> std::io::Result<()> {
    let mut numbers = vec![capacity.len() as i64];
    numbers.extend(capacity);
    for pair in pairs {
        numbers.extend([i64::from(pair.mentee), i64::from(pair.mentor), pair.score]);
    }
    let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    std::fs::write(path, bytes)
}

/// Times 1,000 single changes with a keep bonus: vetoes of pairs that were made.
fn changes(problem: &Problem, options: &Options, solution: &Solution) {
    let options = Options { keep_bonus: 500, ..options.clone() };
    let begun = Instant::now();
    let mut rematch = Rematch::new(problem, &options, solution).expect("a rematch");
    eprintln!("taken over in {:?}", begun.elapsed());
    let mut times = Vec::new();
    let mut moved = 0;
    let made = (0u32..).zip(&solution.mentor_of).filter_map(|(i, j)| j.map(|j| (i, j)));
    for (mentee, mentor) in made.step_by((problem.mentees() / 1000).max(1)) {
        let begun = Instant::now();
        moved += rematch.apply(Change::Veto(mentee, mentor)).expect("applied").len();
        times.push(begun.elapsed());
    }
    let (value, bound) = rematch.value_and_bound();
    assert_eq!(value, bound);
    times.sort_unstable();
    let at = |permille: usize| times[(times.len() - 1) * permille / 1000];
    eprintln!(
        "{} changes: median {:?} p95 {:?} p99 {:?} worst {:?}, {moved} moved",
        times.len(),
        at(500),
        at(950),
        at(990),
        at(1000)
    );
}

/// FNV-1a over the assignment and the prices, to compare builds and thread counts.
fn digest(solution: &Solution) -> u64 {
    let proof = &solution.certificate;
    let made = solution.mentor_of.iter().map(|mentor| mentor.map_or(-1, i64::from));
    let prices = proof.mentee_price.iter().chain(&proof.mentor_price).copied();
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    made.chain(prices).flat_map(i64::to_le_bytes).fold(0xcbf2_9ce4_8422_2325, step)
}
