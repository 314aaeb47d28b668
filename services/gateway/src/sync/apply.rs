//! Takes one page of a run in: checks each record, compares it with what was known, writes and tells what changed.

use super::{
    connector::Page,
    employee::{Employee, Fault, MAX_ID, Said, shown},
    run::Run,
    source::Source,
    store::{
        employees::{self, Known, Written},
        told::{self, Change},
    },
};
use crate::events;
use kernel::{Error, Result};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use storage::Tx;

/// Whom the pages of a run named so far, with the row, or [`LEFT_OUT`].
pub(crate) type Seen = HashMap<String, i64>;

/// The row of those whom only a record named that was left out: not absent, and not taken either.
const LEFT_OUT: i64 = -1;

/// Adds those whom a page named.
pub(crate) fn remember(seen: &mut Seen, named: Vec<(String, i64)>) {
    for (id, row) in named {
        seen.entry(id).and_modify(|first| *first = row.max(*first)).or_insert(row);
    }
}

/// The records of a page, sorted out.
#[derive(Default)]
struct Sorted {
    here: Vec<Employee>,
    named: Vec<(String, i64)>,
    gone: Vec<String>,
    faults: Vec<Fault>,
}

/// Takes a page in within the transaction, counts in the run; whom it named.
pub(crate) async fn page(
    tx: &mut Tx,
    source: &Source,
    run: &mut Run,
    seen: &Seen,
    page: Page,
) -> Result<Vec<(String, i64)>> {
    let records = page.records.len() + page.faults.iter().filter(|fault| fault.rejected).count();
    run.counts.read += i64::try_from(records).unwrap_or(i64::MAX);
    run.counts.total = page.total.unwrap_or(run.counts.total);
    let sorted = sort(source, seen, page);
    tell(tx, run, sorted.faults).await?;
    take(tx, source, run, &sorted.here).await?;
    told::add_page(tx, run.id, run.pages, &sorted.named, &sorted.gone).await?;
    run.pages += 1;
    Ok(sorted.named)
}

/// Keeps faults, as long as there is room, and counts them.
pub(crate) async fn tell(tx: &mut Tx, run: &mut Run, faults: Vec<Fault>) -> Result<()> {
    let mut kept = Vec::new();
    for fault in faults {
        if run.count(&fault) {
            kept.push((run.counts.errors, fault));
        }
    }
    told::add_errors(tx, run.id, &kept).await
}

fn sort(source: &Source, seen: &Seen, page: Page) -> Sorted {
    let mut sorted = Sorted::default();
    let mut own: Seen = HashMap::new();
    for fault in page.faults {
        // Who is named in a row that was left out is not absent.
        if fault.rejected && !fault.external_id.is_empty() {
            own.insert(fault.external_id.clone(), LEFT_OUT);
        }
        sorted.faults.push(fault);
    }
    for record in page.records {
        let (row, raw, id) = (record.row, record.raw.clone(), shown(&record.external_id));
        let before = seen.get(&id).max(own.get(&id)).copied();
        let double = before.filter(|row| *row != LEFT_OUT && !id.is_empty());
        let said = match (double, record.check()) {
            (Some(first), _) => Err(Box::new(Fault {
                field: "external_id".to_owned(),
                message: match first {
                    0 => "the id was sent before in this run; this record was left out".to_owned(),
                    first => format!("the id stood in row {first}; this row was left out"),
                },
                ..Fault::default()
            })),
            (None, Ok(Said::Here(employee))) => fits(source, &employee).map(|()| Said::Here(employee)),
            (None, said) => said,
        };
        if !id.is_empty() && !said.as_ref().is_err_and(|fault| fault.unknown) {
            remember(&mut own, vec![(id.clone(), row)]);
        }
        match said {
            Ok(Said::Here(employee)) => sorted.here.push(*employee),
            Ok(Said::Left(id)) => sorted.gone.push(id),
            Err(fault) => {
                sorted.faults.push(Fault { row, external_id: id, rejected: true, raw, ..*fault });
            }
        }
    }
    // A leaver is not here, whatever else the page says of them.
    own.retain(|id, _| !sorted.gone.contains(id));
    sorted.named = own.into_iter().collect();
    sorted
}

