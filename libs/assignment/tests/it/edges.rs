//! The edges of the input: ties, extremes, nobody, and everything that is refused.

use assignment::explain::{Explainer, Unplaced, WhyNot};
use assignment::{
    Control, Error, Floors, Mode, Options, Outcome, Pair, Phase, Problem, Solution, solve, verify,
};

fn pair(mentee: u32, mentor: u32, score: i64) -> Pair {
    Pair { mentee, mentor, score }
}

fn every_pair(mentees: u32, mentors: u32, score: impl Fn(u32, u32) -> i64) -> Vec<Pair> {
    (0..mentees)
        .flat_map(|i| (0..mentors).map(move |j| (i, j)))
        .map(|(i, j)| pair(i, j, score(i, j)))
        .collect()
}

fn solved(capacity: Vec<i64>, mentees: usize, pairs: &[Pair], options: &Options) -> (Problem, Solution) {
    let problem = Problem::new(mentees, capacity, pairs).expect("a valid problem");
    let solution = solve(&problem, options, &Control::default()).expect("a solution");
    assert_eq!(verify(&problem, options, &solution), Ok(()));
    assert_eq!(solution.outcome, Outcome::Optimal);
    (problem, solution)
}

fn modes(mentees: usize) -> [Mode; 5] {
    let floors = Floors { group_of: vec![Some(0); mentees], floor: vec![0] };
    [Mode::MaxTotal, Mode::MaxCardinality, Mode::Bottleneck, Mode::Stable, Mode::Fair(floors)]
}

#[test]
fn equal_scores_fill_every_place() {
    for mode in modes(60) {
        let options = Options { mode, ..Options::default() };
        let (_, solution) = solved(vec![2; 20], 60, &every_pair(60, 20, |_, _| 7), &options);
        assert_eq!((solution.placed, solution.total), (40, 280));
    }
}

#[test]
fn one_mentor_can_take_everybody_and_capacities_may_be_huge() {
    for capacity in [50, 1 << 33, i64::MAX] {
        for mode in modes(50) {
            let options = Options { mode, ..Options::default() };
            let (_, solution) =
                solved(vec![capacity, 1], 50, &every_pair(50, 2, |i, j| i64::from(i + j)), &options);
            assert_eq!(solution.placed, 50);
        }
    }
}

#[test]
fn nobody_feasible_is_an_answer() {
    for mode in modes(3) {
        let options = Options { mode, ..Options::default() };
        let (problem, solution) = solved(vec![1], 3, &[], &options);
        assert_eq!((solution.placed, solution.total), (0, 0));
        let explainer = Explainer::new(&problem, &options, &solution);
        assert_eq!(explainer.unplaced(0), Some(Unplaced::NoFeasibleMentor { forbidden: 0 }));
    }
}

#[test]
fn scores_at_the_edge_of_the_range_are_summed_exactly_and_past_it_refused() {
    let largest = |mode: &Mode| {
        let options = Options { mode: mode.clone(), ..Options::default() };
        let problem =
            Problem::new(2, vec![1, 1], &every_pair(2, 2, |_, _| i64::MAX)).expect("a valid problem");
        match solve(&problem, &options, &Control::default()) {
            Err(Error::ScoreRange { limit, mentee: 0, mentor: 0, score: i64::MAX }) => (options, limit),
            other => panic!("not refused: {other:?}"),
        }
    };
    for mode in [Mode::MaxTotal, Mode::MaxCardinality, Mode::Bottleneck, Mode::Stable] {
        let (options, limit) = largest(&mode);
        let pairs = every_pair(2, 2, |i, j| limit - i64::from(i == j));
        let (_, solution) = solved(vec![1, 1], 2, &pairs, &options);
        assert_eq!(solution.total, 2 * limit);
        let past = Problem::new(2, vec![1, 1], &[pair(1, 1, -limit - 1)]).expect("a valid problem");
        let refused = solve(&past, &options, &Control::default());
        assert!(matches!(refused, Err(Error::ScoreRange { mentee: 1, mentor: 1, .. })));
        assert!(limit > 1 << 50);
    }
}

#[test]
fn bad_problems_are_refused_by_name() {
    let new = |mentees, capacity: &[i64], pairs: &[Pair]| {
        Problem::new(mentees, capacity.to_vec(), pairs).map(|_| ())
    };
    assert_eq!(new(0, &[1], &[]), Err(Error::NoMentees));
    assert_eq!(new(1, &[], &[]), Err(Error::NoMentors));
    assert_eq!(new(1, &[1, 0], &[]), Err(Error::Capacity { mentor: 1, capacity: 0 }));
    assert_eq!(new(1, &[-4], &[]), Err(Error::Capacity { mentor: 0, capacity: -4 }));
    let ok = pair(0, 0, 1);
    assert_eq!(new(1, &[1], &[ok, pair(1, 0, 1)]), Err(Error::UnknownMentee { pair: 1, mentee: 1 }));
    assert_eq!(new(1, &[1], &[ok, pair(0, 9, 1)]), Err(Error::UnknownMentor { pair: 1, mentor: 9 }));
    assert_eq!(new(1, &[1], &[ok, pair(0, 0, 2)]), Err(Error::DuplicatePair { mentee: 0, mentor: 0 }));
}

