//! Assignments and prices of several runs as short numbers, to compare builds.

use assignment::{Control, Mode, Options, Solution, solve, solve_people};

use crate::invented::invent;

/// A line for each run: its name, its total and FNV-1a over assignment and prices.
pub(crate) fn lines(threads: usize) -> String {
    let mut lines = String::new();
    let modes =
        [("total", Mode::MaxTotal), ("coverage", Mode::MaxCardinality), ("bottleneck", Mode::Bottleneck)];
    for (seed, (name, mode)) in (1..).zip(modes) {
        // More and fewer places than mentees, in turn.
        let people = invent(300, 140 + 40 * (seed as usize % 2), seed).people();
        let options = Options { mode, seed, threads, ..Options::default() };
        let all = solve_people(&people, &options, &Control::default()).expect("a solution");
        let listed = people.problem().expect("a list of pairs");
        let listed = solve(&listed, &options, &Control::default()).expect("a solution");
        for (kind, solution) in [("people", all), ("pairs", listed)] {
            lines += &format!("{name} {kind} {} {:016x}\n", solution.total, digest(&solution));
        }
    }
    lines
}

fn digest(solution: &Solution) -> u64 {
    let proof = &solution.certificate;
    let made = solution.mentor_of.iter().map(|mentor| mentor.map_or(-1, i64::from));
    let prices = proof.mentee_price.iter().chain(&proof.mentor_price).copied();
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    made.chain(prices).flat_map(i64::to_le_bytes).fold(0xcbf2_9ce4_8422_2325, step)
}
