//! Scored pairs and the mentors' places.

use super::{BadInput, Names, Result, Table, What};
use assignment::Pair;
use std::path::Path;

/// The mentors with their places.
#[derive(Debug)]
pub(crate) struct Mentors {
    /// Their ids.
    pub(crate) names: Names,
    /// The places of each.
    pub(crate) capacity: Vec<i64>,
}

impl Mentors {
    /// Reads `mentor,capacity`.
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let mut table = Table::open(file)?;
        let (mentor, places) = (table.column("mentor")?, table.column("capacity")?);
        let (mut names, mut capacity, mut rows) = (Names::default(), Vec::new(), Vec::new());
        while let Some(row) = table.next()? {
            let id = row.id(mentor)?;
            if let Err(known) = names.insert(id) {
                let first = rows.get(known as usize).copied().unwrap_or(0);
                return Err(row.wrong(mentor, What::Twice { record: format!("mentor `{id}`"), first }));
            }
            match row.whole(places)? {
                value if value <= 0 => return Err(row.wrong(places, What::NotPositive(value))),
                value => capacity.push(value),
            }
            rows.push(row.number());
        }
        if capacity.is_empty() {
            return Err(BadInput::file(file, What::Empty("mentor")));
        }
        Ok(Self { names, capacity })
    }
}

/// The pairs with their scores. The mentees are those who stand in one.
#[derive(Debug)]
pub(crate) struct Pairs {
    /// The mentees' ids.
    pub(crate) mentees: Names,
    /// The pairs in the order of the file.
    pub(crate) pairs: Vec<Pair>,
    /// The row of each pair.
    pub(crate) rows: Vec<u32>,
}

impl Pairs {
    /// Reads `mentee,mentor,score`.
    pub(crate) fn read(file: &Path, mentors: &Names) -> Result<Self> {
        let mut table = Table::open(file)?;
        let (from, to) = (table.column("mentee")?, table.column("mentor")?);
        let points = table.column("score")?;
        let (mut mentees, mut pairs, mut rows) = (Names::default(), Vec::new(), Vec::new());
        // Files usually list a mentee's pairs together.
        let mut last: Option<u32> = None;
        while let Some(row) = table.next()? {
            let id = row.bytes(from);
            let mentee = match last.filter(|&last| mentees.text(last).as_bytes() == id) {
                Some(last) => last,
                None => match mentees.find(id) {
                    Some(known) => known,
                    None => mentees.intern(row.id(from)?),
                },
            };
            last = Some(mentee);
            let Some(mentor) = mentors.find(row.bytes(to)) else {
                return Err(row.wrong(to, What::Unknown { side: "mentor", id: row.id(to)?.to_owned() }));
            };
            pairs.push(Pair { mentee, mentor, score: row.whole(points)? });
            rows.push(u32::try_from(row.number()).unwrap_or(u32::MAX));
        }
        if pairs.is_empty() {
            return Err(BadInput::file(file, What::Empty("pair")));
        }
        Ok(Self { mentees, pairs, rows })
    }

    /// The rows of a pair.
    pub(crate) fn rows_of(&self, mentee: u32, mentor: u32) -> Vec<u64> {
        let same = |pair: &Pair| pair.mentee == mentee && pair.mentor == mentor;
        let found = self.pairs.iter().zip(&self.rows).filter(|(pair, _)| same(pair));
        found.map(|(_, row)| u64::from(*row)).collect()
    }
}
