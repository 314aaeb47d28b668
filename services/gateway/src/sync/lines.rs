//! Domain: reporting lines inside one file: who comes first, and circles. Pure.

use super::employee::{Fault, Record};
use std::collections::HashMap;

/// Puts managers before those who report to them, so that each finds theirs there already; cuts circles. In a whole file
/// a manager who is not in it is told. The order is the same for the same records.
pub(crate) fn top_down(records: Vec<Record>, whole: bool) -> (Vec<Record>, Vec<Fault>) {
    let mut faults = Vec::new();
    let mut managers = bind(&records, whole, &mut faults);
    let depths = depths(&records, &mut managers, &mut faults);
    let mut sorted: Vec<(u32, Record)> = depths.into_iter().zip(records).collect();
    for (manager, (_, record)) in managers.iter().zip(&mut sorted) {
        if *manager == Manager::Cut {
            record.manager.clear();
        }
    }
    sorted.sort_by_key(|(depth, _)| *depth);
    (sorted.into_iter().map(|(_, record)| record).collect(), faults)
}

/// Somebody's manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manager {
    /// Nobody, or nobody in the file.
    None,
    /// This record.
    At(usize),
    /// Taken away, since they would stand above each other.
    Cut,
}

fn bind(records: &[Record], whole: bool, faults: &mut Vec<Fault>) -> Vec<Manager> {
    let index: HashMap<&str, usize> =
        records.iter().enumerate().map(|(place, record)| (record.external_id.trim(), place)).collect();
    let mut managers = Vec::with_capacity(records.len());
    for record in records {
        let name = record.manager.trim();
        let place = index.get(name).copied().filter(|_| !name.is_empty() && !record.left);
        let manager = place.and_then(|place| records.get(place).map(|manager| (place, manager.left)));
        managers.push(match manager {
            _ if name == record.external_id.trim() => Manager::None,
            Some((place, false)) => Manager::At(place),
            Some((_, true)) => {
                faults.push(about(record, format!("the manager {name} has left by row of the same file")));
                Manager::None
            }
            None if whole && !name.is_empty() && !record.left => {
                faults.push(about(
                    record,
                    format!("the manager {name} is not in the file; bound when they come"),
                ));
                Manager::None
            }
            None => Manager::None,
        });
    }
    managers
}

/// How many managers stand above each.
fn depths(records: &[Record], managers: &mut [Manager], faults: &mut Vec<Fault>) -> Vec<u32> {
    let mut depths: Vec<Option<u32>> = vec![None; records.len()];
    let mut path = Vec::new();
    let mut on_path = vec![false; records.len()];
    for start in 0..records.len() {
        let mut at = Some(start);
        // Upwards to somebody whose depth is known, to the top, or round to the path itself.
        while let Some(place) = at.filter(|place| depths.get(*place).is_some_and(Option::is_none)) {
            if let Some(on_path) = on_path.get_mut(place) {
                *on_path = true;
            }
            path.push(place);
            at = match managers.get(place) {
                Some(Manager::At(above)) if on_path.get(*above) == Some(&true) => {
                    if let (Some(manager), Some(record)) = (managers.get_mut(place), records.get(place)) {
                        *manager = Manager::Cut;
                        let text = format!(
                            "{} and the manager {} stand above each other; taken in without a manager",
                            record.external_id.trim(),
                            record.manager.trim()
                        );
                        faults.push(about(record, text));
                    }
                    None
                }
                Some(Manager::At(above)) => Some(*above),
                _ => None,
            };
        }
        while let Some(place) = path.pop() {
            let above = match managers.get(place) {
                Some(Manager::At(above)) => depths.get(*above).copied().flatten(),
                _ => None,
            };
            if let (Some(depth), Some(on_path)) = (depths.get_mut(place), on_path.get_mut(place)) {
                *depth = Some(above.map_or(0, |above| above + 1));
                *on_path = false;
            }
        }
    }
    depths.into_iter().map(Option::unwrap_or_default).collect()
}

fn about(record: &Record, message: String) -> Fault {
    Fault {
        row: record.row,
        external_id: super::employee::shown(&record.external_id),
        field: "manager".to_owned(),
        message: message.chars().filter(|c| !c.is_control()).take(500).collect(),
        ..Fault::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record(id: &str, manager: &str) -> Record {
        Record { external_id: id.into(), manager: manager.into(), ..Record::default() }
    }

    fn ids(records: &[Record]) -> Vec<&str> {
        records.iter().map(|record| record.external_id.as_str()).collect()
    }

    #[test]
    fn managers_come_first() {
        let file =
            vec![record("c", "b"), record("b", "a"), record("d", "a"), record("a", ""), record("e", "gone")];
        let (sorted, faults) = top_down(file.clone(), true);
        assert_eq!(ids(&sorted), ["a", "e", "b", "d", "c"]);
        assert_eq!(faults.iter().map(|fault| fault.external_id.as_str()).collect::<Vec<_>>(), ["e"]);
        assert!(top_down(file, false).1.is_empty());
    }

    #[test]
    fn a_circle_is_cut_once_and_told() {
        let file =
            vec![record("a", "b"), record("b", "c"), record("c", "a"), record("d", "a"), record("e", "e")];
        let (sorted, faults) = top_down(file, true);
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].message.contains("stand above each other"));
        let free: Vec<&str> =
            sorted.iter().filter(|r| r.manager.is_empty()).map(|r| r.external_id.as_str()).collect();
        assert_eq!(free, [faults[0].external_id.as_str()]);
    }

    proptest! {
        /// Whatever the lines, everybody is there once, and everybody with a manager comes after them.
        #[test]
        fn whoever_has_a_manager_comes_after_them(managers in prop::collection::vec(0usize..30, 0..30)) {
            let file: Vec<Record> =
                managers.iter().enumerate().map(|(id, manager)| record(&id.to_string(), &manager.to_string())).collect();
            let (sorted, _) = top_down(file.clone(), true);
            prop_assert_eq!(sorted.len(), file.len());
            let place: HashMap<&str, usize> =
                sorted.iter().enumerate().map(|(place, record)| (record.external_id.as_str(), place)).collect();
            prop_assert_eq!(place.len(), file.len());
            for (at, record) in sorted.iter().enumerate() {
                if let Some(manager) = place.get(record.manager.as_str()) {
                    prop_assert!(*manager < at || record.manager == record.external_id);
                }
            }
        }
    }
}
