//! The sparse criteria turned round: for each row, the few columns they bring something.

use std::collections::BTreeMap;

use super::criteria::{importance, rank_points, skill_points};
use super::side::Side;
use super::{Condition, Measure, People, Wanted};
use crate::plan::Plan;

/// What skills, wishes, today's pairs and exclusions have to say about the columns of each row.
#[derive(Debug)]
pub(crate) struct Touching<'p> {
    people: &'p People,
    side: Side,
    overlaps: Vec<Overlap>,
    /// Points that wishes and the keep bonus bring.
    wishes: Lists<(u32, i64)>,
    /// Positions of excluded and forbidden columns, ascending.
    excluded: Lists<u32>,
    /// The most that all of it can bring a pair.
    pub(crate) most: i64,
}

/// For one overlap criterion, the columns by skill.
#[derive(Debug)]
struct Overlap {
    criterion: usize,
    skills: BTreeMap<u32, Vec<Segment>>,
    positions: Vec<u32>,
}

/// Columns that a skill gives the same points in any row: where their positions are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Segment {
    entry: Entry,
    from: usize,
    to: usize,
}

/// What the columns of a segment want, or offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    level: u8,
    /// As wanted by a mentee, with the sum of all its importances; 0 for a mentor.
    importance: u16,
    total: i64,
}

/// Lists by row in one piece.
#[derive(Debug)]
struct Lists<T> {
    start: Vec<u32>,
    entries: Vec<T>,
}

impl<T: Copy + Default> Lists<T> {
    fn new(rows: usize, entries: &[(u32, T)]) -> Self {
        let mut start = vec![0u32; rows + 1];
        entries.iter().for_each(|&(row, _)| start[row as usize + 1] += 1);
        for row in 0..rows {
            start[row + 1] += start[row];
        }
        let mut next = start.clone();
        let mut sorted = vec![T::default(); entries.len()];
        for &(row, entry) in entries {
            sorted[next[row as usize] as usize] = entry;
            next[row as usize] += 1;
        }
        Self { start, entries: sorted }
    }

    fn of(&self, row: u32) -> &[T] {
        &self.entries[self.start[row as usize] as usize..self.start[row as usize + 1] as usize]
    }
}

/// The position of a column that takes no part, and the column at a slot that is left over.
pub(crate) const ABSENT: u32 = u32::MAX;

impl<'p> Touching<'p> {
    /// `position` of each column: its slot in the layout.
    pub(crate) fn new(people: &'p People, plan: &Plan, side: Side, position: &[u32]) -> Self {
        let overlaps = (0..people.criteria.len())
            .filter_map(|at| match &people.criteria[at].measure {
                Measure::Overlap { wanted, offered } => Some(match side {
                    Side::Mentees => Overlap::new(at, position, offers(offered)),
                    Side::Mentors => Overlap::new(at, position, wants(wanted)),
                }),
                _ => None,
            })
            .collect();
        let rows = side.turn((people.mentees, people.mentors())).0;
        let placed = |mentee: u32, mentor: u32| {
            let (row, column) = side.turn((mentee, mentor));
            (row, position[column as usize])
        };
        let mut wished = wishes(people, placed);
        let kept = if plan.keep_bonus > 0 { plan.previous() } else { &[] };
        wished.extend(kept.iter().map(|&(i, j)| (placed(i, j).0, (placed(i, j).1, plan.keep_bonus))));
        wished.retain(|&(_, (position, _))| position != ABSENT);
        let mut excluded: Vec<(u32, u32)> = plan.forbidden().iter().map(|&(i, j)| placed(i, j)).collect();
        for rule in &people.rules {
            if let Condition::Exclude { pairs } = &rule.condition {
                excluded.extend(pairs.iter().map(|&(i, j)| placed(i, j)));
            }
        }
        excluded.retain(|&(_, position)| position != ABSENT);
        excluded.sort_unstable();
        let sparse = people.criteria.iter().filter(|criterion| criterion.measure.is_sparse());
        let most = sparse.map(|criterion| criterion.weight).sum::<i64>() + plan.keep_bonus;
        let (wishes, excluded) = (Lists::new(rows, &wished), Lists::new(rows, &excluded));
        Self { people, side, overlaps, wishes, excluded, most }
    }

