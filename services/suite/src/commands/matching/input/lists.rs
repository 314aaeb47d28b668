//! Lists of pairs: locks, exclusions, the pairs of last time.

use super::{Names, Result, Table, What};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

/// What to do about people who are in no other file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It is a mistake.
    Refuse,
    /// They have left since, or had nobody: counted and passed over.
    Skip,
}

/// Pairs with the rows they stand in.
#[derive(Debug, Default)]
pub(crate) struct List {
    /// Where it was read from.
    pub(crate) file: PathBuf,
    /// The pairs, in the order of the file.
    pub(crate) pairs: Vec<(u32, u32)>,
    /// The row of each pair.
    pub(crate) row_of: HashMap<(u32, u32), u64>,
    /// Rows passed over because somebody in them has left.
    pub(crate) skipped: usize,
}

impl List {
    /// Reads `mentee,mentor`; other columns are passed over.
    pub(crate) fn read(file: &Path, mentees: &Names, mentors: &Names, missing: Missing) -> Result<Self> {
        let mut table = Table::open(file)?;
        let (from, to) = (table.column("mentee")?, table.column("mentor")?);
        let mut list = Self { file: file.to_owned(), ..Self::default() };
        while let Some(row) = table.next()? {
            if missing == Missing::Skip && row.bytes(to).is_empty() {
                continue;
            }
            let (mentee_id, mentor_id) = (row.id(from)?, row.id(to)?);
            let unknown = |side, id: &str| What::Unknown { side, id: id.to_owned() };
            let (mentee, mentor) =
                match (mentees.find(mentee_id.as_bytes()), mentors.find(mentor_id.as_bytes())) {
                    (Some(mentee), Some(mentor)) => (mentee, mentor),
                    _ if missing == Missing::Skip => {
                        list.skipped += 1;
                        continue;
                    }
                    (None, _) => return Err(row.wrong(from, unknown("mentee", mentee_id))),
                    (_, None) => return Err(row.wrong(to, unknown("mentor", mentor_id))),
                };
            if let Some(first) = list.row_of.insert((mentee, mentor), row.number()) {
                let record = format!("the pair of {mentee_id} and {mentor_id}");
                return Err(row.wrong(to, What::Twice { record, first }));
            }
            list.pairs.push((mentee, mentor));
        }
        Ok(list)
    }

    /// The row of the pair at a position.
    pub(crate) fn row(&self, pair: (u32, u32)) -> u64 {
        self.row_of.get(&pair).copied().unwrap_or(0)
    }
}
