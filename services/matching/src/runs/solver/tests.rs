use super::*;
use proptest::prelude::*;

fn solve(instance: &Instance) -> Solved {
    let control = Control { stop: &|| false, progress: &|_| {} };
    Exact.solve(instance, &control).expect("a small instance is solved")
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

#[test]
fn a_stopped_run_has_no_result() {
    let control = Control { stop: &|| true, progress: &|_| {} };
    let scores: Vec<_> = (0..400).map(|at| Some(at * 37 % 101)).collect();
    let stopped = Exact.solve(&instance(20, &[1; 20], &scores), &control);
    assert_eq!(stopped, Err(Unsolved::Stopped));
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
