//! Imports of small organisations, and properties of any.

use super::*;
use crate::directory::row::RawRow;
use proptest::prelude::*;

const SNAPSHOT: Options = Options { snapshot: true, confirmed: true, max_percent: 10 };
const DELTA: Options = Options { snapshot: false, ..SNAPSHOT };

/// Rows of (id, manager).
fn rows(people: &[(&str, &str)]) -> Reading {
    let mut reading = Reading::default();
    for (number, (external_id, manager)) in (2..).zip(people) {
        reading.take(
            number,
            &RawRow { external_id, manager, job_title: "Clerk", unit: "Post", ..RawRow::default() },
        );
    }
    reading
}

/// A directory that remembers what is imported, as the table does.
#[derive(Clone, Default)]
struct Directory {
    known: Vec<Known>,
    ids: u128,
}

impl Directory {
    fn import(&mut self, reading: Reading, options: Options) -> Plan {
        let ids = &mut self.ids;
        let plan = plan(&self.known, reading, options, || {
            *ids += 1;
            Uuid::from_u128(*ids)
        })
        .expect("confirmed");
        for person in &mut self.known {
            person.active &= !plan.leavers.contains(&person.id);
        }
        for person in &plan.upserts {
            match self.known.iter_mut().find(|known| known.id == person.id) {
                Some(known) => known.clone_from(person),
                None => self.known.push(person.clone()),
            }
        }
        plan
    }

    fn find(&self, external_id: &str) -> &Known {
        self.known.iter().find(|person| person.external_id == external_id).expect("imported")
    }
}

fn kinds(plan: &Plan) -> Vec<(i64, ProblemKind)> {
    plan.problems.told.iter().map(|problem| (problem.row, problem.kind)).collect()
}

#[test]
fn managers_are_bound_whatever_the_order_of_rows() {
    let mut directory = Directory::default();
    let plan = directory.import(rows(&[("c", "b"), ("b", "a"), ("a", "")]), SNAPSHOT);
    assert_eq!((plan.summary.created, plan.problems.count), (3, 0));
    let (a, b) = (directory.find("a").id, directory.find("b").id);
    assert_eq!(directory.find("c").chain, [b, a]);
}

#[test]
fn the_same_snapshot_again_changes_nothing() {
    let mut directory = Directory::default();
    let people = [("a", ""), ("b", "a"), ("c", "b"), ("d", "nobody"), ("e", "f"), ("f", "e")];
    directory.import(rows(&people), SNAPSHOT);
    let again = directory.import(rows(&people), SNAPSHOT);
    assert!(again.upserts.is_empty() && again.leavers.is_empty());
    assert_eq!(again.summary.unchanged, 6);
}

#[test]
fn a_change_of_manager_changes_the_chain_of_everyone_below() {
    let mut directory = Directory::default();
    directory.import(rows(&[("a", ""), ("b", ""), ("c", "a"), ("d", "c"), ("e", "d")]), SNAPSHOT);
    let plan = directory.import(rows(&[("c", "b")]), DELTA);
    assert_eq!(plan.upserts.len(), 3, "c itself, d and e below");
    assert_eq!((plan.summary.updated, plan.summary.unchanged), (1, 4));
    assert_eq!(directory.find("e").chain.last(), Some(&directory.find("b").id));
}

#[test]
fn circles_dangling_and_doubled_references_are_told_and_the_rest_goes_on() {
    let mut directory = Directory::default();
    let people = [("a", "b"), ("b", "a"), ("c", "c"), ("d", "x"), ("e", "a"), ("e", "d"), ("f", "e")];
    let plan = directory.import(rows(&people), SNAPSHOT);
    let expected = [
        (7, ProblemKind::Duplicate),
        (5, ProblemKind::ManagerUnknown),
        (2, ProblemKind::Cycle),
        (3, ProblemKind::Cycle),
        (4, ProblemKind::Cycle),
    ];
    assert_eq!(kinds(&plan), expected);
    assert_eq!(directory.known.len(), 6);
    assert_eq!(directory.find("f").chain, [directory.find("e").id, directory.find("a").id]);
}

#[test]
fn a_delta_can_close_a_circle_through_people_it_does_not_name() {
    let mut directory = Directory::default();
    directory.import(rows(&[("a", ""), ("b", "a"), ("c", "b")]), SNAPSHOT);
    let plan = directory.import(rows(&[("a", "c")]), DELTA);
    assert_eq!(kinds(&plan), [(2, ProblemKind::Cycle)]);
    assert!(plan.upserts.is_empty(), "everything stays as it was");
}

