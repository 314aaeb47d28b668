//! Skills in fields, with levels, importance and synonyms.

use super::{
    super::input::{Result, Table, What, whole},
    values::items,
};
use assignment::people::{Offered, Wanted};
use std::{collections::HashMap, path::Path};

/// Skills as numbers. Case does not matter.
#[derive(Default)]
pub(super) struct Skills {
    number: HashMap<String, u32>,
    /// What to call each.
    pub(super) labels: Vec<String>,
}

impl Skills {
    /// The skills of a file with the columns `label` and `alt_labels`. Where two skills share a synonym, the first
    /// has it; a label is never a synonym of another.
    pub(super) fn read(file: &Path) -> Result<Self> {
        let mut table = Table::open(file)?;
        let (label, alternatives) = (table.column("label")?, table.column("alt_labels")?);
        let (mut skills, mut synonyms) = (Self::default(), Vec::new());
        while let Some(row) = table.next()? {
            let number = skills.number(row.id(label)?);
            let others = row.text(alternatives)?.split('|').map(str::trim).filter(|text| !text.is_empty());
            synonyms.extend(others.map(|text| (text.to_lowercase(), number)));
        }
        for (text, number) in synonyms {
            skills.number.entry(text).or_insert(number);
        }
        Ok(skills)
    }

    fn number(&mut self, label: &str) -> u32 {
        let next = self.labels.len() as u32;
        let number = *self.number.entry(label.to_lowercase()).or_insert(next);
        if number == next {
            self.labels.push(label.to_owned());
        }
        number
    }

    /// `budgeting:3*2; statistics`. A skill named twice counts with the higher level and importance.
    pub(super) fn wanted(&mut self, text: &str) -> std::result::Result<Vec<Wanted>, What> {
        let mut wanted: Vec<Wanted> = Vec::new();
        for item in items(text) {
            let (item, importance) = split(item, '*', i64::from(u16::MAX))?;
            let (label, level) = split(item, ':', i64::from(u8::MAX))?;
            let (skill, level, importance) = (self.number(label), level as u8, importance as u16);
            match wanted.iter_mut().find(|known| known.skill == skill) {
                Some(known) => {
                    (known.level, known.importance) =
                        (known.level.max(level), known.importance.max(importance));
                }
                None => wanted.push(Wanted { skill, level, importance }),
            }
        }
        Ok(wanted)
    }

    /// `budgeting:4; statistics:2`. A skill named twice counts with the higher level.
    pub(super) fn offered(&mut self, text: &str) -> std::result::Result<Vec<Offered>, What> {
        let mut offered: Vec<Offered> = Vec::new();
        for item in items(text) {
            let (label, level) = split(item, ':', i64::from(u8::MAX))?;
            let (skill, level) = (self.number(label), level as u8);
            match offered.iter_mut().find(|known| known.skill == skill) {
                Some(known) => known.level = known.level.max(level),
                None => offered.push(Offered { skill, level }),
            }
        }
        Ok(offered)
    }
}

/// A number from 1 behind a sign; 1 where there is none. What is no number belongs to the name.
fn split(item: &str, sign: char, most: i64) -> std::result::Result<(&str, i64), What> {
    match item.rsplit_once(sign) {
        Some((label, number)) if number.trim().parse::<f64>().is_ok() => {
            Ok((label.trim(), whole(number.trim(), 1, most)?))
        }
        _ => Ok((item, 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_importance_stand_behind_the_name() {
        let mut skills = Skills::default();
        let wanted = skills.wanted("budgeting:3*2; C++ (ISO: 14882); Budgeting:4").expect("skills");
        assert_eq!(skills.labels, ["budgeting", "C++ (ISO: 14882)"]);
        let numbers: Vec<_> = wanted.iter().map(|w| (w.skill, w.level, w.importance)).collect();
        assert_eq!(numbers, [(0, 4, 2), (1, 1, 1)]);
        for wrong in ["budgeting:0", "budgeting:NaN", "budgeting:256", "budgeting*1.5", "budgeting*99999"] {
            assert!(skills.wanted(wrong).is_err(), "{wrong}");
        }
    }
}
