//! Domain: what an import does to the directory: who comes, changes, leaves, and under whom they stand. Pure: the whole
//! directory and the whole import go in, everything to write comes out.

use super::{
    lines,
    row::{Facts, Problem, ProblemKind, Problems, Reading, Row},
};
use kernel::{Error, Result, Uuid};
use std::collections::HashMap;

/// A person as the directory has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) id: Uuid,
    pub(crate) external_id: String,
    pub(crate) facts: Facts,
    pub(crate) manager: Option<Uuid>,
    pub(crate) chain: Vec<Uuid>,
    pub(crate) active: bool,
}

/// How to treat the directory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// Whoever is not named has left.
    pub(crate) snapshot: bool,
    /// Go on however many leave.
    pub(crate) confirmed: bool,
    /// The largest share that may leave unconfirmed, in percent.
    pub(crate) max_percent: i64,
}

/// What an import does, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) rows: i64,
    pub(crate) created: i64,
    pub(crate) updated: i64,
    pub(crate) reactivated: i64,
    pub(crate) deactivated: i64,
    pub(crate) unchanged: i64,
    pub(crate) rejected: i64,
    pub(crate) active: i64,
}

/// Everything to write.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// People to add or to overwrite, all active.
    pub(crate) upserts: Vec<Known>,
    /// People who leave.
    pub(crate) leavers: Vec<Uuid>,
    /// Among the upserts, those who come back.
    pub(crate) returned: Vec<Uuid>,
    pub(crate) problems: Problems,
    pub(crate) summary: Summary,
}

/// A person during planning.
struct Entry<'k> {
    id: Uuid,
    external_id: String,
    facts: Facts,
    before: Option<&'k Known>,
    active: bool,
    /// The row that names the person: number and manager.
    row: Option<(i64, String)>,
}

/// Plans an import.
///
/// # Errors
/// `MASS_DEACTIVATION` when more leave than allowed.
pub(crate) fn plan(
    known: &[Known],
    reading: Reading,
    options: Options,
    mut new_id: impl FnMut() -> Uuid,
) -> Result<Plan> {
    let Reading { rows, problems, read, rejected, garbled, .. } = &reading;
    let mut plan = Plan { problems: problems.clone(), ..Plan::default() };
    plan.summary = Summary { rows: *read, rejected: *rejected, ..Summary::default() };
    let absent_left = options.snapshot && !garbled;
    if options.snapshot && *garbled {
        plan.problems.add(whole_file(
            ProblemKind::SnapshotIncomplete,
            "a row could not be read, so nobody was deactivated; correct the row and import again",
        ));
    }
    let mut entries: Vec<Entry<'_>> = known
        .iter()
        .map(|person| Entry {
            id: person.id,
            external_id: person.external_id.clone(),
            facts: person.facts.clone(),
            before: Some(person),
            active: person.active && (!absent_left || reading.names(&person.external_id)),
            row: None,
        })
        .collect();
    let mut index: HashMap<String, usize> =
        entries.iter().enumerate().map(|(i, entry)| (entry.external_id.clone(), i)).collect();
    for row in rows {
        apply(row, &mut entries, &mut index, &mut new_id);
    }
    leave(&entries, options, &mut plan)?;
    let managers = bind(&entries, &index, &mut plan.problems);
    write(&entries, &managers, &mut plan);
    Ok(plan)
}

fn whole_file(kind: ProblemKind, message: &str) -> Problem {
    Problem { row: 0, external_id: String::new(), kind, column: "", message: message.to_owned() }
}

/// Takes a row over into the person it names.
fn apply<'k>(
    row: &Row,
    entries: &mut Vec<Entry<'k>>,
    index: &mut HashMap<String, usize>,
    new_id: &mut impl FnMut() -> Uuid,
) {
    let place = index.get(&row.external_id).copied();
    match place.and_then(|place| entries.get_mut(place)) {
        Some(entry) if row.left => entry.active = false,
        Some(entry) => {
            entry.active = true;
            entry.facts.clone_from(&row.facts);
            entry.row = Some((row.number, row.manager.clone()));
        }
        // Nobody ever knew them.
        None if row.left => {}
        None => {
            index.insert(row.external_id.clone(), entries.len());
            entries.push(Entry {
                id: new_id(),
                external_id: row.external_id.clone(),
                facts: row.facts.clone(),
                before: None,
                active: true,
                row: Some((row.number, row.manager.clone())),
            });
        }
    }
}

