use super::*;

/// A mentee or mentor of whom nothing is known but a language.
pub(crate) fn person(number: u128, places: i32) -> Person {
    Person {
        participant: Uuid::from_u128(number),
        person: Uuid::from_u128(1_000_000 + number),
        places,
        held: 0,
        wanted: vec![],
        offered: vec![],
        style: 0,
        languages: vec!["en".to_owned()],
        offset_minutes: Some(0),
        windows: vec![],
        unit: String::new(),
        grade: String::new(),
        profession: String::new(),
        chain: vec![],
    }
}

pub(crate) fn week() -> Date {
    jiff::civil::date(2025, 3, 3)
}

/// Mentees 1, 2, …, mentors 101, 102, … with these places.
pub(crate) fn snapshot(mentees: usize, places: &[i32]) -> Snapshot {
    Snapshot {
        format: Snapshot::FORMAT,
        program: Uuid::from_u128(9),
        mode: Mode::MaxTotal,
        seed: 1,
        week: week(),
        criteria: Criteria::default(),
        mentees: (1..=mentees).map(|number| person(number as u128, 1)).collect(),
        mentors: places.iter().zip(101u128..).map(|(places, number)| person(number, *places)).collect(),
        marks: vec![],
        terms: Terms::default(),
        before: vec![],
    }
}

fn marked(mentee: u128, mentor: u128, mark: Mark) -> MarkedPair {
    MarkedPair { mentor: Uuid::from_u128(mentor), mentee: Uuid::from_u128(mentee), mark }
}

#[test]
fn refuses_what_cannot_run() {
    let reason = |snapshot: &Snapshot| snapshot.check().expect_err("must be refused").reason;
    assert_eq!(reason(&snapshot(0, &[1])), "NOBODY_TO_MATCH");
    assert_eq!(reason(&snapshot(1, &[0, 0])), "NOBODY_TO_MATCH");
    assert_eq!(reason(&snapshot(2_001, &vec![1; 2_000])), "RUN_TOO_LARGE");
    snapshot(2, &[1]).check().expect("a plain run");
}

#[test]
fn refuses_contradicting_pins() {
    let with = |marks: Vec<MarkedPair>| Snapshot { marks, ..snapshot(3, &[1, 2, 0]) }.sorted();
    let reason = |marks| with(marks).check().expect_err("must be refused").reason;
    with(vec![marked(1, 101, Mark::Pinned), marked(2, 102, Mark::Pinned)]).check().expect("two fine pins");
    with(vec![marked(99, 101, Mark::Pinned)]).check().expect("the mentee takes no part: nothing to pin");
    assert_eq!(reason(vec![marked(1, 999, Mark::Pinned)]), "PIN_CONTRADICTS");
    assert_eq!(reason(vec![marked(1, 103, Mark::Pinned)]), "PIN_CONTRADICTS");
    assert_eq!(reason(vec![marked(1, 101, Mark::Pinned), marked(2, 101, Mark::Pinned)]), "PIN_CONTRADICTS");
    assert_eq!(reason(vec![marked(1, 101, Mark::Pinned), marked(1, 102, Mark::Pinned)]), "PIN_CONTRADICTS");
    let mut line = with(vec![marked(1, 101, Mark::Pinned)]);
    line.mentees[0].chain = vec![line.mentors[0].person];
    assert_eq!(line.check().expect_err("a reporting line").reason, "PIN_CONTRADICTS");
}

#[test]
fn marks_and_places_forbid() {
    let snapshot = Snapshot {
        marks: vec![
            marked(1, 101, Mark::Forbidden),
            marked(1, 102, Mark::Failed),
            marked(2, 101, Mark::Pinned),
        ],
        ..snapshot(2, &[1, 1, 0])
    };
    let scores = Scores::new(&snapshot);
    assert_eq!(scores.broken(0, 0), [HardRule::Forbidden]);
    assert_eq!(scores.broken(0, 1), [HardRule::FailedBefore]);
    assert_eq!(scores.broken(0, 2), [HardRule::MentorFull]);
    assert_eq!(scores.broken(1, 0), []);
    assert_eq!(scores.pins(), [(1, 0)]);
    assert!(scores.choices(0).is_empty());
    assert_eq!(scores.choices(1).len(), 2);
    assert!(scores.score(7, 0).is_none() && scores.possible(0, 7).is_none());
}

#[test]
fn a_group_counts_those_whom_the_mentor_has() {
    let mut snapshot = snapshot(4, &[2, 1, 3, 0]);
    snapshot.terms.least_group = 3;
    snapshot.mentors[1].held = 2;
    let least = |snapshot: &Snapshot| -> Vec<i32> {
        snapshot.mentors.iter().map(|mentor| snapshot.least_of(mentor)).collect()
    };
    assert_eq!(least(&snapshot), [3, 1, 3, 3]);
    let scores = Scores::new(&snapshot);
    assert_eq!(scores.broken(0, 0), [HardRule::GroupTooSmall], "two places");
    assert_eq!(scores.broken(0, 1), [], "two and one are three");
    assert_eq!(scores.broken(0, 2), []);
    assert_eq!(scores.broken(0, 3), [HardRule::MentorFull], "which says more");
    snapshot.marks = vec![marked(1, 101, Mark::Pinned)];
    assert_eq!(snapshot.check().expect_err("no group for the pin").reason, "PIN_CONTRADICTS");
    snapshot.terms.least_group = 0;
    assert_eq!(least(&snapshot), [1, 1, 1, 1]);
    snapshot.check().expect("without groups it is a fine pin");
}

#[test]
fn the_same_facts_give_the_same_bytes() {
    let mut shuffled = snapshot(5, &[1, 2, 3]);
    shuffled.mentees.reverse();
    shuffled.mentors.rotate_left(1);
    let bytes = |snapshot: Snapshot| serde_json::to_vec(&snapshot.sorted()).expect("a snapshot serialises");
    let read: Snapshot = serde_json::from_slice(&bytes(shuffled.clone())).expect("and reads back");
    assert_eq!(read, snapshot(5, &[1, 2, 3]));
    assert_eq!(bytes(shuffled), bytes(snapshot(5, &[1, 2, 3])));
}
