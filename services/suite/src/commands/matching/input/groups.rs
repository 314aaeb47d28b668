//! Groups of mentees and the least mean score of each.

use super::{BadInput, Names, Result, Table, What};
use assignment::Floors;
use std::path::{Path, PathBuf};

/// Groups with their floors.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    /// Where the floors were read from.
    pub(crate) file: PathBuf,
    /// The groups that have a floor.
    pub(crate) names: Names,
    /// Who is in which, and what each needs.
    pub(crate) floors: Floors,
}

impl Groups {
    /// Reads `mentee,group` and `group,floor`. Mentees without a row, or in a group without a floor, are in nobody's
    /// group.
    pub(crate) fn read(groups: &Path, floors: &Path, mentees: &Names) -> Result<Self> {
        let (names, floor, rows) = read_floors(floors)?;
        let group_of = read_groups(groups, &names, mentees)?;
        for (group, row) in (0u32..).zip(rows) {
            if !group_of.contains(&Some(group)) {
                let what = What::NoMember(names.text(group).to_owned());
                return Err(BadInput::cell(floors, row, "group", what));
            }
        }
        Ok(Self { file: floors.to_owned(), names, floors: Floors { group_of, floor } })
    }

    /// How many mentees are in a group.
    pub(crate) fn members(&self, group: usize) -> usize {
        self.floors.group_of.iter().filter(|of| of.is_some_and(|of| of as usize == group)).count()
    }
}

fn read_floors(file: &Path) -> Result<(Names, Vec<i64>, Vec<u64>)> {
    let mut table = Table::open(file)?;
    let (group, floor) = (table.column("group")?, table.column("floor")?);
    let (mut names, mut floors, mut rows) = (Names::default(), Vec::new(), Vec::<u64>::new());
    while let Some(row) = table.next()? {
        let id = row.id(group)?;
        if let Err(known) = names.insert(id) {
            let first = rows.get(known as usize).copied().unwrap_or(0);
            return Err(row.wrong(group, What::Twice { record: format!("group `{id}`"), first }));
        }
        let least = row.whole(floor)?;
        if least < 0 {
            let what = What::PastRange { text: least.to_string(), least: 0, most: i64::MAX };
            return Err(row.wrong(floor, what));
        }
        floors.push(least);
        rows.push(row.number());
    }
    if rows.is_empty() {
        return Err(BadInput::file(file, What::Empty("group")));
    }
    Ok((names, floors, rows))
}

fn read_groups(file: &Path, names: &Names, mentees: &Names) -> Result<Vec<Option<u32>>> {
    let mut table = Table::open(file)?;
    let (who, group) = (table.column("mentee")?, table.column("group")?);
    let mut group_of = vec![None; mentees.len()];
    let mut rows = vec![0u64; mentees.len()];
    while let Some(row) = table.next()? {
        let id = row.id(who)?;
        let Some(mentee) = mentees.find(id.as_bytes()) else {
            return Err(row.wrong(who, What::Unknown { side: "mentee", id: id.to_owned() }));
        };
        let first = std::mem::replace(&mut rows[mentee as usize], row.number());
        if first > 0 {
            return Err(row.wrong(who, What::Twice { record: format!("mentee `{id}`"), first }));
        }
        group_of[mentee as usize] = names.find(row.bytes(group));
    }
    Ok(group_of)
}
