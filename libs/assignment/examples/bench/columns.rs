//! People as plain columns of numbers, for a peer that scores them by itself.
//!
//! The file is a sequence of tables: a line `name rows columns`, then the numbers row by row as
//! little-endian 64 bits. Names are `capacity`, `{position}.{kind}.{column}` for criteria and
//! `rule{position}.{kind}.{column}` for rules. Unknown values and padding are [`UNKNOWN`].

use std::io::{BufWriter, Write};

use assignment::people::{Condition, Measure, Week};

use crate::invented::Invented;

const UNKNOWN: i64 = -1_000_000;

/// Rows of numbers.
type Table = Vec<Vec<i64>>;

pub(crate) fn dump(people: &Invented, path: &std::ffi::OsStr) -> std::io::Result<()> {
    let mut file = BufWriter::new(std::fs::File::create(path)?);
    let mut tables = vec![("capacity".to_owned(), column(&people.capacity, |&places| places))];
    for (at, criterion) in people.criteria.iter().enumerate() {
        let (kind, list) = measure(&criterion.measure);
        tables.push((format!("{at}.{kind}.weight"), vec![vec![criterion.weight]]));
        tables.extend(list.into_iter().map(|(name, table)| (format!("{at}.{kind}.{name}"), table)));
    }
    for (at, rule) in people.rules.iter().enumerate() {
        let (kind, list) = condition(&rule.condition);
        tables.extend(list.into_iter().map(|(name, table)| (format!("rule{at}.{kind}.{name}"), table)));
    }
    for (name, mut table) in tables {
        let columns = table.iter().map(Vec::len).max().unwrap_or(0);
        writeln!(file, "{name} {} {columns}", table.len())?;
        for row in &mut table {
            row.resize(columns, UNKNOWN);
            row.iter().try_for_each(|number| file.write_all(&number.to_le_bytes()))?;
        }
    }
    file.flush()
}

fn column<T>(values: &[T], number: impl Fn(&T) -> i64) -> Table {
    values.iter().map(|value| vec![number(value)]).collect()
}

fn known<T: Copy + Into<i64>>(values: &[Option<T>]) -> Table {
    column(values, |value| value.map_or(UNKNOWN, Into::into))
}

fn lists(values: &[Vec<u32>]) -> Table {
    values.iter().map(|list| list.iter().map(|&person| i64::from(person)).collect()).collect()
}

fn weeks(values: &[Week]) -> Table {
    let free = |week: &Week, slot: usize| week.common_minutes(&Week::from_slots([slot])) / Week::SLOT;
    values.iter().map(|week| (0..Week::SLOTS).map(|slot| free(week, slot)).collect()).collect()
}

fn vectors(values: &[Vec<u8>]) -> Table {
    values.iter().map(|vector| vector.iter().map(|&entry| i64::from(entry)).collect()).collect()
}

fn measure(measure: &Measure) -> (&'static str, Vec<(&'static str, Table)>) {
    match measure {
        Measure::Overlap { wanted, offered } => {
            let wanted = wanted.iter().map(|list| {
                let three =
                    |w: &assignment::people::Wanted| [w.skill.into(), w.level.into(), w.importance.into()];
                list.iter().flat_map(three).collect()
            });
            let offered = offered
                .iter()
                .map(|list| list.iter().flat_map(|o| [o.skill.into(), o.level.into()]).collect());
            ("overlap", vec![("wanted", wanted.collect()), ("offered", offered.collect())])
        }
        Measure::Window { mentee, mentor, low, high, span } => {
            let numbers = vec![vec![i64::from(*low), i64::from(*high), i64::from(*span)]];
            ("window", vec![("mentee", known(mentee)), ("mentor", known(mentor)), ("numbers", numbers)])
        }
        Measure::Equal { mentee, mentor } => {
            ("equal", vec![("mentee", known(mentee)), ("mentor", known(mentor))])
        }
        Measure::Table { mentee, mentor, permille } => (
            "table",
            vec![("mentee", known(mentee)), ("mentor", known(mentor)), ("numbers", permille.clone())],
        ),
        Measure::Closeness { mentee, mentor, range } => (
            "closeness",
            vec![
                ("mentee", vectors(mentee)),
                ("mentor", vectors(mentor)),
                ("numbers", vec![vec![(*range).into()]]),
            ],
        ),
        Measure::Availability { mentee, mentor, enough } => (
            "availability",
            vec![("mentee", weeks(mentee)), ("mentor", weeks(mentor)), ("numbers", vec![vec![*enough]])],
        ),
        Measure::Zone { mentee, mentor, span } => (
            "zone",
            vec![
                ("mentee", known(mentee)),
                ("mentor", known(mentor)),
                ("numbers", vec![vec![(*span).into()]]),
            ],
        ),
        Measure::MenteeWishes { wishes, depth } => {
            ("mentee_wishes", vec![("lists", lists(wishes)), ("numbers", vec![vec![(*depth).into()]])])
        }
        Measure::MentorWishes { wishes, depth } => {
            ("mentor_wishes", vec![("lists", lists(wishes)), ("numbers", vec![vec![(*depth).into()]])])
        }
        Measure::Rating { permille } => ("rating", vec![("mentor", known(permille))]),
    }
}

fn condition(condition: &Condition) -> (&'static str, Vec<(&'static str, Table)>) {
    match condition {
        Condition::Differ { mentee, mentor } => {
            ("differ", vec![("mentee", known(mentee)), ("mentor", known(mentor))])
        }
        Condition::Share { mentee, mentor } => {
            let bits = |set: &u64| set.cast_signed();
            ("share", vec![("mentee", column(mentee, bits)), ("mentor", column(mentor, bits))])
        }
        Condition::Ready { mentee, mentor } => {
            let ready = |&ready: &bool| i64::from(ready);
            ("ready", vec![("mentee", column(mentee, ready)), ("mentor", column(mentor, ready))])
        }
        Condition::Exclude { pairs } => {
            ("exclude", vec![("pairs", pairs.iter().map(|&(i, j)| vec![i.into(), j.into()]).collect())])
        }
    }
}
