//! Profiles with criteria: the pruned scan against the definitions, and against explicit pairs.

use crate::invented::invent;
use assignment::people::{Condition, Rule};
use assignment::{Control, Fault, Mode, Options, Outcome, solve, solve_people, verify_people};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 8, ..ProptestConfig::default() })]

    #[test]
    fn all_pairs_give_the_same_optimum_as_the_list_of_all_pairs(
        mentees in 1usize..60, mentors in 1usize..90, seed: u64, coverage: bool, gap in 0i64..2,
        // With larger weights, bounds are in units of several points.
        factor in prop::sample::select(vec![1, 1, 3, 50_000]),
    ) {
        let mut invented = invent(mentees, mentors, seed);
        invented.criteria.iter_mut().for_each(|criterion| criterion.weight *= factor);
        let people = invented.people();
        let problem = people.problem().expect("a problem");
        let mode = if coverage { Mode::MaxCardinality } else { Mode::MaxTotal };
        let options = Options { mode, seed, gap_limit: gap * 100, threads: 2, ..Options::default() };
        let solution = solve_people(&people, &options, &Control::default()).expect("a solution");
        let exact = Options { gap_limit: 0, ..options.clone() };
        let listed = solve(&problem, &exact, &Control::default()).expect("a solution");
        verify_people(&people, &options, &solution).map_err(|fault| TestCaseError::fail(fault.to_string()))?;
        if gap == 0 {
            prop_assert_eq!(solution.total, listed.total);
            prop_assert_eq!(solution.placed, listed.placed);
            prop_assert_eq!(solution.outcome, Outcome::Optimal);
        } else {
            let short = listed.certificate.value - listed.certificate.lift * listed.placed as i64
                - (solution.certificate.value - solution.certificate.lift * solution.placed as i64);
            prop_assert!(solution.placed < listed.placed || short <= 100);
            prop_assert!(solution.certificate.gap() <= 100);
        }
    }

    #[test]
    fn locks_exclusions_and_the_keep_bonus_apply_to_all_pairs(seed: u64, bonus in 0i64..3000) {
        let people = invent(24, 16, seed).people();
        let problem = people.problem().expect("a problem");
        let free = solve_people(&people, &Options::default(), &Control::default()).expect("a solution");
        let mut made = (0u32..).zip(&free.mentor_of).filter_map(|(i, j)| j.map(|j| (i, j)));
        let locks: Vec<(u32, u32)> = made.by_ref().take(2).collect();
        let forbidden: Vec<(u32, u32)> = made.by_ref().take(4).collect();
        let previous = (0..16).map(|j| (23 - j, j)).collect();
        let options = Options { locks, forbidden, previous, keep_bonus: bonus, ..Options::default() };
        let solution = solve_people(&people, &options, &Control::default()).expect("a solution");
        let listed = solve(&problem, &options, &Control::default()).expect("a solution");
        prop_assert_eq!(solution.certificate.value, listed.certificate.value);
        verify_people(&people, &options, &solution).map_err(|fault| TestCaseError::fail(fault.to_string()))?;
    }
}

#[test]
fn bytes_do_not_depend_on_the_number_of_threads() {
    let people = invent(700, 300, 5).people();
    let on = |threads| {
        let options = Options { threads, ..Options::default() };
        solve_people(&people, &options, &Control::default()).expect("a solution")
    };
    let one = on(1);
    assert_eq!(one, on(2));
    assert_eq!(one, on(5));
}

#[test]
fn the_parts_sum_to_the_score_and_every_rule_counts_what_it_removes() {
    let people = invent(40, 30, 11).people();
    for mentee in 0..40 {
        let mut feasible = 0;
        for mentor in 0..30 {
            let sum: i64 = people.parts(mentee, mentor).iter().map(|part| part.1).sum();
            feasible += usize::from(people.score(mentee, mentor).is_some_and(|score| score == sum));
        }
        let removed: usize = people.removed(mentee).iter().map(|rule| rule.1).sum();
        assert_eq!(feasible + removed, 30);
    }
}

#[test]
fn rules_that_bar_everybody_leave_everybody_unplaced() {
    for (mentee, mentor) in [(true, false), (false, true), (false, false)] {
        let mut invented = invent(50, 70, 4);
        let condition = Condition::Ready { mentee: vec![mentee; 50], mentor: vec![mentor; 70] };
        invented.rules.push(Rule { name: "closed".into(), condition });
        let people = invented.people();
        for mode in [Mode::MaxTotal, Mode::MaxCardinality] {
            let options = Options { mode, ..Options::default() };
            let solution = solve_people(&people, &options, &Control::default()).expect("a solution");
            assert_eq!((solution.placed, solution.outcome), (0, Outcome::Optimal));
            assert_eq!(verify_people(&people, &options, &solution), Ok(()));
        }
    }
}

#[test]
fn a_lowered_price_is_found_out_over_all_pairs() {
    let people = invent(60, 40, 3).people();
    let options = Options::default();
    let mut solution = solve_people(&people, &options, &Control::default()).expect("a solution");
    let asking = solution.certificate.mentee_price.iter_mut().find(|price| **price > 0).expect("a price");
    *asking -= 1;
    assert!(matches!(verify_people(&people, &options, &solution), Err(Fault::Uncovered { short: 1, .. })));
}

#[test]
fn a_run_that_is_stopped_gives_a_valid_bound() {
    let people = invent(300, 200, 9).people();
    for limit in [0, 1, 2, 5, 9, 20] {
        let asked = std::sync::atomic::AtomicU32::new(0);
        let stop = || asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) >= limit;
        let control = Control { stop: Some(&stop), ..Control::default() };
        let solution = solve_people(&people, &Options::default(), &control).expect("a solution");
        assert_eq!(verify_people(&people, &Options::default(), &solution), Ok(()));
    }
}
