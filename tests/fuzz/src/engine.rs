//! The matching engine on arbitrary instances, in every mode, against exhaustive search, its own
//! verifier, and itself by another way.

#![no_main]

mod dice;
#[path = "../../../libs/assignment/tests/it/exhaustive.rs"]
mod exhaustive;
mod people;

use assignment::{
    Change, Control, Floors, Mode, Options, Outcome, Pair, Problem, Rematch, Solution, solve, solve_again,
    solve_people, verify, verify_people,
};
use dice::Dice;
use exhaustive::{Instance, best_of_groups, brute_force, every_assignment, reduce};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut dice = Dice::new(data);
    match dice.below(6) {
        0 => small(&mut dice),
        1 => wild(&mut dice),
        2 => profiles(&mut dice),
        3 => changes(&mut dice),
        4 => groups(&mut dice),
        _ => stopped(&mut dice),
    }
});

fn instance(dice: &mut Dice<'_>, most: usize) -> Instance {
    let (mentees, mentors, density) = (1 + dice.below(most), 1 + dice.below(most), 1 + dice.below(4));
    let capacity = (0..mentors).map(|_| dice.between(1, 3)).collect();
    let spread = [0, 1, 5, 40][dice.below(4)];
    let mut pairs = Vec::new();
    for mentee in 0..mentees as u32 {
        for mentor in 0..mentors as u32 {
            if dice.below(4) < density {
                pairs.push(Pair { mentee, mentor, score: dice.between(-spread / 4, spread) });
            }
        }
    }
    (mentees, capacity, pairs)
}

/// Locks, exclusions and today's pairs; they may contradict each other.
fn options(dice: &mut Dice<'_>, (mentees, capacity, pairs): &Instance) -> Options {
    let mut options =
        Options { seed: u64::from(dice.byte()), keep_bonus: dice.between(0, 9), ..Options::default() };
    for pair in pairs {
        let named = (pair.mentee, pair.mentor);
        match dice.byte() % 32 {
            0 => options.locks.push(named),
            1 | 2 => options.forbidden.push(named),
            3..8 => options.previous.push(named),
            _ => {}
        }
    }
    if dice.one_in(20) {
        options.locks.push((dice.below(mentees + 1) as u32, dice.below(capacity.len() + 1) as u32));
    }
    options.mode = match dice.below(6) {
        0 | 1 => Mode::MaxTotal,
        2 => Mode::MaxCardinality,
        3 => Mode::Bottleneck,
        4 => Mode::Stable,
        _ => Mode::Fair(Floors {
            group_of: (0..*mentees).map(|_| (!dice.one_in(4)).then(|| dice.below(2) as u32)).collect(),
            floor: vec![dice.between(0, 20), dice.between(0, 20)],
        }),
    };
    options
}

/// Small instances against exhaustive search.
fn small(dice: &mut Dice<'_>) {
    let instance = instance(dice, 6);
    let options = options(dice, &instance);
    let problem = Problem::new(instance.0, instance.1.clone(), &instance.2).expect("a valid problem");
    let Ok(solution) = solve(&problem, &options, &Control::default()) else { return };
    assert_eq!(verify(&problem, &options, &solution), Ok(()));
    let (left, locks, locked) = reduce(&instance, &options);
    let coverage = brute_force(&left, true);
    match options.mode {
        Mode::MaxTotal => {
            assert_eq!(solution.certificate.value, brute_force(&left, false).1 + locked);
            assert_eq!(solution.outcome, Outcome::Optimal);
        }
        Mode::MaxCardinality => {
            assert_eq!(solution.placed, coverage.0 + locks);
            let lifted = solution.certificate.lift * solution.placed as i64;
            assert_eq!(solution.certificate.value - lifted, coverage.1 + locked);
            assert_eq!(solution.outcome, Outcome::Optimal);
        }
        Mode::Bottleneck => {
            assert_eq!(solution.placed, coverage.0 + locks);
            assert_eq!(solution.outcome, Outcome::Optimal);
            worst(&instance, &options, &solution);
        }
        Mode::Fair(_) | Mode::Stable => {}
    }
}

