//! Every mode against exhaustive search on small instances. `PROPTEST_CASES` scales it up.

use crate::common::{small_instance, some_options};
use crate::exhaustive::{Instance, best_of_groups, brute_force, every_assignment, reduce};
use assignment::{Control, Floors, Mode, Options, Outcome, Pair, Problem, Solution, solve, verify};
use proptest::prelude::*;

fn problem(instance: &Instance) -> Problem {
    Problem::new(instance.0, instance.1.clone(), &instance.2).expect("a valid problem")
}

/// Solves, and has the verifier check the answer.
fn solved(instance: &Instance, options: &Options) -> Result<Solution, TestCaseError> {
    let problem = problem(instance);
    let solution = solve(&problem, options, &Control::default()).expect("a solution");
    verify(&problem, options, &solution).map_err(|fault| TestCaseError::fail(fault.to_string()))?;
    Ok(solution)
}

fn score_of(pairs: &[Pair], mentee: usize, mentor: u32) -> i64 {
    let named = |pair: &&Pair| (pair.mentee as usize, pair.mentor) == (mentee, mentor);
    pairs.iter().find(named).expect("a pair").score
}

fn total(pairs: &[Pair], mentor_of: &[Option<u32>]) -> i64 {
    let made = mentor_of.iter().enumerate().filter_map(|(i, j)| j.map(|j| score_of(pairs, i, j)));
    made.sum()
}

fn dice() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 49)
}

