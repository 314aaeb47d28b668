//! From columns of the files to the engine's rules.

use super::{
    super::input::{List, Missing, Result, Sheet},
    columns::categories,
    line,
    scheme::{Both, Entry, Rule as Written, RuleKind, Scheme, beside},
    values,
};
use assignment::people::{Condition, Rule};
use std::{collections::HashMap, path::Path};

/// A set has so many bits.
const MOST_VALUES: usize = 64;

/// Reads every rule from the columns it names.
pub(super) fn rules(file: &Path, scheme: &Scheme, mentees: &Sheet, mentors: &Sheet) -> Result<Vec<Rule>> {
    let rule = |entry: &Entry<Written>| {
        let condition = condition(file, entry, mentees, mentors)?;
        Ok(Rule { name: entry.value.name.clone(), condition })
    };
    scheme.rules.iter().map(rule).collect()
}

fn condition(file: &Path, entry: &Entry<Written>, mentees: &Sheet, mentors: &Sheet) -> Result<Condition> {
    let columns = |both: &Both| -> Result<(usize, usize)> {
        Ok((mentees.column(&both.mentee)?, mentors.column(&both.mentor)?))
    };
    Ok(match &entry.value.kind {
        RuleKind::Differ(both) => {
            let (from, to) = columns(both)?;
            let (mentee, mentor) = categories(mentees, from, mentors, to)?;
            Condition::Differ { mentee, mentor }
        }
        RuleKind::Share(both) => {
            let (from, to) = columns(both)?;
            share(file, entry, mentees, from, mentors, to)?
        }
        RuleKind::Ready(both) => {
            let (from, to) = columns(both)?;
            Condition::Ready {
                mentee: mentees.map(from, values::yes)?,
                mentor: mentors.map(to, values::yes)?,
            }
        }
        RuleKind::ReportingLine { manager, organisation, id, levels } => {
            let organisation = organisation.as_ref().map(|named| beside(file, named));
            let id = id.as_deref().unwrap_or("id");
            let chart = line::Chart::read(organisation.as_deref(), id, manager, mentees, mentors)?;
            let pairs = chart.pairs(&mentees.ids, &mentors.ids, levels.unwrap_or(usize::MAX));
            Condition::Exclude { pairs }
        }
        RuleKind::NotListed { file: named } => {
            let list = List::read(&beside(file, named), &mentees.ids, &mentors.ids, Missing::Skip)?;
            Condition::Exclude { pairs: list.pairs }
        }
    })
}

fn share(
    file: &Path,
    entry: &Entry<Written>,
    mentees: &Sheet,
    from: usize,
    mentors: &Sheet,
    to: usize,
) -> Result<Condition> {
    let mut codes: HashMap<String, usize> = HashMap::new();
    let mut sets = |text: &str| {
        let mut set = Vec::new();
        for item in values::items(text) {
            let next = codes.len();
            set.push(*codes.entry(item.to_owned()).or_insert(next));
        }
        Ok(set)
    };
    let (wanted, had) = (mentees.map(from, &mut sets)?, mentors.map(to, &mut sets)?);
    if codes.len() > MOST_VALUES {
        let reason = format!("{} different values, of which at most {MOST_VALUES} are possible", codes.len());
        return Err(entry.wrong(file, &format!("rule {}", entry.value.name), reason));
    }
    let bits = |sets: Vec<Vec<usize>>| {
        sets.iter().map(|set| set.iter().fold(0u64, |bits, value| bits | 1 << value)).collect()
    };
    Ok(Condition::Share { mentee: bits(wanted), mentor: bits(had) })
}