/// No assignment of as many people has a better worst pair.
fn worst(instance: &Instance, options: &Options, solution: &Solution) {
    let plain = Options { keep_bonus: 0, ..options.clone() };
    let ((mentees, capacity, pairs), locks, _) = reduce(instance, &plain);
    let proof = solution.certificate.bottleneck.as_ref().expect("a proof");
    if solution.placed > locks {
        let better = pairs.iter().filter(|pair| pair.score > proof.worst).copied().collect();
        assert!(brute_force(&(mentees, capacity, better), true).0 + locks < solution.placed);
    }
}

/// Groups of a least size against exhaustive search.
fn groups(dice: &mut Dice<'_>) {
    let mut instance = instance(dice, 5);
    instance.2.iter_mut().for_each(|pair| pair.score = pair.score.max(0));
    let minimums: Vec<i64> = instance.1.iter().map(|&places| dice.between(0, places)).collect();
    let coverage = dice.one_in(2);
    let mode = if coverage { Mode::MaxCardinality } else { Mode::MaxTotal };
    let options =
        Options { mode, minimums: minimums.clone(), seed: u64::from(dice.byte()), ..Options::default() };
    let problem = Problem::new(instance.0, instance.1.clone(), &instance.2).expect("a valid problem");
    let solution = solve(&problem, &options, &Control::default()).expect("solved");
    assert_eq!(verify(&problem, &options, &solution), Ok(()));
    let (placed, total) = best_of_groups(&instance, &minimums, coverage);
    assert_eq!(solution.total, total);
    assert!(!coverage || solution.placed == placed);
}

/// Numbers of any size: refused, or solved and proven.
fn wild(dice: &mut Dice<'_>) {
    let (mentees, mentors) = (dice.below(9), dice.below(9));
    let capacity =
        (0..mentors).map(|_| if dice.one_in(3) { dice.wild() } else { dice.between(1, 4) }).collect();
    let pairs: Vec<Pair> = (0..dice.below(40))
        .map(|_| Pair { mentee: dice.below(10) as u32, mentor: dice.below(10) as u32, score: dice.wild() })
        .collect();
    let Ok(problem) = Problem::new(mentees, capacity, &pairs) else { return };
    let mut options = options(dice, &(mentees, vec![1; mentors], pairs));
    if dice.one_in(3) {
        options.keep_bonus = dice.wild();
    }
    if dice.one_in(4) {
        options.gap_limit = dice.wild();
    }
    if let Ok(solution) = solve(&problem, &options, &Control::default()) {
        assert_eq!(verify(&problem, &options, &solution), Ok(()));
    }
}

/// All pairs of people against the list of all pairs.
fn profiles(dice: &mut Dice<'_>) {
    let Ok(people) = people::people(dice) else { return };
    let problem = people.problem().expect("a problem");
    let mode = if dice.one_in(2) { Mode::MaxTotal } else { Mode::MaxCardinality };
    let mut options = Options { mode, seed: u64::from(dice.byte()), ..Options::default() };
    if dice.one_in(2) {
        let pair =
            |dice: &mut Dice<'_>| (dice.below(people.mentees()) as u32, dice.below(people.mentors()) as u32);
        options.locks = (0..dice.below(4)).map(|_| pair(dice)).collect();
        options.forbidden = (0..dice.below(9)).map(|_| pair(dice)).collect();
        options.previous = (0..dice.below(9)).map(|_| pair(dice)).collect();
        options.keep_bonus = [0, 3, 500, 70_000][dice.below(4)];
    }
    let Ok(solution) = solve_people(&people, &options, &Control::default()) else { return };
    assert_eq!(verify_people(&people, &options, &solution), Ok(()));
    assert_eq!(solution.outcome, Outcome::Optimal);
    let listed = solve(&problem, &options, &Control::default()).expect("solved as people");
    assert!(options.mode == Mode::MaxTotal || solution.placed == listed.placed);
    let points = |s: &Solution| s.certificate.value - s.certificate.lift * s.placed as i64;
    assert_eq!(points(&solution), points(&listed));
    let threads = Options { threads: 2, ..options };
    assert_eq!(solve_people(&people, &threads, &Control::default()), Ok(solution));
}

