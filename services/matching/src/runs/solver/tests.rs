use super::*;
use proptest::prelude::*;

const FREE: Control<'static> = Control { cancelled: &|| false, enough: &|| false, progress: &|_| {} };

fn solve(instance: &Instance) -> Solved {
    Exact.solve(instance, &FREE).expect("a small instance is solved")
}

fn instance(mentees: usize, places: &[i64], scores: &[Option<i32>]) -> Instance {
    let pairs = scores.iter().enumerate().filter_map(|(at, score)| {
        let (mentee, mentor) = ((at / places.len()) as u32, (at % places.len()) as u32);
        (places[mentor as usize] > 0).then_some(())?;
        score.map(|score| Pair { mentee, mentor, score })
    });
    Instance {
        mode: Mode::MaxTotal,
        seed: 5,
        mentees,
        places: places.to_vec(),
        pairs: pairs.collect(),
        pins: vec![],
        previous: vec![],
        keep_bonus: 0,
        gap_limit: 0,
        floors: Floors::default(),
        minimums: vec![],
    }
}

/// The best of all assignments, by trying each.
fn brute_force(instance: &Instance, mentee: u32, places: &mut Vec<i64>, value: &impl Fn(i32) -> i64) -> i64 {
    if mentee as usize == instance.mentees {
        return 0;
    }
    let pin = instance.pins.iter().find(|pin| pin.0 == mentee);
    let mut best =
        if pin.is_some() { i64::MIN / 2 } else { brute_force(instance, mentee + 1, places, value) };
    for pair in instance.pairs.iter().filter(|pair| pair.mentee == mentee) {
        if places[pair.mentor as usize] > 0 && pin.is_none_or(|pin| pin.1 == pair.mentor) {
            places[pair.mentor as usize] -= 1;
            best = best.max(value(pair.score) + brute_force(instance, mentee + 1, places, value));
            places[pair.mentor as usize] += 1;
        }
    }
    best
}

#[test]
fn mentors_without_places_keep_their_place_in_the_list() {
    let solved =
        solve(&instance(2, &[0, 1, 0, 1], &[None, Some(10), None, Some(20), None, Some(90), None, Some(95)]));
    assert_eq!(solved.mentor_of, [Some(3), Some(1)]);
    assert_eq!((solved.total, solved.value, solved.bound, solved.certified), (110, 110, 110, true));
    assert_eq!((solved.mentor_price.len(), solved.mentor_price[0]), (4, 0));
}

#[test]
fn nobody_possible_is_a_result() {
    let solved = solve(&instance(2, &[1], &[None, None]));
    assert_eq!((solved.mentor_of, solved.total, solved.certified), (vec![None, None], 0, true));
}

/// Twenty mentees and mentors with scores that spread.
fn twenty() -> Instance {
    let scores: Vec<_> = (0..400).map(|at| Some(at * 37 % 101)).collect();
    instance(20, &[1; 20], &scores)
}

#[test]
fn a_cancelled_run_has_no_result() {
    let control = Control { cancelled: &|| true, ..FREE };
    assert_eq!(Exact.solve(&twenty(), &control), Err(Unsolved::Cancelled));
}

#[test]
fn a_run_cut_short_gives_the_best_so_far_with_a_valid_bound() {
    let control = Control { enough: &|| true, ..FREE };
    for mode in [Mode::MaxTotal, Mode::MaxCardinality, Mode::Bottleneck, Mode::Stable] {
        let instance = Instance { mode, ..twenty() };
        let (cut, whole) = (Exact.solve(&instance, &control).expect("the best so far"), solve(&instance));
        assert_eq!(cut.proven, Proven::Stopped, "{mode:?}");
        assert!(cut.bound >= whole.value && cut.value <= whole.value, "{mode:?}: {cut:?}");
        Exact.verify(&instance, &cut).expect("its bound holds");
        let wrong = Solved { total: cut.total + 1, ..cut };
        assert!(matches!(Exact.verify(&instance, &wrong), Err(Unsolved::Unproven(_))), "{mode:?}");
    }
}

#[test]
fn a_gap_limit_is_kept() {
    let instance = Instance { gap_limit: 500, ..twenty() };
    let (near, best) = (solve(&instance), solve(&twenty()));
    assert!(near.gap().expect("it is known") <= 500 && near.value + 500 >= best.value);
}

#[test]
fn pairs_of_before_stay_when_they_cost_less_than_their_bonus() {
    // 30 points would be gained by the swap.
    let scores = [Some(100), Some(110), Some(120), Some(100)];
    let mut instance = Instance { previous: vec![(0, 0), (1, 1)], ..instance(2, &[1, 1], &scores) };
    assert_eq!(solve(&instance).mentor_of, [Some(1), Some(0)]);
    instance.keep_bonus = 16;
    let kept = solve(&instance);
    assert_eq!((&kept.mentor_of, kept.total, kept.value), (&vec![Some(0), Some(1)], 200, 232));
    instance.keep_bonus = 14;
    assert_eq!(solve(&instance).mentor_of, [Some(1), Some(0)]);
}

