//! Domain: what came of a run beside its pairs: how good it is proven to be, what it changed, which floors it met.

use super::snapshot::Scores;
use super::solver::{Proven, Solved};
use serde::{Deserialize, Serialize};

/// What came of it, as it is kept with the run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Found {
    pub(crate) proven: Proven,
    /// Against the run before, where there was one.
    pub(crate) rematch: Option<Rematch>,
    /// One for each floor.
    pub(crate) groups: Vec<Group>,
}

/// Mentees of this run and the run before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rematch {
    /// Pairs of before that could be made again.
    pub(crate) favoured: i32,
    /// The same mentor.
    pub(crate) kept: i32,
    /// Another mentor, or one at last.
    pub(crate) moved: i32,
    /// No mentor any more.
    pub(crate) lost: i32,
    /// Not in the run before.
    pub(crate) joined: i32,
    /// Only in the run before.
    pub(crate) left: i32,
}

/// What came of a floor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Group {
    pub(crate) mentees: i32,
    pub(crate) mean: i32,
    pub(crate) met: bool,
}

impl Found {
    /// Reads it off the result.
    pub(crate) fn new(scores: &Scores<'_>, solved: &Solved) -> Self {
        let snapshot = scores.snapshot;
        Found {
            proven: solved.proven,
            rematch: snapshot.terms.follows.map(|_| rematch(scores, solved)),
            groups: snapshot.terms.fair.as_ref().map(|_| groups(scores, solved)).unwrap_or_default(),
        }
    }
}

fn rematch(scores: &Scores<'_>, solved: &Solved) -> Rematch {
    let snapshot = scores.snapshot;
    let mut counts = Rematch::default();
    let mut known = 0;
    for before in &snapshot.before {
        let Some(mentee) = snapshot.mentee(before.mentee) else {
            counts.left += 1;
            continue;
        };
        known += 1;
        let now = solved.mentor_of(mentee).and_then(|mentor| snapshot.mentors.get(mentor));
        match (before.mentor, now.map(|person| person.participant)) {
            (Some(before), Some(now)) if before == now => counts.kept += 1,
            (_, Some(_)) => counts.moved += 1,
            (Some(_), None) => counts.lost += 1,
            (None, None) => {}
        }
    }
    counts.favoured = count(scores.previous().len());
    counts.joined = count(snapshot.mentees.len()) - known;
    counts
}

fn groups(scores: &Scores<'_>, solved: &Solved) -> Vec<Group> {
    let Some(fair) = &scores.snapshot.terms.fair else { return Vec::new() };
    let mut sums = vec![(0i32, 0i64); fair.floors.len()];
    for (mentee, group) in fair.groups(&scores.snapshot.mentees).into_iter().enumerate() {
        let Some(sum) = group.and_then(|group| sums.get_mut(group as usize)) else { continue };
        let scored = solved.mentor_of(mentee).and_then(|mentor| scores.score(mentee, mentor));
        sum.0 += 1;
        sum.1 += scored.map_or(0, |scored| i64::from(scored.score));
    }
    let group = |((mentees, sum), floor): ((i32, i64), &super::terms::Floor)| Group {
        mentees,
        mean: i32::try_from(sum / i64::from(mentees.max(1))).unwrap_or(i32::MAX),
        met: sum >= i64::from(floor.least_mean) * i64::from(mentees),
    };
    sums.into_iter().zip(&fair.floors).map(group).collect()
}

fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runs::snapshot::{Snapshot, tests::snapshot};
    use crate::runs::terms::{Attribute, Before, Fair, Floor, Follows};
    use kernel::Uuid;

    fn solved(mentor_of: &[Option<u32>]) -> Solved {
        Solved { mentor_of: mentor_of.to_vec(), ..Solved::default() }
    }

    #[test]
    fn counts_who_stayed_and_who_moved() {
        let id = Uuid::from_u128;
        let before = |mentee, mentor: Option<u128>| Before { mentee: id(mentee), mentor: mentor.map(id) };
        let mut snapshot = Snapshot {
            // 1 stays, 2 moves, 3 gets one at last, 4 loses theirs, 5 has none twice, 6 joins; 9 has left.
            before: vec![
                before(1, Some(101)),
                before(2, Some(101)),
                before(3, None),
                before(4, Some(999)),
                before(5, None),
                before(9, Some(102)),
            ],
            ..snapshot(6, &[2, 2])
        };
        snapshot.terms.follows = Some(Follows { run: id(7), keep_bonus: 50 });
        let solved = solved(&[Some(0), Some(1), Some(1), None, None, Some(0)]);
        let found = Found::new(&Scores::new(&snapshot), &solved);
        let expected = Rematch { favoured: 2, kept: 1, moved: 2, lost: 1, joined: 1, left: 1 };
        assert_eq!(found.rematch, Some(expected));
    }

    #[test]
    fn says_which_floors_are_met_to_the_point() {
        let mut snapshot = snapshot(3, &[1, 1, 1]);
        snapshot.mentees[0].unit = "Law".to_owned();
        snapshot.mentees[1].unit = "Law".to_owned();
        let score = Scores::new(&snapshot).score(0, 0).expect("both are there").score;
        let half = score / 2;
        let with = |least_mean| {
            let floors = vec![Floor { group: "Law".to_owned(), least_mean }];
            let fair = Some(Fair { by: Attribute::Unit, floors });
            let mut snapshot = snapshot.clone();
            snapshot.terms.fair = fair;
            Found::new(&Scores::new(&snapshot), &solved(&[Some(0), None, Some(1)])).groups
        };
        assert_eq!(with(half), [Group { mentees: 2, mean: half, met: true }], "nobody counts 0");
        assert_eq!(with(half + 1), [Group { mentees: 2, mean: half, met: false }]);
    }
}