#[test]
fn contradictory_options_are_refused_by_name() {
    let problem =
        Problem::new(3, vec![1, 2], &[pair(0, 0, 1), pair(1, 0, 1), pair(2, 1, 1)]).expect("a valid problem");
    let refused = |options: Options| solve(&problem, &options, &Control::default()).map(|_| ());
    let with = |locks: &[(u32, u32)], forbidden: &[(u32, u32)]| Options {
        locks: locks.to_vec(),
        forbidden: forbidden.to_vec(),
        ..Options::default()
    };
    assert_eq!(
        refused(with(&[(0, 0)], &[(0, 0)])),
        Err(Error::LockForbidden { lock: 0, mentee: 0, mentor: 0 })
    );
    assert_eq!(refused(with(&[(0, 1)], &[])), Err(Error::LockInfeasible { lock: 0, mentee: 0, mentor: 1 }));
    assert_eq!(refused(with(&[(2, 1), (2, 1)], &[])), Err(Error::LockTwice { lock: 1, mentee: 2 }));
    assert_eq!(
        refused(with(&[(0, 0), (1, 0)], &[])),
        Err(Error::LockCapacity { lock: 1, mentor: 0, capacity: 1 })
    );
    let unknown = Error::UnknownPair { list: "exclusion", record: 1, mentee: 0, mentor: 7 };
    assert_eq!(refused(with(&[], &[(0, 0), (0, 7)])), Err(unknown));
    let negative = Options { keep_bonus: -1, ..Options::default() };
    assert_eq!(refused(negative), Err(Error::NegativeOption { option: "keep_bonus", value: -1 }));
    let floors = Floors { group_of: vec![None, Some(1), None], floor: vec![3] };
    assert!(matches!(
        refused(Options { mode: Mode::Fair(floors), ..Options::default() }),
        Err(Error::FairGroups(_))
    ));
}

#[test]
fn the_seed_decides_ties_and_nothing_else() {
    let pairs = every_pair(40, 40, |_, _| 5);
    let by_seed = |seed| solved(vec![1; 40], 40, &pairs, &Options { seed, ..Options::default() }).1;
    assert_eq!(by_seed(1), by_seed(1));
    assert_ne!(by_seed(1).mentor_of, by_seed(2).mentor_of);
    assert_eq!(by_seed(1).total, by_seed(2).total);
    // The first mentee does not get the first mentor for being first.
    let first: Vec<_> = (0..20).map(|seed| by_seed(seed).mentor_of[0]).collect();
    assert!(first.iter().any(|&mentor| mentor != first[0]));
}

#[test]
fn the_order_of_the_pairs_does_not_matter() {
    let mut pairs = every_pair(20, 12, |i, j| i64::from((i * 7 + j * 5) % 9));
    let options = Options::default();
    let (_, forward) = solved(vec![1; 12], 20, &pairs, &options);
    pairs.reverse();
    let (_, backward) = solved(vec![1; 12], 20, &pairs, &options);
    assert_eq!(forward, backward);
}

#[test]
fn without_ties_permuting_the_people_permutes_the_answer() {
    // Powers of two: no two assignments have the same total.
    let score = |i: u32, j: u32| 1i64 << (i * 6 + j);
    let (_, plain) = solved(vec![1; 6], 6, &every_pair(6, 6, score), &Options::default());
    let (_, turned) =
        solved(vec![1; 6], 6, &every_pair(6, 6, |i, j| score(5 - i, (j + 2) % 6)), &Options::default());
    for i in 0..6 {
        assert_eq!(turned.mentor_of[i].map(|j| (j + 2) % 6), plain.mentor_of[5 - i]);
    }
}

#[test]
fn a_run_stopped_at_any_moment_gives_a_valid_bound() {
    let pairs = every_pair(60, 30, |i, j| i64::from((i * 37 + j * 101) % 251));
    let problem = Problem::new(60, vec![1; 30], &pairs).expect("a valid problem");
    for mode in [Mode::MaxTotal, Mode::MaxCardinality, Mode::Bottleneck, Mode::Stable] {
        let options = Options { mode, ..Options::default() };
        for limit in 0..8 {
            let asked = std::sync::atomic::AtomicU32::new(0);
            let stop = || asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) >= limit;
            let control = Control { stop: Some(&stop), ..Control::default() };
            let solution = solve(&problem, &options, &control).expect("a solution");
            assert_eq!(verify(&problem, &options, &solution), Ok(()), "{:?} after {limit}", options.mode);
        }
    }
}

