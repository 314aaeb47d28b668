//! Times one generated instance: `cargo run --release -p assignment --example bench -- CASE [N]`.

use std::time::Instant;

use assignment::{Control, Mode, Options, Pair, Problem, solve, solve_people, verify};
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
