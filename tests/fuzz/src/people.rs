//! Invented people: every kind of criterion and rule, from choices.

use crate::dice::Dice;
use assignment::People;
use assignment::people::{Condition, Criterion, Measure, Offered, Rule, Wanted, Week};

/// Some people, or what was refused.
pub(crate) fn people(dice: &mut Dice<'_>) -> Result<People, assignment::Error> {
    let most = [3, 9, 70, 200][dice.below(4)];
    let (mentees, mentors) = (1 + dice.below(most), 1 + dice.below(most));
    let capacity = (0..mentors).map(|_| dice.between(1, 3)).collect();
    let criteria = (0..dice.below(8)).map(|at| criterion(dice, at, mentees, mentors)).collect();
    let rules = (0..dice.below(4)).map(|at| rule(dice, at, mentees, mentors)).collect();
    People::new(mentees, capacity, criteria, rules)
}

fn column<T>(dice: &mut Dice<'_>, count: usize, mut one: impl FnMut(&mut Dice<'_>) -> T) -> Vec<T> {
    (0..count).map(|_| one(dice)).collect()
}

fn known(dice: &mut Dice<'_>, values: usize) -> Option<u32> {
    if dice.one_in(12) { None } else { Some(dice.below(values) as u32) }
}

fn signed(dice: &mut Dice<'_>, step: i32) -> Option<i32> {
    if dice.one_in(12) { None } else { Some(dice.between(-6, 6) as i32 * step) }
}

fn week(dice: &mut Dice<'_>) -> Week {
    let start = dice.below(320);
    Week::from_slots(start..start + 16)
}

fn lists(dice: &mut Dice<'_>, count: usize, others: usize) -> Vec<Vec<u32>> {
    column(dice, count, |dice| {
        let mut list: Vec<u32> = (0..dice.below(3)).map(|_| dice.below(others) as u32).collect();
        list.dedup();
        list
    })
}

fn criterion(dice: &mut Dice<'_>, at: usize, mentees: usize, mentors: usize) -> Criterion {
    let values = 1 + dice.below(12);
    let measure =
        match dice.below(10) {
            0 => overlap(dice, mentees, mentors),
            1 => Measure::Window {
                mentee: column(dice, mentees, |dice| signed(dice, 1)),
                mentor: column(dice, mentors, |dice| signed(dice, 1)),
                low: -1,
                high: dice.between(-1, 3) as i32,
                span: dice.between(1, 4) as i32,
            },
            2 => Measure::Equal {
                mentee: column(dice, mentees, |dice| known(dice, values)),
                mentor: column(dice, mentors, |dice| known(dice, values)),
            },
            3 => Measure::Table {
                mentee: column(dice, mentees, |dice| known(dice, 3)),
                mentor: column(dice, mentors, |dice| known(dice, 2)),
                permille: (0..3).map(|_| (0..2).map(|_| dice.between(0, 1000)).collect()).collect(),
            },
            4 => {
                Measure::Closeness {
                    mentee: column(dice, mentees, |dice| {
                        if dice.one_in(9) { vec![] } else { vec![dice.byte() % 8; 3] }
                    }),
                    mentor: column(dice, mentors, |dice| {
                        if dice.one_in(9) { vec![] } else { vec![dice.byte() % 8; 3] }
                    }),
                    range: 7,
                }
            }
            5 => Measure::Availability {
                mentee: column(dice, mentees, week),
                mentor: column(dice, mentors, week),
                enough: dice.between(1, 600),
            },
            6 => Measure::Zone {
                mentee: column(dice, mentees, |dice| signed(dice, 120)),
                mentor: column(dice, mentors, |dice| signed(dice, 120)),
                span: dice.between(1, 600) as i32,
            },
            7 => Measure::MenteeWishes { wishes: lists(dice, mentees, mentors), depth: 2 },
            8 => Measure::MentorWishes { wishes: lists(dice, mentors, mentees), depth: 2 },
            _ => Measure::Rating {
                permille: column(dice, mentors, |dice| known(dice, 200).map(|v| i64::from(v) * 5)),
            },
        };
    // Large weights make bounds in units of several points.
    let weight = [1, 7, 100, 3000, 60_000, 9_000_000][dice.below(6)] * dice.between(0, 11);
    Criterion { name: format!("criterion {at}"), weight, measure }
}

fn overlap(dice: &mut Dice<'_>, mentees: usize, mentors: usize) -> Measure {
    let skills = 1 + dice.below(40);
    let wanted = column(dice, mentees, |dice| {
        let mut list: Vec<Wanted> = Vec::new();
        for _ in 0..dice.below(4) {
            let (skill, level, importance) =
                (dice.below(skills) as u32, 1 + dice.byte() % 5, 1 + dice.below(9) as u16);
            if list.iter().all(|known| known.skill != skill) {
                list.push(Wanted { skill, level, importance });
            }
        }
        list
    });
    let offered = column(dice, mentors, |dice| {
        let mut list: Vec<Offered> = Vec::new();
        for _ in 0..dice.below(5) {
            let (skill, level) = (dice.below(skills) as u32, 1 + dice.byte() % 5);
            if list.iter().all(|known| known.skill != skill) {
                list.push(Offered { skill, level });
            }
        }
        list
    });
    Measure::Overlap { wanted, offered }
}

fn rule(dice: &mut Dice<'_>, at: usize, mentees: usize, mentors: usize) -> Rule {
    let condition = match dice.below(4) {
        0 => Condition::Differ {
            mentee: column(dice, mentees, |dice| known(dice, 5)),
            mentor: column(dice, mentors, |dice| known(dice, 5)),
        },
        1 => Condition::Share {
            mentee: column(dice, mentees, |dice| u64::from(dice.byte() & 7)),
            mentor: column(dice, mentors, |dice| u64::from(dice.byte() & 7)),
        },
        2 => Condition::Ready {
            mentee: column(dice, mentees, |dice| !dice.one_in(10)),
            mentor: column(dice, mentors, |dice| !dice.one_in(10)),
        },
        _ => Condition::Exclude {
            pairs: column(dice, mentees, |dice| (dice.below(mentees) as u32, dice.below(mentors) as u32)),
        },
    };
    Rule { name: format!("rule {at}"), condition }
}