/// Finds the leavers and refuses to let too many go.
fn leave(entries: &[Entry<'_>], options: Options, plan: &mut Plan) -> Result<()> {
    let was_active = |entry: &Entry<'_>| entry.before.is_some_and(|before| before.active);
    let before = count(entries.iter().filter(|entry| was_active(entry)));
    plan.leavers =
        entries.iter().filter(|entry| was_active(entry) && !entry.active).map(|entry| entry.id).collect();
    let leaving = count(plan.leavers.iter());
    if leaving > 0 && leaving * 100 > options.max_percent * before && !options.confirmed {
        let percent = leaving * 100 / before.max(1);
        let limit = options.max_percent;
        return Err(Error::precondition(
            "MASS_DEACTIVATION",
            format!(
                "{leaving} of {before} people ({percent} %) would be deactivated, over the limit of {limit} %; \
                 confirm to go on"
            ),
        )
        .with("leaving", leaving.to_string())
        .with("active", before.to_string()));
    }
    plan.summary.deactivated = leaving;
    Ok(())
}

/// Second pass: finds each person's manager among everybody, and cuts circles.
fn bind(
    entries: &[Entry<'_>],
    index: &HashMap<String, usize>,
    problems: &mut Problems,
) -> Vec<Option<usize>> {
    let by_id: HashMap<Uuid, usize> = entries.iter().enumerate().map(|(i, entry)| (entry.id, i)).collect();
    let stays = |place: &usize| entries.get(*place).is_some_and(|entry| entry.active);
    let mut managers = Vec::with_capacity(entries.len());
    for entry in entries {
        let manager = match &entry.row {
            _ if !entry.active => None,
            None => {
                let manager = entry.before.and_then(|before| before.manager);
                manager.and_then(|id| by_id.get(&id).copied()).filter(stays)
            }
            Some((_, manager)) if manager.is_empty() => None,
            Some((row, manager)) => match index.get(manager).copied() {
                Some(place) if stays(&place) => Some(place),
                Some(_) => {
                    let message =
                        format!("the manager {manager} leaves or has left; taken in without a manager");
                    problems.add(about(entry, *row, ProblemKind::ManagerLeft, message));
                    None
                }
                None => {
                    let message = format!("no person has the id {manager}; taken in without a manager");
                    problems.add(about(entry, *row, ProblemKind::ManagerUnknown, message));
                    None
                }
            },
        };
        managers.push(manager);
    }
    cut_circles(entries, &mut managers, problems);
    managers
}

/// The directory had no circle before, so each has somebody whom a row placed there: they lose their manager.
fn cut_circles(entries: &[Entry<'_>], managers: &mut [Option<usize>], problems: &mut Problems) {
    for place in lines::circles(managers) {
        if let (Some(entry), Some(manager)) = (entries.get(place), managers.get_mut(place))
            && let Some((row, name)) = &entry.row
        {
            let message = format!(
                "{} and its manager {name} stand above each other; taken in without a manager",
                entry.external_id
            );
            problems.add(about(entry, *row, ProblemKind::Cycle, message));
            *manager = None;
        }
    }
}

fn about(entry: &Entry<'_>, row: i64, kind: ProblemKind, message: String) -> Problem {
    Problem { row, external_id: entry.external_id.clone(), kind, column: "manager_id", message }
}

/// Compares each person with what was there before, and keeps what differs.
fn write(entries: &[Entry<'_>], managers: &[Option<usize>], plan: &mut Plan) {
    let id_of = |place: usize| entries.get(place).map(|entry| entry.id);
    for (place, entry) in entries.iter().enumerate().filter(|(_, entry)| entry.active) {
        let after = Known {
            id: entry.id,
            external_id: entry.external_id.clone(),
            facts: entry.facts.clone(),
            manager: managers.get(place).copied().flatten().and_then(id_of),
            chain: lines::chain(managers, place).into_iter().filter_map(id_of).collect(),
            active: true,
        };
        plan.summary.active += 1;
        match entry.before {
            Some(before) if *before == after => {
                plan.summary.unchanged += 1;
                continue;
            }
            Some(before) if !before.active => {
                plan.summary.reactivated += 1;
                plan.returned.push(after.id);
            }
            Some(before) if before.facts != after.facts || before.manager != after.manager => {
                plan.summary.updated += 1
            }
            // Only somebody further up changed.
            Some(_) => plan.summary.unchanged += 1,
            None => plan.summary.created += 1,
        }
        plan.upserts.push(after);
    }
}

fn count<T>(items: impl Iterator<Item = T>) -> i64 {
    i64::try_from(items.count()).unwrap_or(i64::MAX)
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
