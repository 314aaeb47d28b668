//! Repairs after a change against solving anew.

use crate::common::small_instance;
use crate::exhaustive::{Instance, brute_force};
use assignment::{
    Change, Control, Error, Mode, Options, Pair, Problem, Rematch, Solution, solve, solve_again, verify,
};
use proptest::prelude::*;

fn solved(instance: &Instance, options: &Options) -> (Problem, Solution) {
    let problem = Problem::new(instance.0, instance.1.clone(), &instance.2).expect("a valid problem");
    let solution = solve(&problem, options, &Control::default()).expect("a solution");
    (problem, solution)
}

/// The change applied to the plain instance; scores contain the keep bonus.
fn changed(
    (mentees, mut capacity, mut pairs): Instance,
    change: Change,
    bonus: impl Fn(&Pair) -> i64,
) -> Instance {
    match change {
        Change::MenteeLeaves(i) => pairs.retain(|pair| pair.mentee != i),
        Change::MentorLeaves(j) => pairs.retain(|pair| pair.mentor != j),
        Change::Veto(i, j) => pairs.retain(|pair| (pair.mentee, pair.mentor) != (i, j)),
        Change::Score(i, j, score) => {
            for pair in pairs.iter_mut().filter(|pair| (pair.mentee, pair.mentor) == (i, j)) {
                pair.score = score + bonus(pair);
            }
        }
        Change::Places(j, places) => capacity[j as usize] = places,
    }
    (mentees, capacity, pairs)
}

fn some_change(instance: &Instance, dice: (u8, u8, i64)) -> Change {
    let pair = instance.2[usize::from(dice.1) % instance.2.len()];
    match dice.0 % 5 {
        0 => Change::MenteeLeaves(pair.mentee),
        1 => Change::MentorLeaves(pair.mentor),
        2 => Change::Veto(pair.mentee, pair.mentor),
        3 => Change::Score(pair.mentee, pair.mentor, dice.2),
        _ => Change::Places(pair.mentor, 1 + dice.2 % instance.1[pair.mentor as usize]),
    }
}

proptest! {
    #[test]
    fn every_repair_is_exact(
        instance in small_instance(6, 0..30), coverage: bool, keep_bonus in 0i64..8,
        dice in prop::collection::vec((any::<u8>(), any::<u8>(), 0i64..90, any::<bool>()), 1..5),
    ) {
        if instance.2.is_empty() {
            return Ok(());
        }
        let mode = if coverage { Mode::MaxCardinality } else { Mode::MaxTotal };
        let options = Options { mode, keep_bonus, ..Options::default() };
        let (problem, solution) = solved(&instance, &options);
        let mut rematch = Rematch::new(&problem, &options, &solution).expect("a rematch");
        let mut today = solution.mentor_of.clone();
        let bonus = |today: &[Option<u32>], pair: &Pair| {
            if today[pair.mentee as usize] == Some(pair.mentor) { keep_bonus } else { 0 }
        };
        let mut left = instance.clone();
        left.2.iter_mut().for_each(|pair| pair.score += bonus(&today, pair));
        let lift = rematch.lift();
        let mut gone = Vec::new();
        for dice in dice {
            let change = some_change(&instance, (dice.0, dice.1, dice.2));
            // A score for somebody who is gone would bring the pair back.
            if let Change::Score(i, j, _) = change && gone.contains(&(i, j)) { continue; }
            let before: Vec<_> = (0..instance.0 as u32).map(|i| rematch.mentor_of(i)).collect();
            let moves = match rematch.apply(change) {
                // Past what the lift outweighs.
                Err(Error::ScoreRange { limit, .. }) => {
                    prop_assert!(coverage && limit >= keep_bonus);
                    continue;
                }
                moves => moves.expect("applied"),
            };
            left = changed(left, change, |pair| bonus(&today, pair));
            for pair in &instance.2 {
                if !left.2.iter().any(|other| (other.mentee, other.mentor) == (pair.mentee, pair.mentor)) {
                    gone.push((pair.mentee, pair.mentor));
                }
            }
            let (placed, total) = brute_force(&left, coverage);
            let lifted = if coverage { placed as i64 * lift } else { 0 };
            prop_assert_eq!(rematch.value_and_bound(), (total + lifted, total + lifted));
            for mentee in 0..instance.0 as u32 {
                let (was, is) = (before[mentee as usize], rematch.mentor_of(mentee));
                let told = moves.iter().find(|moved| moved.mentee == mentee).map(|moved| (moved.before, moved.after));
                prop_assert_eq!(told, (was != is).then_some((was, is)));
            }
            if dice.3 {
                rematch.keep();
                left.2.iter_mut().for_each(|pair| pair.score -= bonus(&today, pair));
                today = (0..instance.0 as u32).map(|i| rematch.mentor_of(i)).collect();
                left.2.iter_mut().for_each(|pair| pair.score += bonus(&today, pair));
                let (placed, total) = brute_force(&left, coverage);
                let lifted = if coverage { placed as i64 * lift } else { 0 };
                prop_assert_eq!(rematch.value_and_bound(), (total + lifted, total + lifted));
            }
        }
    }

    #[test]
    fn solving_again_is_as_good_as_solving_anew(
        instance in small_instance(6, -3..30), grown in small_instance(7, -3..30), coverage: bool,
    ) {
        let mode = if coverage { Mode::MaxCardinality } else { Mode::MaxTotal };
        let options = Options { mode, ..Options::default() };
        let (_, earlier) = solved(&instance, &options);
        let (problem, anew) = solved(&grown, &options);
        let again = solve_again(&problem, &options, &earlier, &Control::default()).expect("a solution");
        prop_assert_eq!(again.certificate.value, anew.certificate.value);
        prop_assert!(!coverage || again.placed == anew.placed);
        verify(&problem, &options, &again).map_err(|fault| TestCaseError::fail(fault.to_string()))?;
    }
}

#[test]
fn a_change_that_names_nobody_changes_nothing() {
    let pairs = [Pair { mentee: 0, mentor: 0, score: 5 }];
    let (problem, solution) = solved(&(1, vec![1], pairs.to_vec()), &Options::default());
    let mut rematch = Rematch::new(&problem, &Options::default(), &solution).expect("a rematch");
    for change in [
        Change::MenteeLeaves(1),
        Change::MentorLeaves(7),
        Change::Veto(0, 1),
        Change::Score(0, 0, i64::MAX),
        Change::Places(0, 0),
    ] {
        assert!(rematch.apply(change).is_err(), "{change:?}");
    }
    assert_eq!(rematch.value_and_bound(), (5, 5));
    assert_eq!(rematch.mentor_of(0), Some(0));
}