/// Whether the ids fit the directory with the source's prefix before them.
fn fits(source: &Source, employee: &Employee) -> Result<(), Box<Fault>> {
    let most = MAX_ID.saturating_sub(source.id_prefix.chars().count());
    let long = [("external_id", &employee.external_id), ("manager", &employee.manager)]
        .into_iter()
        .find(|(_, id)| id.chars().count() > most);
    match long {
        None => Ok(()),
        Some((field, _)) => {
            let message =
                format!("has more than {most} characters, which the prefix {} leaves", source.id_prefix);
            Err(Box::new(Fault { field: field.to_owned(), message, ..Fault::default() }))
        }
    }
}

/// Writes whoever is new or changed, and tells of them; in a dry run only says so.
async fn take(tx: &mut Tx, source: &Source, run: &mut Run, here: &[Employee]) -> Result<()> {
    let ids: Vec<String> = here.iter().map(|employee| employee.external_id.clone()).collect();
    let known = employees::known(tx, source.id, &ids).await?;
    let known: HashMap<&str, &Known> =
        known.iter().map(|known| (known.external_id.as_str(), known)).collect();
    let (mut written, mut changes) = (Vec::new(), Vec::new());
    for employee in here {
        let hash = hash(&source.id_prefix, employee)?;
        let before = known.get(employee.external_id.as_str());
        let kind = match before {
            None => {
                run.counts.created += 1;
                "comes"
            }
            Some(before) if !before.active => {
                run.counts.reactivated += 1;
                "returns"
            }
            Some(before) if before.hash != hash => {
                run.counts.updated += 1;
                "changes"
            }
            Some(_) => {
                run.counts.unchanged += 1;
                continue;
            }
        };
        let person = before.map_or_else(|| tx.new_id(), |before| before.person);
        changes.push((kind, employee));
        written.push(Written { person, employee, hash });
    }
    if run.dry {
        let changes = described(tx, source, &changes).await?;
        return told::add_changes(tx, run.id, &changes).await;
    }
    employees::upsert(tx, source.id, &written).await?;
    for one in &written {
        events::employee_provisioned(tx, one.person, &source.id_prefix, one.employee.clone());
    }
    Ok(())
}

/// What is told of an employee, as 32 bytes.
fn hash(prefix: &str, employee: &Employee) -> Result<[u8; 32]> {
    let mut hash = Sha256::new();
    hash.update(prefix);
    hash.update([0]);
    hash.update(serde_json::to_vec(employee).map_err(Error::internal)?);
    Ok(hash.finalize().into())
}

/// Changes with the fields that they are in.
async fn described(tx: &mut Tx, source: &Source, changes: &[(&str, &Employee)]) -> Result<Vec<Change>> {
    let ids: Vec<String> = changes.iter().map(|(_, employee)| employee.external_id.clone()).collect();
    let before = employees::said(tx, source.id, &ids).await?;
    let before: HashMap<&str, &Employee> = before.iter().map(|one| (one.external_id.as_str(), one)).collect();
    let describe = |(kind, after): &(&str, &Employee)| {
        let fields = match before.get(after.external_id.as_str()) {
            Some(before) => differing(before, after)?,
            None => Vec::new(),
        };
        Ok(Change { external_id: after.external_id.clone(), kind: (*kind).to_owned(), fields })
    };
    changes.iter().map(describe).collect()
}

fn differing(before: &Employee, after: &Employee) -> Result<Vec<String>> {
    let object = |employee| serde_json::to_value(employee).map_err(Error::internal);
    let (before, after) = (object(before)?, object(after)?);
    let fields = after.as_object().into_iter().flatten();
    let differs = |(name, value): &(&String, &Value)| before.get(name.as_str()) != Some(*value);
    Ok(fields.filter(differs).map(|(name, _)| name.clone()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn employee(unit: &str) -> Employee {
        Employee { external_id: "7".into(), unit: unit.into(), ..Employee::default() }
    }

    #[test]
    fn what_differs_is_named() {
        assert_eq!(differing(&employee("Tax"), &employee("Law")).expect("comparable"), ["unit"]);
        assert!(differing(&employee("Tax"), &employee("Tax")).expect("comparable").is_empty());
    }

    #[test]
    fn a_hash_tells_states_and_prefixes_apart() {
        let of = |prefix, unit| hash(prefix, &employee(unit)).expect("hashable");
        assert_eq!(of("", "Tax"), of("", "Tax"));
        assert_ne!(of("", "Tax"), of("", "Law"));
        assert_ne!(of("", "Tax"), of("a-", "Tax"));
    }
}
