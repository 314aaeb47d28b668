//! The reporting line: who is above whom.

use super::super::input::{Names, Result, Sheet};
use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

/// Who reports to whom.
pub(super) struct Chart {
    manager: HashMap<String, String>,
}

impl Chart {
    /// Reads it from the file of the organisation, or from the mentees and mentors themselves.
    pub(super) fn read(
        organisation: Option<&Path>,
        id: &str,
        manager: &str,
        mentees: &Sheet,
        mentors: &Sheet,
    ) -> Result<Self> {
        let mut chart = Self { manager: HashMap::new() };
        match organisation {
            Some(file) => chart.add(&Sheet::read(file, id, "person")?, manager)?,
            None => {
                chart.add(mentees, manager)?;
                chart.add(mentors, manager)?;
            }
        }
        Ok(chart)
    }

    fn add(&mut self, people: &Sheet, manager: &str) -> Result<()> {
        let column = people.column(manager)?;
        for person in 0..people.len() {
            let above = people.cell(person, column);
            if !above.is_empty() {
                self.manager.insert(people.ids.text(person as u32).to_owned(), above.to_owned());
            }
        }
        Ok(())
    }

    /// Pairs of which one is above the other, up to so many levels.
    pub(super) fn pairs(&self, mentees: &Names, mentors: &Names, levels: usize) -> Vec<(u32, u32)> {
        let mut pairs = Vec::new();
        for mentee in 0..mentees.len() as u32 {
            let own = mentees.text(mentee);
            let above = self.above(own, levels).into_iter().chain([own]);
            pairs.extend(above.filter_map(|id| Some((mentee, mentors.find(id.as_bytes())?))));
        }
        for mentor in 0..mentors.len() as u32 {
            let above = self.above(mentors.text(mentor), levels).into_iter();
            pairs.extend(above.filter_map(|id| Some((mentees.find(id.as_bytes())?, mentor))));
        }
        pairs
    }

    /// The managers above somebody; a circle ends where it closes.
    fn above<'a>(&'a self, id: &'a str, levels: usize) -> Vec<&'a str> {
        let (mut above, mut seen, mut at) = (Vec::new(), HashSet::from([id]), id);
        while above.len() < levels
            && let Some(manager) = self.manager.get(at)
            && seen.insert(manager)
        {
            above.push(manager.as_str());
            at = manager;
        }
        above
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(ids: &[&str]) -> Names {
        let mut names = Names::default();
        ids.iter().for_each(|id| {
            names.intern(id);
        });
        names
    }

    #[test]
    fn both_directions_and_oneself_are_found() {
        let manager = [("a", "b"), ("b", "c"), ("c", "a"), ("d", "e")];
        let manager = manager.map(|(id, above)| (id.to_owned(), above.to_owned())).into();
        let chart = Chart { manager };
        let mut pairs = chart.pairs(&names(&["a", "d"]), &names(&["b", "c", "d", "x"]), usize::MAX);
        pairs.sort_unstable();
        pairs.dedup();
        // The circle of a, b and c ends; d is d's own mentor in no case.
        assert_eq!(pairs, [(0, 0), (0, 1), (1, 2)]);
        assert_eq!(chart.pairs(&names(&["a"]), &names(&["c"]), 1), [(0, 0)]);
    }
}