/// One change after the other against exhaustive search.
fn changes(dice: &mut Dice<'_>) {
    let mut instance = instance(dice, 5);
    instance.2.iter_mut().for_each(|pair| pair.score = pair.score.max(0));
    let mode = if dice.one_in(2) { Mode::MaxTotal } else { Mode::MaxCardinality };
    let coverage = mode == Mode::MaxCardinality;
    let options = Options { mode, keep_bonus: dice.between(0, 9), ..Options::default() };
    let problem = Problem::new(instance.0, instance.1.clone(), &instance.2).expect("a valid problem");
    let solution = solve(&problem, &options, &Control::default()).expect("solved");
    let mut rematch = Rematch::new(&problem, &options, &solution).expect("taken over");
    let mut today = solution.mentor_of.clone();
    let kept = |today: &[Option<u32>], pair: &Pair| {
        if today[pair.mentee as usize] == Some(pair.mentor) { options.keep_bonus } else { 0 }
    };
    instance.2.iter_mut().for_each(|pair| pair.score += kept(&today, pair));
    for _ in 0..1 + dice.below(4) {
        let Some(&pair) = instance.2.get(dice.below(instance.2.len().max(1))) else { return };
        let (i, j) = (pair.mentee, pair.mentor);
        let (_, capacity, pairs) = &mut instance;
        let change = match dice.below(5) {
            0 => Change::MenteeLeaves(i),
            1 => Change::MentorLeaves(j),
            2 => Change::Veto(i, j),
            3 => Change::Score(i, j, dice.between(0, 60)),
            _ => Change::Places(j, dice.between(1, capacity[j as usize])),
        };
        if rematch.apply(change).is_err() {
            assert!(coverage && matches!(change, Change::Score(..)));
            continue;
        }
        match change {
            Change::MenteeLeaves(i) => pairs.retain(|pair| pair.mentee != i),
            Change::MentorLeaves(j) => pairs.retain(|pair| pair.mentor != j),
            Change::Veto(i, j) => pairs.retain(|pair| (pair.mentee, pair.mentor) != (i, j)),
            Change::Score(i, j, score) => {
                let changed = pairs.iter_mut().find(|pair| (pair.mentee, pair.mentor) == (i, j));
                changed.expect("a pair").score = score + kept(&today, &pair);
            }
            Change::Places(j, places) => capacity[j as usize] = places,
        }
        if dice.one_in(2) {
            rematch.keep();
            instance.2.iter_mut().for_each(|pair| pair.score -= kept(&today, pair));
            today = (0..instance.0 as u32).map(|i| rematch.mentor_of(i)).collect();
            instance.2.iter_mut().for_each(|pair| pair.score += kept(&today, pair));
        }
        let (placed, total) = brute_force(&instance, coverage);
        let lifted = if coverage { placed as i64 * rematch.lift() } else { 0 };
        assert_eq!(rematch.value_and_bound(), (total + lifted, total + lifted));
    }
    let (mentees, capacity, pairs) = instance;
    let problem = Problem::new(mentees, capacity, &pairs).expect("a valid problem");
    let again = solve_again(&problem, &options, &solution, &Control::default()).expect("solved again");
    assert_eq!(verify(&problem, &options, &again), Ok(()));
    assert_eq!(again.outcome, Outcome::Optimal);
}

/// A run stopped at any moment gives an assignment and a valid bound.
fn stopped(dice: &mut Dice<'_>) {
    let instance = instance(dice, 4);
    let options = options(dice, &instance);
    let problem = Problem::new(instance.0, instance.1.clone(), &instance.2).expect("a valid problem");
    let limit = dice.below(12);
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let stop = || asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) >= limit;
    let control = Control { stop: Some(&stop), ..Control::default() };
    let Ok(solution) = solve(&problem, &options, &control) else { return };
    assert_eq!(verify(&problem, &options, &solution), Ok(()));
    if options.mode == Mode::MaxTotal && options.locks.is_empty() {
        let (left, ..) = reduce(&instance, &options);
        let score =
            |i: usize, j: u32| left.2.iter().find(|pair| (pair.mentee as usize, pair.mentor) == (i, j));
        let worth = |mentor_of: &Vec<Option<u32>>| {
            let made = mentor_of.iter().enumerate();
            made.filter_map(|(i, j)| score(i, (*j)?)).map(|pair| pair.score).sum::<i64>()
        };
        let best = every_assignment(&left).iter().map(worth).max().unwrap_or(0);
        assert!(solution.certificate.bound >= best && solution.certificate.value <= best);
    }
}
