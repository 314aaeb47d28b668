use super::*;
use crate::runs::snapshot::{MarkedPair, Snapshot, tests::snapshot};
use crate::runs::solver::{Control, Exact, Solver};
use proptest::prelude::*;

fn solve(snapshot: &Snapshot) -> (Instance, Solved) {
    let scores = Scores::new(snapshot);
    let instance = Instance::new(&scores, &|| false).expect("nobody stops it");
    let solved = Exact.solve(&instance, &Control { stop: &|| false, progress: &|_| {} }).expect("small");
    (instance, solved)
}

/// Two mentees who want the same skill, one mentor who offers it and one who does not.
fn contested() -> Snapshot {
    let mut snapshot = snapshot(2, &[1, 1]);
    snapshot.mentees[0].wanted = vec![("law".to_owned(), 5)];
    snapshot.mentees[1].wanted = vec![("law".to_owned(), 4)];
    snapshot.mentors[0].offered = vec![("law".to_owned(), 4)];
    snapshot
}

#[test]
fn says_who_got_the_place_and_by_how_much() {
    let snapshot = contested();
    let (instance, solved) = solve(&snapshot);
    assert_eq!(solved.mentor_of, [Some(1), Some(0)], "the second is wholly served by that mentor");
    let (made, unmatched) = result(&Scores::new(&snapshot), &instance, &solved);
    assert!(unmatched.is_empty());
    assert_eq!((made[0].mentor_rank, made[0].mentee_rank), (2, 1));
    assert_eq!((made[1].mentor_rank, made[1].mentee_rank), (1, 1));
    let explainer = Explainer::new(Scores::new(&snapshot), &solved);
    let why_not = explainer.pair(0, 0).expect("both take part");
    assert!(!why_not.proposed && why_not.broken.is_empty());
    assert_eq!((why_not.mentor_rank, why_not.mentee_rank), (1, 2));
    // Forced, it costs 800 points: four fifths of the 4,000 for skills instead of all. Prices say how much at least.
    assert!((1..=800).contains(&why_not.points_short), "{}", why_not.points_short);
    assert_eq!(why_not.holders.iter().map(|holder| holder.mentee).collect::<Vec<_>>(), [1]);
    assert_eq!(why_not.given.map(|(mentor, _)| mentor), Some(1));
    assert!(
        why_not.summary.contains(&format!("at least {} points more", why_not.points_short)),
        "{}",
        why_not.summary
    );
    let made = explainer.pair(1, 0).expect("both take part");
    assert!(made.proposed && made.summary.starts_with("Proposed with"), "{}", made.summary);
    assert!(made.summary.contains("skills 4000 of 4000"), "{}", made.summary);
}

#[test]
fn says_why_somebody_got_nobody() {
    let mut snapshot = contested();
    snapshot.mentors.truncate(1);
    let (instance, solved) = solve(&snapshot);
    let (_, unmatched) = result(&Scores::new(&snapshot), &instance, &solved);
    assert_eq!(unmatched, [Unmatched { mentee: 0, feasible_mentors: 1 }]);
    let explainer = Explainer::new(Scores::new(&snapshot), &solved);
    let outbid = explainer.unmatched(0).expect("got nobody");
    assert_eq!((outbid.feasible_mentors, outbid.nearest.len()), (1, 1));
    assert_eq!(outbid.nearest[0].0, 0);
    assert!(explainer.unmatched(1).is_none() && explainer.unmatched(7).is_none());

    snapshot.mentees[0].languages = vec!["fi".to_owned()];
    let (_, solved) = solve(&snapshot);
    let explainer = Explainer::new(Scores::new(&snapshot), &solved);
    let nobody = explainer.unmatched(0).expect("got nobody");
    assert_eq!((nobody.feasible_mentors, nobody.rules), (0, vec![(HardRule::NoSharedLanguage, 1)]));
    assert_eq!(
        nobody.summary,
        "None of 1 mentors is possible. Rules that took mentors away: they share no language (1)."
    );
    let pair = explainer.pair(0, 0).expect("both take part");
    assert_eq!(pair.summary, "Not possible: they share no language.");
}

#[test]
fn says_what_was_pinned() {
    let mut snapshot = contested();
    let mark = |mentee: usize, mentor: usize, snapshot: &Snapshot| MarkedPair {
        mentee: snapshot.mentees[mentee].participant,
        mentor: snapshot.mentors[mentor].participant,
        mark: Mark::Pinned,
    };
    snapshot.marks = vec![mark(0, 0, &snapshot)];
    let (_, solved) = solve(&snapshot);
    assert_eq!(solved.mentor_of, [Some(0), Some(1)]);
    let explainer = Explainer::new(Scores::new(&snapshot), &solved);
    let pinned = explainer.pair(0, 0).expect("both take part");
    assert!(pinned.pinned && pinned.summary.starts_with("Pinned with"), "{}", pinned.summary);
    let other = explainer.pair(0, 1).expect("both take part");
    assert!(other.summary.contains("pinned to another mentor"), "{}", other.summary);
}

proptest! {
    /// The prices are a proof: forcing a pair costs the whole at least the points it is short.
    #[test]
    fn points_short_is_what_forcing_the_pair_costs_at_least(
        levels in prop::collection::vec(1..=5i32, 7), places in prop::collection::vec(1..=2i32, 3),
    ) {
        let mut snapshot = snapshot(4, &places);
        for (mentee, level) in snapshot.mentees.iter_mut().zip(&levels) {
            mentee.wanted = vec![("law".to_owned(), *level)];
        }
        for (mentor, level) in snapshot.mentors.iter_mut().zip(&levels[4..]) {
            mentor.offered = vec![("law".to_owned(), *level)];
        }
        let (instance, solved) = solve(&snapshot);
        let (made, unmatched) = result(&Scores::new(&snapshot), &instance, &solved);
        prop_assert_eq!(made.len() + unmatched.len(), 4);
        let explainer = Explainer::new(Scores::new(&snapshot), &solved);
        for mentee in 0..4u32 {
            prop_assert_eq!(explainer.unmatched(mentee as usize).is_none(), solved.mentor_of[mentee as usize].is_some());
            for mentor in 0..3u32 {
                let answer = explainer.pair(mentee as usize, mentor as usize).expect("both take part");
                let mut forced = instance.clone();
                forced.pins = vec![(mentee, mentor)];
                let control = Control { stop: &|| false, progress: &|_| {} };
                let cost = solved.total - Exact.solve(&forced, &control).expect("small").total;
                prop_assert!(answer.points_short <= cost, "{} > {cost}", answer.points_short);
                prop_assert!(!answer.proposed || answer.points_short == 0);
            }
        }
    }
}
