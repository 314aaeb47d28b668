//! The verifier against planted faults.

use assignment::{Control, Fault, Mode, Options, Outcome, Pair, Problem, Solution, solve, verify};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn market(mode: Mode) -> (Problem, Options, Solution) {
    let mut rng = ChaCha8Rng::seed_from_u64(42);
    let mut pairs = Vec::new();
    for mentee in 0..30 {
        for mentor in 0..14 {
            if rng.random_bool(0.7) {
                pairs.push(Pair { mentee, mentor, score: rng.random_range(0..100) });
            }
        }
    }
    let problem = Problem::new(30, vec![2; 14], &pairs).expect("a valid problem");
    let options = Options { mode, locks: vec![(pairs[0].mentee, pairs[0].mentor)], ..Options::default() };
    let solution = solve(&problem, &options, &Control::default()).expect("a solution");
    verify(&problem, &options, &solution).expect("sound as solved");
    (problem, options, solution)
}

const MODES: [Mode; 3] = [Mode::MaxTotal, Mode::MaxCardinality, Mode::Bottleneck];

#[test]
fn a_wrong_bound_is_caught() {
    for mode in MODES {
        let (problem, options, mut solution) = market(mode);
        solution.certificate.bound += 1;
        assert!(matches!(verify(&problem, &options, &solution), Err(Fault::Sum { what: "the bound", .. })));
    }
}

#[test]
fn every_single_wrong_dual_is_caught() {
    for mode in MODES {
        let (problem, options, solution) = market(mode);
        for person in 0..44 {
            for change in [-1, 1] {
                let mut wrong = solution.clone();
                let proof = &mut wrong.certificate;
                let price = if person < 30 {
                    &mut proof.mentee_price[person]
                } else {
                    &mut proof.mentor_price[person - 30]
                };
                *price += change;
                assert!(verify(&problem, &options, &wrong).is_err(), "{person} {change}");
            }
        }
    }
}

#[test]
fn shifted_duals_with_the_same_sum_are_caught() {
    let (problem, options, mut solution) = market(Mode::MaxTotal);
    let proof = &mut solution.certificate;
    let poor = proof.mentee_price.iter().position(|&price| price > 0).expect("a price");
    proof.mentee_price[poor] -= 1;
    let other = (0..30).find(|&i| i != poor).expect("another");
    proof.mentee_price[other] += 1;
    assert!(matches!(verify(&problem, &options, &solution), Err(Fault::Uncovered { short: 1, .. })));
}

#[test]
fn every_swapped_pair_is_caught() {
    let (problem, options, solution) = market(Mode::MaxTotal);
    let mut swapped = 0;
    for a in 0..30 {
        for b in a + 1..30 {
            let mut wrong = solution.clone();
            wrong.mentor_of.swap(a, b);
            if wrong.mentor_of != solution.mentor_of {
                swapped += 1;
                // Stated sums that fit the swapped pairs must not help, unless it is as good.
                let made = (0u32..).zip(&wrong.mentor_of).filter_map(|(i, j)| problem.score(i, (*j)?));
                wrong.total = made.sum();
                wrong.certificate.value = wrong.total;
                let as_good = wrong.total == solution.total;
                assert!(verify(&problem, &options, &wrong).is_err() || as_good);
            }
        }
    }
    assert!(swapped > 300);
}

#[test]
fn a_false_claim_of_optimality_is_caught() {
    let (problem, options, mut solution) = market(Mode::MaxTotal);
    let victim = solution.mentor_of.iter().rposition(Option::is_some).expect("a pair");
    let mentor = solution.mentor_of[victim].take().expect("a pair");
    let score = problem.score(victim as u32, mentor).expect("a score");
    solution.placed -= 1;
    solution.total -= score;
    solution.certificate.value -= score;
    assert_eq!(verify(&problem, &options, &solution), Err(Fault::Gap { gap: score.into() }));
    solution.outcome = Outcome::Stopped;
    assert_eq!(verify(&problem, &options, &solution), Ok(()));
}

#[test]
fn too_small_a_lift_is_caught() {
    let (problem, options, mut solution) = market(Mode::MaxCardinality);
    solution.certificate.lift = 1;
    assert!(matches!(verify(&problem, &options, &solution), Err(Fault::Lift { lift: 1, .. })));
}

#[test]
fn a_broken_cover_is_caught() {
    let (problem, options, solution) = market(Mode::Bottleneck);
    let proof = |wrong: &Solution| wrong.certificate.bottleneck.clone().expect("a proof");
    let mut wrong = solution.clone();
    let mut cover = proof(&wrong);
    cover.above.mentees.clear();
    cover.above.mentors.clear();
    wrong.certificate.bottleneck = Some(cover);
    assert!(matches!(verify(&problem, &options, &wrong), Err(Fault::NotCovered { .. })));
    let mut cover = proof(&solution);
    cover.above.mentees = (0..30).collect();
    wrong.certificate.bottleneck = Some(cover);
    assert!(matches!(verify(&problem, &options, &wrong), Err(Fault::HeavyCover { .. })));
}

#[test]
fn a_blocking_pair_is_caught() {
    let (problem, options, mut solution) = market(Mode::Stable);
    let loser = solution.mentor_of.iter().rposition(Option::is_some).expect("a pair");
    let mentor = solution.mentor_of[loser].take().expect("a pair");
    let score = problem.score(loser as u32, mentor).expect("a score");
    solution.placed -= 1;
    solution.total -= score;
    assert!(matches!(verify(&problem, &options, &solution), Err(Fault::Blocking { .. })));
}

#[test]
fn forbidden_locked_and_overfull_are_caught() {
    let (problem, mut options, mut solution) = market(Mode::MaxTotal);
    let made =
        |solution: &Solution| (0u32..).zip(&solution.mentor_of).filter_map(|(i, j)| j.map(|j| (i, j))).last();
    options.forbidden = vec![made(&solution).expect("a pair")];
    assert!(matches!(verify(&problem, &options, &solution), Err(Fault::Infeasible { .. })));
    options.forbidden.clear();
    options.locks = vec![(0, 13)];
    assert!(matches!(
        verify(&problem, &options, &solution),
        Err(Fault::Lock { .. } | Fault::Infeasible { .. })
    ));
    options.locks.clear();
    let popular =
        (0..14).find(|&j| (0..30).filter(|&i| problem.score(i, j).is_some()).count() > 2).expect("one");
    for mentee in (0..30u32).filter(|&i| problem.score(i, popular).is_some()) {
        solution.mentor_of[mentee as usize] = Some(popular);
    }
    assert!(matches!(verify(&problem, &options, &solution), Err(Fault::Overfull { capacity: 2, .. })));
}

#[test]
fn a_group_that_is_too_small_is_caught() {
    let (problem, mut options, solution) = market(Mode::MaxTotal);
    let popular = solution.mentor_of[0].expect("a pair") as usize;
    let filled = solution.mentor_of.iter().flatten().filter(|&&j| j as usize == popular).count() as i64;
    options.minimums = vec![0; 14];
    options.minimums[popular] = filled;
    assert_eq!(verify(&problem, &options, &solution), Ok(()));
    options.minimums[popular] = filled + 1;
    assert!(matches!(verify(&problem, &options, &solution), Err(Fault::Underfull { .. })));
}