#[test]
fn floors_are_kept_and_the_gap_is_told() {
    // The second group gets little from the best total.
    let scores = [Some(90), Some(80), Some(85), Some(20)];
    let floors = |least| Floors { group_of: vec![Some(0), None], least_mean: vec![least] };
    let mut instance = Instance { mode: Mode::Fair, floors: floors(50), ..instance(2, &[1, 1], &scores) };
    let free = solve(&instance);
    assert_eq!((free.total, free.proven, free.gap()), (165, Proven::Optimal, Some(0)));
    instance.floors = floors(85);
    let fair = solve(&instance);
    assert_eq!(fair.mentor_of, [Some(0), Some(1)], "the first mentee has at least 85");
    assert!(fair.bound >= fair.value && fair.gap().is_some_and(|gap| gap <= 165 - 110), "{fair:?}");
    Exact.verify(&instance, &fair).expect("its bound holds");
    instance.floors = floors(95);
    let unmet = solve(&instance);
    assert_eq!((unmet.proven, unmet.gap()), (Proven::WithinGap, None), "nobody can have that");
}

#[test]
fn progress_carries_the_numbers_of_the_run_only() {
    let steps = std::sync::Mutex::new(Vec::new());
    let told = |step| steps.lock().expect("nobody panicked").push(step);
    for (mode, proven) in [(Mode::MaxTotal, true), (Mode::Bottleneck, false), (Mode::Fair, true)] {
        let floors = Floors { group_of: vec![Some(0); 20], least_mean: vec![60] };
        let instance = Instance { mode, floors, ..twenty() };
        let solved = Exact.solve(&instance, &Control { progress: &told, ..FREE }).expect("solved");
        let steps = std::mem::take(&mut *steps.lock().expect("nobody panicked"));
        let proofs: Vec<_> = steps.iter().filter_map(|step: &Step| step.proof).collect();
        assert_eq!(!proofs.is_empty(), proven, "{mode:?}");
        assert!(
            proofs.iter().all(|(bound, gap)| *bound >= solved.value && *gap >= 0),
            "{mode:?}: {proofs:?}"
        );
        assert_eq!(steps.last().map(|step| step.phase), Some("verifying"));
    }
}

#[test]
fn coverage_comes_first_when_asked_for() {
    let mut instance = instance(2, &[1, 1], &[Some(10_000), Some(1), Some(9_999), None]);
    assert_eq!(solve(&instance).total, 10_000, "one pair, or two that are worth 10,000 as well");
    instance.pairs[1].score = 0;
    instance.mode = Mode::MaxCardinality;
    assert_eq!(solve(&instance).mentor_of, [Some(1), Some(0)]);
}

proptest! {
    #[test]
    fn the_total_is_the_best_there_is(
        places in prop::collection::vec(0..=2i64, 1..5),
        scores in prop::collection::vec(prop::option::weighted(0.7, 0..=10_000i32), 20),
        mentees in 1..=5usize,
        pin in prop::option::of(0..20usize),
    ) {
        let mut instance = instance(mentees, &places, &scores[..mentees * places.len().min(4)]);
        if let Some(pair) = pin.and_then(|pin| instance.pairs.get(pin)) {
            instance.pins.push((pair.mentee, pair.mentor));
        }
        prop_assume!(places.iter().any(|places| *places > 0));
        for mode in [Mode::MaxTotal, Mode::MaxCardinality] {
            instance.mode = mode;
            let solved = solve(&instance);
            prop_assert!(solved.certified);
            prop_assert_eq!(solved.value, solved.bound);
            let lift = if mode == Mode::MaxCardinality { 1_000_000 } else { 0 };
            let best = brute_force(&instance, 0, &mut places.clone(), &|score| i64::from(score) + lift);
            let placed = solved.mentor_of.iter().flatten().count() as i64;
            prop_assert_eq!(solved.total + lift * placed, best);
            prop_assert_eq!(&solve(&instance), &solved, "the same again");
            for pin in &instance.pins {
                prop_assert_eq!(solved.mentor_of[pin.0 as usize], Some(pin.1));
            }
        }
    }
}

/// The best of all assignments in which nobody has a group below the minimum, by trying each.
fn brute_force_groups(instance: &Instance, mentee: u32, made: &mut Vec<i64>) -> i64 {
    if mentee as usize == instance.mentees {
        let fits = |(made, least): (&i64, &i64)| *made == 0 || made >= least;
        return if made.iter().zip(&instance.minimums).all(fits) { 0 } else { i64::MIN / 2 };
    }
    let mut best = brute_force_groups(instance, mentee + 1, made);
    for pair in instance.pairs.iter().filter(|pair| pair.mentee == mentee) {
        let mentor = pair.mentor as usize;
        if made[mentor] < instance.places[mentor] {
            made[mentor] += 1;
            best = best.max(i64::from(pair.score) + brute_force_groups(instance, mentee + 1, made));
            made[mentor] -= 1;
        }
    }
    best
}

proptest! {
    #[test]
    fn groups_of_a_least_size_are_the_best_there_are(
        scores in prop::collection::vec(prop::option::weighted(0.8, 0..100i32), 15),
        minimums in prop::collection::vec(1..=3i64, 3),
    ) {
        let mut instance = instance(5, &[2, 0, 3], &scores);
        instance.minimums = minimums.iter().zip(&instance.places).map(|(least, places)| *least.min(places)).collect();
        let solved = solve(&instance);
        let mut made = [0i64; 3];
        solved.mentor_of.iter().flatten().for_each(|mentor| made[*mentor as usize] += 1);
        prop_assert!(made.iter().zip(&instance.minimums).all(|(made, least)| *made == 0 || made >= least));
        prop_assert_eq!(solved.total, brute_force_groups(&instance, 0, &mut vec![0; 3]));
        prop_assert_eq!((solved.proven, solved.bound), (Proven::Optimal, solved.value));
        if instance.minimums.iter().any(|least| *least > 1) {
            let search = solved.groups.expect("a search");
            prop_assert!(search.price_bound >= solved.bound);
            Exact.verify(&instance, &solved).expect("the prices prove their bound");
        }
    }
}
