//! Every mode against exhaustive search on small instances.

mod common;

use assignment::{Control, Mode, Options, Problem, solve, verify};
use common::{brute_force, small_instance};
use proptest::prelude::*;

proptest! {
    #[test]
    fn largest_total_is_the_best_of_all_assignments(
        (mentees, capacity, pairs) in small_instance(7, -5..30), seed in 0u64..4,
    ) {
        let problem = Problem::new(mentees, capacity.clone(), &pairs).expect("a valid problem");
        let options = Options { seed, ..Options::default() };
        let solution = solve(&problem, &options, &Control::default()).expect("a solution");
        let (_, best) = brute_force(mentees, &capacity, &pairs, false);
        prop_assert_eq!(solution.total, best);
        prop_assert_eq!(solution.certificate.bound, best);
        verify(&problem, &options, &solution).map_err(|f| TestCaseError::fail(f.to_string()))?;
    }

    #[test]
    fn coverage_comes_before_the_total(
        (mentees, capacity, pairs) in small_instance(7, -5..30), seed in 0u64..4,
    ) {
        let problem = Problem::new(mentees, capacity.clone(), &pairs).expect("a valid problem");
        let options = Options { mode: Mode::MaxCardinality, seed, ..Options::default() };
        let solution = solve(&problem, &options, &Control::default()).expect("a solution");
        let best = brute_force(mentees, &capacity, &pairs, true);
        prop_assert_eq!((solution.placed, solution.total), best);
        prop_assert_eq!(solution.certificate.gap(), 0);
        verify(&problem, &options, &solution).map_err(|f| TestCaseError::fail(f.to_string()))?;
    }
}