    /// Tells what the sparse criteria bring a row: positions, and what each of them gets.
    pub(crate) fn bring(&self, row: u32, mut bring: impl FnMut(&[u32], i64)) {
        for overlap in &self.overlaps {
            let criterion = &self.people.criteria[overlap.criterion];
            let Measure::Overlap { wanted, offered } = &criterion.measure else { continue };
            match self.side {
                Side::Mentees => {
                    let wanted = &wanted[row as usize];
                    let total = importance(wanted);
                    for wanted in wanted {
                        overlap.tell(wanted.skill, &mut bring, |entry| {
                            skill_points(criterion.weight, wanted, total, entry.level)
                        });
                    }
                }
                Side::Mentors => {
                    for offered in &offered[row as usize] {
                        overlap.tell(offered.skill, &mut bring, |entry| {
                            let Entry { level, importance, total } = entry;
                            let wanted = Wanted { skill: offered.skill, level, importance };
                            skill_points(criterion.weight, &wanted, total, offered.level)
                        });
                    }
                }
            }
        }
        for &(position, points) in self.wishes.of(row) {
            bring(&[position], points);
        }
    }

    /// What all of it brings one pair.
    pub(crate) fn points(&self, row: u32, position: u32) -> i64 {
        let mut sum = 0;
        self.bring(row, |positions, points| {
            sum += if positions.binary_search(&position).is_ok() { points } else { 0 };
        });
        sum
    }

    /// Whether an exclusion removes a pair.
    pub(crate) fn excludes(&self, row: u32, position: u32) -> bool {
        self.excluded.of(row).binary_search(&position).is_ok()
    }
}

impl Overlap {
    /// `entries` are columns with the skills they list.
    fn new(criterion: usize, position: &[u32], entries: impl Iterator<Item = (usize, u32, Entry)>) -> Self {
        let mut sorted: Vec<(u32, Entry, u32)> = entries
            .map(|(column, skill, entry)| (skill, entry, position[column]))
            .filter(|&(_, _, position)| position != ABSENT)
            .collect();
        sorted.sort_unstable();
        let mut skills: BTreeMap<u32, Vec<Segment>> = BTreeMap::new();
        for (at, &(skill, entry, _)) in sorted.iter().enumerate() {
            let segments = skills.entry(skill).or_default();
            match segments.last_mut() {
                Some(last) if last.entry == entry => last.to = at + 1,
                _ => segments.push(Segment { entry, from: at, to: at + 1 }),
            }
        }
        let positions = sorted.into_iter().map(|(_, _, position)| position).collect();
        Self { criterion, skills, positions }
    }

    fn tell(&self, skill: u32, bring: &mut impl FnMut(&[u32], i64), points: impl Fn(Entry) -> i64) {
        for segment in self.skills.get(&skill).into_iter().flatten() {
            bring(&self.positions[segment.from..segment.to], points(segment.entry));
        }
    }
}

fn offers(offered: &[Vec<super::Offered>]) -> impl Iterator<Item = (usize, u32, Entry)> {
    offered.iter().enumerate().flat_map(|(column, list)| {
        let entry = |level| Entry { level, importance: 0, total: 0 };
        list.iter().map(move |offered| (column, offered.skill, entry(offered.level)))
    })
}

fn wants(wanted: &[Vec<Wanted>]) -> impl Iterator<Item = (usize, u32, Entry)> {
    wanted.iter().enumerate().flat_map(|(column, list)| {
        let total = importance(list);
        let entry = move |w: &Wanted| Entry { level: w.level, importance: w.importance, total };
        list.iter().map(move |wanted| (column, wanted.skill, entry(wanted)))
    })
}

/// What the wishes of both sides bring, as row, position and points.
fn wishes(people: &People, placed: impl Fn(u32, u32) -> (u32, u32)) -> Vec<(u32, (u32, i64))> {
    let mut brought = Vec::new();
    for criterion in &people.criteria {
        let (lists, depth, by_mentee) = match &criterion.measure {
            Measure::MenteeWishes { wishes, depth } => (wishes, *depth, true),
            Measure::MentorWishes { wishes, depth } => (wishes, *depth, false),
            _ => continue,
        };
        for (person, list) in (0u32..).zip(lists) {
            for (rank, &wished) in list.iter().enumerate() {
                let points = rank_points(criterion.weight, rank as i64, i64::from(depth));
                let (mentee, mentor) = if by_mentee { (person, wished) } else { (wished, person) };
                let (row, position) = placed(mentee, mentor);
                brought.push((row, (position, points)));
            }
        }
    }
    brought
}
