use super::*;
use crate::runs::snapshot::{MarkedPair, Snapshot, tests::snapshot};
use crate::runs::solver::{Control, Exact, Solver};
use crate::runs::terms::{Attribute, Before, Fair, Floor, Follows};
use kernel::Uuid;
use proptest::prelude::*;

const FREE: Control<'static> = Control { cancelled: &|| false, enough: &|| false, progress: &|_| {} };

fn solve(snapshot: &Snapshot) -> (Instance, Solved) {
    let scores = Scores::new(snapshot);
    let instance = Instance::new(&scores, &|_| false).expect("nobody stops it");
    let solved = Exact.solve(&instance, &FREE).expect("small");
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
fn says_whom_the_least_size_of_groups_leaves_out() {
    // Of three mentees, two make a group; the mentor with a place for one cannot have any.
    let mut snapshot = snapshot(3, &[2, 2, 1]);
    snapshot.terms.least_group = 2;
    snapshot.mentees[2].wanted = vec![("law".to_owned(), 4)];
    let (instance, solved) = solve(&snapshot);
    assert_eq!(instance.minimums, [2, 2, 1]);
    assert_eq!(solved.mentor_of.iter().flatten().count(), 2, "one group of two");
    let (_, unmatched) = result(&Scores::new(&snapshot), &instance, &solved);
    let left = unmatched[0];
    assert_eq!((unmatched.len(), left.feasible_mentors, left.without_group), (1, 2, 1));
    assert_eq!(unmatched_reason(left.feasible_mentors, left.without_group), "no_group");
    assert_eq!((unmatched_reason(0, 0), unmatched_reason(2, 0)), ("no_feasible_mentor", "outbid"));
    let explainer = Explainer::new(Scores::new(&snapshot), &solved);
    let why = explainer.unmatched(left.mentee).expect("unmatched");
    assert_eq!(why.without_group, 1);
    let said = "2 of the 3 mentors were possible; one of them got nobody, because groups below 2 mentees are not \
                made; the other places went to others.";
    assert!(why.summary.starts_with(said), "{}", why.summary);
    assert!(why.summary.contains("1 by too few free places for a group"), "{}", why.summary);
    let empty = if solved.mentor_of.contains(&Some(0)) { 1 } else { 0 };
    let why_not = explainer.pair(left.mentee, empty).expect("both take part");
    assert!(
        why_not.summary.contains("The mentor got nobody: it has to be 2 mentees at least, or none."),
        "{}",
        why_not.summary
    );
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
    assert_eq!(
        (why_not.mentor_rank, why_not.mentee_rank),
        (Rank { rank: 1, of: 2 }, Rank { rank: 2, of: 2 })
    );
    // Forced, it costs 800 points: four fifths of the 4,000 for skills instead of all. Prices say how much at least.
    let Short::Points(short) = why_not.short else { panic!("{:?}", why_not.short) };
    assert!((1..=800).contains(&short), "{short}");
    assert_eq!(why_not.holders.iter().map(|holder| holder.mentee).collect::<Vec<_>>(), [1]);
    assert_eq!(why_not.given.map(|(mentor, _)| mentor), Some(1));
    assert_eq!(
        why_not.summary,
        format!(
            "Possible with 7,200 points, but not made: the mentee got another mentor with 4,000 points, 3,200 fewer. \
             The mentor's place went to a mentee with 8,000 points. Making it would cost all pairs together at \
             least {short} points: it would have to be worth {short} more. The mentor is the mentee's choice 1 of 2, \
             the mentee the mentor's choice 2 of 2."
        )
    );
    let made = explainer.pair(1, 0).expect("both take part");
    assert_eq!(
        made.summary,
        "Proposed with 8,000 of 10,000 points: skills 4,000 of 4,000 (offers every wanted skill: law); shared time 750 \
         of 1,500 (the mentor has named no free time); communication style 500 of 1,000 (neither has named a style); \
         everything else 2,750 of 3,500. The mentor is the mentee's choice 1 of 2, the mentee the mentor's choice 1 of \
         2."
    );
    let made = explainer.pair(0, 1).expect("both take part");
    assert_eq!(made.better, [Missed { mentor: 0, score: 7200, short: why_not.short }]);
    let why = format!(
        "One mentor would score higher (7,200), but that pair would cost all pairs together at least {short} points."
    );
    assert!(made.summary.ends_with(&why), "{}", made.summary);
}

/// Every sentence about a pair that was not made stands for its kind of reason.
#[test]
fn says_in_each_mode_why_a_pair_was_not_made() {
    let why_not = |change: &dyn Fn(&mut Snapshot)| {
        let mut snapshot = contested();
        change(&mut snapshot);
        let (_, solved) = solve(&snapshot);
        Explainer::new(Scores::new(&snapshot), &solved).pair(0, 0).expect("both take part")
    };
    let stable = why_not(&|snapshot| snapshot.mode = Mode::Stable);
    assert_eq!((stable.short, stable.short.points()), (Short::Stable, 0));
    assert!(stable.summary.contains("The mentee would rather have this mentor"), "{}", stable.summary);
    let worst = why_not(&|snapshot| {
        snapshot.mode = Mode::Bottleneck;
        snapshot.mentees[1].wanted = vec![];
        snapshot.mentees[1].languages = vec!["en".to_owned(), "fi".to_owned()];
        snapshot.mentees[0].wanted = vec![("law".to_owned(), 5), ("tax".to_owned(), 5)];
        snapshot.mentors[1].offered = vec![("law".to_owned(), 5), ("tax".to_owned(), 5)];
    });
    let Short::BelowWorst(least, lacks) = worst.short else { panic!("{worst:?}") };
    assert_eq!(i64::from(worst.scored.score) + lacks, least);
    assert!(worst.summary.contains("looks at the worst pair first"), "{}", worst.summary);
}

/// The prices of the fair mode are in units of their own.
#[test]
fn a_floor_makes_its_group_dearer() {
    let mut snapshot = contested();
    snapshot.mentees[0].unit = "Law".to_owned();
    snapshot.mode = Mode::Fair;
    let floors = vec![Floor { group: "Law".to_owned(), least_mean: 7000 }];
    snapshot.terms.fair = Some(Fair { by: Attribute::Unit, floors });
    let (_, solved) = solve(&snapshot);
    assert_eq!(solved.mentor_of, [Some(0), Some(1)], "the floor is worth the 800 points");
    let explainer = Explainer::new(Scores::new(&snapshot), &solved);
    let other = explainer.pair(1, 0).expect("both take part");
    // Without the floor nothing is lost, so that no more than the loss of the whole can be short.
    assert!((0..=800).contains(&other.short.points()), "{other:?}");
}

#[test]
fn says_that_a_pair_was_kept() {
    let mut snapshot = contested();
    let before = |at: usize, mentor: usize| Before {
        mentee: snapshot.mentees[at].participant,
        mentor: Some(snapshot.mentors[mentor].participant),
    };
    let both = vec![before(0, 0), before(1, 1)];
    snapshot.before = both;
    snapshot.terms.follows = Some(Follows { run: Uuid::from_u128(8), keep_bonus: 401 });
    let (instance, solved) = solve(&snapshot);
    assert_eq!(solved.mentor_of, [Some(0), Some(1)], "802 points of bonus outweigh 800");
    let (made, _) = result(&Scores::new(&snapshot), &instance, &solved);
    assert!(made.iter().all(|made| made.kept));
    let explainer = Explainer::new(Scores::new(&snapshot), &solved);
    let kept = explainer.pair(0, 0).expect("both take part");
    assert!(
        kept.kept && kept.summary.starts_with("Kept from the run before, with 7,200"),
        "{}",
        kept.summary
    );
}

#[test]
fn says_why_somebody_got_nobody() {
    let mut snapshot = contested();
    snapshot.mentors.truncate(1);
    let (instance, solved) = solve(&snapshot);
    let (_, unmatched) = result(&Scores::new(&snapshot), &instance, &solved);
    assert_eq!(unmatched, [Unmatched { mentee: 0, feasible_mentors: 1, without_group: 0 }]);
    let explainer = Explainer::new(Scores::new(&snapshot), &solved);
    let outbid = explainer.unmatched(0).expect("got nobody");
    assert_eq!((outbid.feasible_mentors, outbid.nearest.len()), (1, 1));
    assert_eq!(outbid.nearest[0].mentor, 0);
    let short = outbid.nearest[0].short.points();
    assert_eq!(
        outbid.summary,
        format!(
            "The only mentor was possible, and the places went to others. The nearest would have 7,200 points with the \
             mentee; the place went to a mentee with 8,000 points. Making it would cost all pairs together at least \
             {short} points: it would have to be worth {short} more."
        )
    );
    assert!(explainer.unmatched(1).is_none() && explainer.unmatched(7).is_none());

    snapshot.mentees[0].languages = vec!["fi".to_owned()];
    let (_, solved) = solve(&snapshot);
    let explainer = Explainer::new(Scores::new(&snapshot), &solved);
    let nobody = explainer.unmatched(0).expect("got nobody");
    let ruled = Ruled { rule: HardRule::NoSharedLanguage, mentors: 1, alone: 1 };
    assert_eq!((nobody.feasible_mentors, nobody.rules), (0, vec![ruled]));
    assert_eq!(
        nobody.summary,
        "The only mentor is not possible. Ruled out: 1 by no shared language. Of those, 1 by nothing but no shared \
         language: without it one would be possible."
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
    assert!(
        pinned.pinned && pinned.summary.starts_with("Pinned by the program manager, with"),
        "{}",
        pinned.summary
    );
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
                let cost = solved.total - Exact.solve(&forced, &FREE).expect("small").total;
                let short = answer.short.points();
                prop_assert!(short <= cost, "{short} > {cost}");
                prop_assert!(!answer.proposed || short == 0);
            }
        }
    }
}