#[test]
fn who_is_absent_from_a_snapshot_has_left_and_may_return() {
    let mut directory = Directory::default();
    directory.import(rows(&[("a", ""), ("b", "a"), ("c", "b")]), SNAPSHOT);
    let plan = directory.import(rows(&[("a", ""), ("c", "b")]), SNAPSHOT);
    assert_eq!(plan.leavers, [directory.find("b").id]);
    assert_eq!(kinds(&plan), [(3, ProblemKind::ManagerLeft)]);
    assert_eq!(directory.find("c").manager, None);
    let plan = directory.import(rows(&[("b", "a")]), DELTA);
    assert_eq!((plan.summary.reactivated, plan.returned.len()), (1, 1));
}

#[test]
fn a_leaver_in_a_delta_frees_the_reports() {
    let mut directory = Directory::default();
    directory.import(rows(&[("a", ""), ("b", "a"), ("c", "b")]), SNAPSHOT);
    let mut reading = Reading::default();
    reading.take(2, &RawRow { external_id: "b", left: true, ..RawRow::default() });
    reading.take(3, &RawRow { external_id: "never known", left: true, ..RawRow::default() });
    let plan = directory.import(reading, DELTA);
    assert_eq!((plan.summary.deactivated, plan.summary.created), (1, 0));
    assert_eq!((directory.find("c").manager, directory.find("c").chain.len()), (None, 0));
}

#[test]
fn a_row_that_was_left_out_does_not_deactivate_its_person() {
    let mut directory = Directory::default();
    directory.import(rows(&[("a", ""), ("b", "a")]), SNAPSHOT);
    let mut reading = rows(&[("a", "")]);
    reading.take(3, &RawRow { external_id: "b", fte: "lots", ..RawRow::default() });
    assert!(directory.import(reading, SNAPSHOT).leavers.is_empty());
}

#[test]
fn a_garbled_snapshot_deactivates_nobody() {
    let mut directory = Directory::default();
    directory.import(rows(&[("a", ""), ("b", "a")]), SNAPSHOT);
    let mut reading = rows(&[("a", "")]);
    reading.take(3, &RawRow::default());
    let plan = directory.import(reading, SNAPSHOT);
    assert!(plan.leavers.is_empty());
    assert_eq!(kinds(&plan), [(3, ProblemKind::Invalid), (0, ProblemKind::SnapshotIncomplete)]);
}

#[test]
fn too_many_leavers_need_a_confirmation() {
    let mut directory = Directory::default();
    let people: Vec<String> = (0..100).map(|i| format!("p{i}")).collect();
    let of = |range: std::ops::Range<usize>| {
        let rows_of: Vec<_> = people[range].iter().map(|id| (id.as_str(), "")).collect();
        rows(&rows_of)
    };
    directory.import(of(0..100), SNAPSHOT);
    let careful = Options { confirmed: false, ..SNAPSHOT };
    let error = plan(&directory.known, of(0..89), careful, Uuid::nil).expect_err("11 of 100");
    assert_eq!(error.reason, "MASS_DEACTIVATION");
    assert_eq!(
        error.message,
        "11 of 100 people (11 %) would be deactivated, over the limit of 10 %; confirm to go on"
    );
    assert_eq!(plan(&directory.known, of(0..90), careful, Uuid::nil).expect("10 of 100").leavers.len(), 10);
    assert_eq!(plan(&directory.known, of(0..10), SNAPSHOT, Uuid::nil).expect("confirmed").leavers.len(), 90);
}

prop_compose! {
    /// Any organisation, circles, strangers and doubles included.
    fn any_rows()(people in prop::collection::vec((0..12u8, 0..14u8, any::<bool>()), 1..30)) -> Reading {
        let mut reading = Reading::default();
        for (number, (person, manager, left)) in (2..).zip(people) {
            let manager = if manager == 13 { String::new() } else { manager.to_string() };
            let external_id = person.to_string();
            reading.take(number, &RawRow { external_id: &external_id, manager: &manager, left: left && number % 5 == 0, ..RawRow::default() });
        }
        reading
    }
}

proptest! {
    /// After any imports: managers are active people, chains are what following the managers gives, and the last
    /// import again changes nothing.
    #[test]
    fn the_directory_stays_sound(imports in prop::collection::vec((any_rows(), any::<bool>()), 1..5)) {
        let mut directory = Directory::default();
        for (reading, snapshot) in imports {
            let again = reading.clone();
            directory.import(reading, Options { snapshot, ..SNAPSHOT });
            prop_assert!(directory.import(again, DELTA).upserts.is_empty());
            for person in directory.known.iter().filter(|person| person.active) {
                let mut chain = Vec::new();
                let mut at = person.manager;
                while let Some(manager) = at {
                    let manager = directory.known.iter().find(|known| known.id == manager).expect("known");
                    prop_assert!(manager.active && chain.len() <= directory.known.len());
                    chain.push(manager.id);
                    at = manager.manager;
                }
                chain.truncate(lines::MAX_CHAIN);
                prop_assert_eq!(&person.chain, &chain);
            }
        }
    }
}