proptest! {
    #[test]
    fn largest_total_is_the_best_of_all_assignments(
        instance in small_instance(7, -5..30), dice in dice(),
    ) {
        let options = some_options(&instance, &dice);
        let solution = solved(&instance, &options)?;
        let (left, _, locked) = reduce(&instance, &options);
        let best = brute_force(&left, false).1 + locked;
        prop_assert_eq!(solution.certificate.value, best);
        prop_assert_eq!(solution.certificate.bound, best);
        prop_assert_eq!(solution.outcome, Outcome::Optimal);
    }

    #[test]
    fn coverage_comes_before_the_total(instance in small_instance(7, -5..30), dice in dice()) {
        let options = Options { mode: Mode::MaxCardinality, ..some_options(&instance, &dice) };
        let solution = solved(&instance, &options)?;
        let (left, locks, locked) = reduce(&instance, &options);
        let (placed, total) = brute_force(&left, true);
        prop_assert_eq!(solution.placed, placed + locks);
        let lifted = solution.certificate.lift * solution.placed as i64;
        prop_assert_eq!(solution.certificate.value - lifted, total + locked);
        prop_assert_eq!(solution.outcome, Outcome::Optimal);
    }

    #[test]
    fn the_worst_pair_is_the_best_it_can_be(instance in small_instance(6, -5..12), dice in dice()) {
        let options = Options { mode: Mode::Bottleneck, keep_bonus: 0, ..some_options(&instance, &dice) };
        let solution = solved(&instance, &options)?;
        let ((mentees, capacity, pairs), locks, locked) = reduce(&instance, &options);
        let above = |threshold: i64| {
            let kept = pairs.iter().filter(|pair| pair.score >= threshold).copied().collect();
            brute_force(&(mentees, capacity.clone(), kept), true)
        };
        let most = above(i64::MIN).0;
        prop_assert_eq!(solution.placed, most + locks);
        if most > 0 {
            let threshold = (-5..12).rev().find(|&t| above(t).0 == most).expect("a threshold");
            prop_assert_eq!(solution.certificate.bottleneck.as_ref().expect("a proof").worst, threshold);
            prop_assert_eq!(solution.total, above(threshold).1 + locked);
        }
        prop_assert_eq!(solution.outcome, Outcome::Optimal);
    }

    #[test]
    fn stable_gives_each_mentee_the_best_of_all_stable_assignments(
        instance in small_instance(4, 0..1), mentee_view in Just((1..=16).collect::<Vec<i64>>()).prop_shuffle(),
        mentor_view in Just((1..=16).collect::<Vec<i64>>()).prop_shuffle(),
    ) {
        let (mentees, capacity, mut pairs) = instance;
        pairs.iter_mut().zip(mentee_view).for_each(|(pair, score)| pair.score = score);
        let mentor_view = &mentor_view[..pairs.len()];
        let instance = (mentees, capacity, pairs);
        let problem = problem(&instance).with_mentor_scores(mentor_view).expect("one score per pair");
        let options = Options { mode: Mode::Stable, ..Options::default() };
        let solution = solve(&problem, &options, &Control::default()).expect("a solution");
        verify(&problem, &options, &solution).map_err(|fault| TestCaseError::fail(fault.to_string()))?;
        let stable = |mentor_of: &Vec<Option<u32>>| is_stable(&instance, mentor_view, mentor_of);
        let all = every_assignment(&instance);
        prop_assert!(stable(&solution.mentor_of));
        for other in all.iter().filter(|other| stable(other)) {
            for (i, (own, other)) in solution.mentor_of.iter().zip(other).enumerate() {
                let worth = |mentor: &Option<u32>| mentor.map_or(0, |j| score_of(&instance.2, i, j));
                prop_assert!(worth(own) >= worth(other));
            }
        }
    }

    #[test]
    fn groups_are_empty_or_large_enough_and_nothing_is_better(
        instance in small_instance(5, 0..20), least in prop::collection::vec(0i64..4, 5), coverage: bool,
    ) {
        let minimums: Vec<i64> = instance.1.iter().zip(&least).map(|(places, least)| *least.min(places)).collect();
        let mode = if coverage { Mode::MaxCardinality } else { Mode::MaxTotal };
        let options = Options { mode, minimums: minimums.clone(), ..Options::default() };
        let solution = solved(&instance, &options)?;
        let (placed, total) = best_of_groups(&instance, &minimums, coverage);
        prop_assert_eq!(solution.total, total);
        prop_assert!(!coverage || solution.placed == placed);
        let proof = &solution.certificate;
        // Small instances are searched to the end.
        prop_assert!(proof.groups.as_ref().is_none_or(|groups| groups.bound == proof.value));
    }

    #[test]
    fn fair_bound_holds_and_floors_are_met_where_it_says_so(
        instance in small_instance(4, 0..20), floors in prop::collection::vec(0i64..14, 2),
        groups in prop::collection::vec(prop::option::of(0u32..2), 4),
    ) {
        let floors = Floors { group_of: groups[..instance.0].to_vec(), floor: floors };
        let options = Options { mode: Mode::Fair(floors.clone()), ..Options::default() };
        let solution = solved(&instance, &options)?;
        let meets = |mentor_of: &[Option<u32>]| (0..2).all(|group| {
            let members: Vec<usize> = (0..instance.0).filter(|&i| floors.group_of[i] == Some(group)).collect();
            let sum: i64 = members.iter().filter_map(|&i| Some(score_of(&instance.2, i, mentor_of[i]?))).sum();
            sum >= floors.floor[group as usize] * members.len() as i64
        });
        let all = every_assignment(&instance);
        let best = all.iter().filter(|other| meets(other)).map(|other| total(&instance.2, other)).max();
        let proof = solution.certificate.fair.as_ref().expect("a proof");
        prop_assert_eq!(proof.feasible, meets(&solution.mentor_of));
        if let Some(best) = best {
            prop_assert!(solution.certificate.bound >= best);
            prop_assert!(!proof.feasible || solution.total <= best);
        } else {
            prop_assert!(!proof.feasible);
        }
    }
}

/// Straight from the definition.
fn is_stable((_, capacity, pairs): &Instance, mentor_view: &[i64], mentor_of: &[Option<u32>]) -> bool {
    let view = |mentee: usize, mentor: u32| {
        let at = pairs.iter().position(|pair| (pair.mentee as usize, pair.mentor) == (mentee, mentor));
        mentor_view[at.expect("a pair")]
    };
    pairs.iter().all(|pair| {
        let (i, j) = (pair.mentee as usize, pair.mentor);
        let content = mentor_of[i].is_some_and(|own| score_of(pairs, i, own) >= pair.score);
        let holders: Vec<usize> = (0..mentor_of.len()).filter(|&k| mentor_of[k] == Some(j)).collect();
        let full = holders.len() as i64 == capacity[j as usize];
        content || (full && holders.iter().all(|&k| view(k, j) > view(i, j)))
    })
}
