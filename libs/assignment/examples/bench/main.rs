//! Times one generated instance: `cargo run --release -p assignment --example bench -- CASE N [M]`.
//!
//! CASE is a regime of [`instances::sparse`]; `people` (all pairs of N mentees and M mentors from
//! their profiles); `square` (the same with one place each); `small` (N pairs again and again); or
//! `change-…` with a regime (a thousand single changes with a keep bonus). `DUMP=FILE` writes the
//! instance for a peer, `VERIFY=1` checks the answer without pruning, `PROGRESS=1` shows progress,
//! `THREADS=n` sets the threads.
//!
//! Prints `name value` pairs on one line: seconds, CPU-seconds, peak megabytes, objective.

use std::time::Instant;

use assignment::{
    Change, Control, Options, Pair, Problem, Rematch, Solution, solve, solve_people, verify, verify_people,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

mod columns;
mod instances;
#[path = "../../tests/it/invented.rs"]
mod invented;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |at: usize| arguments.get(at).and_then(|n| n.parse::<usize>().ok());
    let case = arguments.get(1).map_or("sparse", String::as_str);
    let mentees = number(2).unwrap_or(100_000);
    match case {
        "people" => people(invented::invent(mentees, number(3).unwrap_or(mentees / 2), 7)),
        "square" => {
            let drawn = invented::invent(mentees, mentees, 7);
            people(invented::Invented { capacity: vec![1; mentees], ..drawn });
        }
        "small" => small(mentees),
        _ => {
            let (change, regime) =
                case.strip_prefix("change-").map_or((false, case), |regime| (true, regime));
            let Some(instance) = instances::sparse(regime, mentees) else {
                eprintln!("there is no case {case}");
                std::process::exit(2);
            };
            if change { changes(instance) } else { sparse(instance) }
        }
    }
}

fn sparse(instance: instances::Instance) {
    if let Some(path) = std::env::var_os("DUMP") {
        instance.dump(&path).expect("written");
    }
    let begun = Start::now();
    let problem =
        Problem::new(instance.mentees, instance.capacity, &instance.pairs).expect("a valid problem");
    drop(instance.pairs);
    let options = Options::default();
    let solution = watched(&begun, |control| solve(&problem, &options, control).expect("a solution"));
    begun.tell(&solution);
    if std::env::var_os("VERIFY").is_some() {
        verify(&problem, &options, &solution).expect("verified");
        println!("verified 1");
    }
}

fn people(invented: invented::Invented) {
    if let Some(path) = std::env::var_os("DUMP") {
        columns::dump(&invented, &path).expect("written");
    }
    let people = invented.people();
    let begun = Start::now();
    let threads = std::env::var("THREADS").ok().and_then(|n| n.parse().ok()).unwrap_or(2);
    let options = Options { threads, ..Options::default() };
    let solution = watched(&begun, |control| solve_people(&people, &options, control).expect("a solution"));
    begun.tell(&solution);
    if std::env::var_os("VERIFY").is_some() {
        verify_people(&people, &options, &solution).expect("verified");
        println!("verified 1");
    }
}

/// One program of some pairs, built and solved a thousand times; the median.
fn small(pairs: usize) {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut times = Vec::new();
    for _ in 0..1000 {
        let mut list = Vec::new();
        for mentee in 0..pairs as u32 {
            list.extend((0..pairs as u32).map(|mentor| Pair {
                mentee,
                mentor,
                score: rng.random_range(0..10_000),
            }));
        }
        let begun = Instant::now();
        let problem = Problem::new(pairs, vec![1; pairs], &list).expect("a valid problem");
        let solution = solve(&problem, &Options::default(), &Control::default()).expect("a solution");
        times.push(begun.elapsed().as_secs_f64());
        assert_eq!(solution.certificate.gap(), 0);
    }
    spread(times);
}

/// Times 1,000 single changes with a keep bonus, each accepted before the next: vetoes of pairs that were made.
fn changes(instance: instances::Instance) {
    let problem =
        Problem::new(instance.mentees, instance.capacity, &instance.pairs).expect("a valid problem");
    let solution = solve(&problem, &Options::default(), &Control::default()).expect("a solution");
    let options = Options { keep_bonus: 500, ..Options::default() };
    let mut rematch = Rematch::new(&problem, &options, &solution).expect("a rematch");
    let (mut times, mut moved) = (Vec::new(), 0);
    let made = (0u32..).zip(&solution.mentor_of).filter_map(|(i, j)| j.map(|j| (i, j)));
    for (mentee, mentor) in made.step_by((problem.mentees() / 1000).max(1)) {
        let begun = Instant::now();
        moved += rematch.apply(Change::Veto(mentee, mentor)).expect("applied").len();
        rematch.keep();
        times.push(begun.elapsed().as_secs_f64());
    }
    let (value, bound) = rematch.value_and_bound();
    assert_eq!(value, bound);
    println!("changes {} moved {moved}", times.len());
    spread(times);
}

fn spread(mut times: Vec<f64>) {
    times.sort_by(f64::total_cmp);
    let at = |permille: usize| times[(times.len() - 1) * permille / 1000] * 1_000.0;
    println!("median {} p95 {} worst {}", at(500), at(950), at(1000));
}

fn watched(begun: &Start, work: impl FnOnce(&Control<'_>) -> Solution) -> Solution {
    let report = |p: &assignment::Progress| eprintln!("{:.3} {p:?}", begun.wall.elapsed().as_secs_f64());
    match std::env::var_os("PROGRESS") {
        Some(_) => work(&Control { progress: Some(&report), ..Control::default() }),
        None => work(&Control::default()),
    }
}

/// When a run began, by the clock and by the processor.
struct Start {
    wall: Instant,
    cpu: f64,
}

impl Start {
    fn now() -> Self {
        Self { wall: Instant::now(), cpu: cpu_seconds() }
    }

    fn tell(&self, solution: &Solution) {
        let (wall, cpu) = (self.wall.elapsed().as_secs_f64(), cpu_seconds() - self.cpu);
        let proof = &solution.certificate;
        println!(
            "wall {wall:.3} cpu {cpu:.3} peak {:.1} total {} placed {} gap {} digest {:016x}",
            peak_megabytes(),
            solution.total,
            solution.placed,
            proof.gap(),
            digest(solution)
        );
    }
}

/// What the process has used of the processors, by Linux's count in hundredths; 0 elsewhere.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// The most memory the process has had at once; 0 where Linux does not tell.
fn peak_megabytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) / 1024.0
}

/// FNV-1a over the assignment and the prices, to compare builds and thread counts.
fn digest(solution: &Solution) -> u64 {
    let proof = &solution.certificate;
    let made = solution.mentor_of.iter().map(|mentor| mentor.map_or(-1, i64::from));
    let prices = proof.mentee_price.iter().chain(&proof.mentor_price).copied();
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    made.chain(prices).flat_map(i64::to_le_bytes).fold(0xcbf2_9ce4_8422_2325, step)
}