#[test]
fn progress_ends_with_the_gap_closed() {
    let pairs = every_pair(40, 20, |i, j| i64::from((i * 37 + j * 101) % 251));
    let problem = Problem::new(40, vec![1; 20], &pairs).expect("a valid problem");
    let seen = std::sync::Mutex::new(Vec::new());
    let listen = |progress: &assignment::Progress| seen.lock().expect("not poisoned").push(*progress);
    let control = Control { progress: Some(&listen), ..Control::default() };
    let solution = solve(&problem, &Options::default(), &control).expect("a solution");
    let seen = seen.into_inner().expect("not poisoned");
    let last = seen.last().expect("progress");
    assert_eq!((last.phase, last.gap, last.bound), (Phase::Exact, Some(0), Some(solution.total)));
}

#[test]
fn a_gap_limit_is_kept_to() {
    let pairs = every_pair(80, 40, |i, j| i64::from((i * 7919 + j * 104_729) % 9973));
    let problem = Problem::new(80, vec![1; 40], &pairs).expect("a valid problem");
    let options = Options { gap_limit: 20_000, ..Options::default() };
    let solution = solve(&problem, &options, &Control::default()).expect("a solution");
    assert!(solution.certificate.gap() <= 20_000);
    assert_eq!(verify(&problem, &options, &solution), Ok(()));
}

#[test]
fn explanations_say_ranks_points_and_holders() {
    let pairs = [pair(0, 0, 90), pair(0, 1, 80), pair(1, 0, 85), pair(1, 1, 20), pair(2, 0, 50)];
    let (problem, solution) = solved(vec![1, 1], 3, &pairs, &Options::default());
    let options = Options::default();
    let explainer = Explainer::new(&problem, &options, &solution);
    let made = explainer.made(0).expect("a pair");
    assert_eq!((made.mentor, made.score, made.mentee_rank.rank, made.mentee_rank.of), (1, 80, 2, 2));
    assert_eq!((made.mentor_rank.rank, made.mentor_rank.of), (1, 2));
    let WhyNot::Short { points, score, holders, free_places } = explainer.why_not(1, 1) else {
        panic!("short")
    };
    assert_eq!((score, holders, free_places), (20, vec![(0, 80)], 0));
    let prices = &solution.certificate;
    assert_eq!(points, prices.mentee_price[1] + prices.mentor_price[1] - 20);
    assert_eq!(explainer.why_not(1, 0), WhyNot::Together);
    assert_eq!(explainer.why_not(2, 1), WhyNot::Infeasible);
    assert!(matches!(explainer.unplaced(2), Some(Unplaced::Outbid { nearest: 0, .. })));
    assert_eq!(explainer.unplaced(0), None);
    assert_eq!(explainer.made(2), None);
}

#[test]
fn groups_are_filled_closed_or_refused() {
    // Three circles of at least three for seven people: one stays closed.
    let pairs = every_pair(7, 3, |i, j| i64::from((i * 5 + j * 3) % 7) + 1);
    let with = |minimums: &[i64], locks: &[(u32, u32)], mode| Options {
        minimums: minimums.to_vec(),
        locks: locks.to_vec(),
        mode,
        ..Options::default()
    };
    let problem = Problem::new(7, vec![4; 3], &pairs).expect("a valid problem");
    let options = with(&[3; 3], &[], Mode::MaxCardinality);
    let solution = solve(&problem, &options, &Control::default()).expect("a solution");
    assert_eq!(verify(&problem, &options, &solution), Ok(()));
    let size = |j: u32| solution.mentor_of.iter().flatten().filter(|&&mentor| mentor == j).count();
    let mut sizes = [size(0), size(1), size(2)];
    sizes.sort_unstable();
    assert_eq!(sizes, [0, 3, 4]);
    let proof = solution.certificate.groups.as_ref().expect("a proof");
    assert_eq!(proof.bound, solution.certificate.value);
    let refused = |options: Options| match solve(&problem, &options, &Control::default()) {
        Err(Error::Groups(reason)) => reason,
        other => panic!("not refused: {other:?}"),
    };
    assert_eq!(refused(with(&[3], &[], Mode::MaxTotal)), "1 minimums for 3 mentors");
    assert_eq!(refused(with(&[1, 5, 1], &[], Mode::MaxTotal)), "mentor 1: a minimum of 5 with 4 places");
    assert_eq!(
        refused(with(&[3; 3], &[], Mode::Stable)),
        "minimums go with the largest total and with coverage only"
    );
    // Everybody locked elsewhere: the third circle has one member and cannot get two more.
    let locks = [(0, 0), (1, 0), (2, 0), (3, 1), (4, 1), (5, 1), (6, 2)];
    assert_eq!(
        refused(with(&[3; 3], &locks, Mode::MaxTotal)),
        "the groups of locked mentees cannot be filled"
    );
}
