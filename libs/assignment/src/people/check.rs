//! Criteria and rules are checked once, so that scoring never can fail.

use super::{Condition, Criterion, Measure, Rule};
use crate::Error;

type Check = Result<(), Error>;

/// The sum of all weights may not pass this, so that a score fits in 32 bits with room to spare.
const MOST_WEIGHT: i64 = (i32::MAX / 2) as i64;

/// More criteria than this are refused: bounds are rounded for each.
const MOST_CRITERIA: usize = 1000;

/// Checks every column, parameter and weight.
pub(crate) fn criteria(mentees: usize, mentors: usize, criteria: &[Criterion]) -> Check {
    let mut sum = 0i64;
    if criteria.len() > MOST_CRITERIA {
        return Err(Error::TooMany { what: "criteria", count: criteria.len() });
    }
    for criterion in criteria {
        let sides = Sides { record: format!("criterion {}", criterion.name), mentees, mentors };
        sides.ensure(criterion.weight >= 0, || format!("weight {} is negative", criterion.weight))?;
        sum = sum.saturating_add(criterion.weight);
        sides.ensure(sum <= MOST_WEIGHT, || {
            format!("the weights up to here sum to {sum}, past {MOST_WEIGHT}")
        })?;
        measure(&sides, &criterion.measure)?;
    }
    Ok(())
}

/// Checks every column.
pub(crate) fn rules(mentees: usize, mentors: usize, rules: &[Rule]) -> Check {
    for rule in rules {
        let sides = Sides { record: format!("rule {}", rule.name), mentees, mentors };
        match &rule.condition {
            Condition::Differ { mentee, mentor } => sides.columns(mentee.len(), mentor.len())?,
            Condition::Share { mentee, mentor } => sides.columns(mentee.len(), mentor.len())?,
            Condition::Ready { mentee, mentor } => sides.columns(mentee.len(), mentor.len())?,
            Condition::Exclude { pairs } => {
                let unknown = |&(i, j): &(u32, u32)| i as usize >= mentees || j as usize >= mentors;
                if let Some(record) = pairs.iter().position(unknown) {
                    let (mentee, mentor) = pairs[record];
                    return Err(Error::UnknownPair { list: "exclusion", record, mentee, mentor });
                }
            }
        }
    }
    Ok(())
}

/// What is being checked, and against how many people.
struct Sides {
    record: String,
    mentees: usize,
    mentors: usize,
}

impl Sides {
    fn ensure(&self, holds: bool, reason: impl FnOnce() -> String) -> Check {
        if holds { Ok(()) } else { Err(Error::Criteria { record: self.record.clone(), reason: reason() }) }
    }

    fn columns(&self, mentee: usize, mentor: usize) -> Check {
        self.mentee_column(mentee)?;
        self.mentor_column(mentor)
    }

    fn mentee_column(&self, given: usize) -> Check {
        self.ensure(given == self.mentees, || format!("{given} entries for {} mentees", self.mentees))
    }

    fn mentor_column(&self, given: usize) -> Check {
        self.ensure(given == self.mentors, || format!("{given} entries for {} mentors", self.mentors))
    }
}

fn measure(sides: &Sides, measure: &Measure) -> Check {
    match measure {
        Measure::Overlap { wanted, offered } => {
            sides.columns(wanted.len(), offered.len())?;
            for (i, list) in wanted.iter().enumerate() {
                let positive = list.iter().all(|w| w.level > 0 && w.importance > 0);
                sides.ensure(positive, || format!("mentee {i}: a level or importance is 0"))?;
                sides.ensure(distinct(list.iter().map(|w| w.skill)), || {
                    format!("mentee {i}: a skill is listed twice")
                })?;
            }
            for (j, list) in offered.iter().enumerate() {
                sides.ensure(list.iter().all(|o| o.level > 0), || format!("mentor {j}: a level is 0"))?;
                sides.ensure(distinct(list.iter().map(|o| o.skill)), || {
                    format!("mentor {j}: a skill is listed twice")
                })?;
            }
            Ok(())
        }
        Measure::Window { mentee, mentor, low, high, span } => {
            sides.columns(mentee.len(), mentor.len())?;
            sides.ensure(low <= high, || format!("the window {low}..={high} is empty"))?;
            sides.ensure(*span >= 1, || format!("span {span} is below 1"))
        }
        Measure::Equal { mentee, mentor } => sides.columns(mentee.len(), mentor.len()),
        Measure::Table { mentee, mentor, permille } => table(sides, mentee, mentor, permille),
        Measure::Closeness { mentee, mentor, range } => closeness(sides, mentee, mentor, *range),
        Measure::Availability { mentee, mentor, enough } => {
            sides.columns(mentee.len(), mentor.len())?;
            sides.ensure(*enough >= 1, || format!("enough {enough} is below 1"))
        }
        Measure::Zone { mentee, mentor, span } => {
            sides.columns(mentee.len(), mentor.len())?;
            sides.ensure(*span >= 1, || format!("span {span} is below 1"))
        }
        Measure::MenteeWishes { wishes, depth } => {
            sides.mentee_column(wishes.len())?;
            wish_lists(sides, wishes, sides.mentors, *depth)
        }
        Measure::MentorWishes { wishes, depth } => {
            sides.mentor_column(wishes.len())?;
            wish_lists(sides, wishes, sides.mentees, *depth)
        }
        Measure::Rating { permille } => {
            sides.mentor_column(permille.len())?;
            permilles(sides, permille.iter().flatten())
        }
    }
}

fn table(sides: &Sides, mentee: &[Option<u32>], mentor: &[Option<u32>], permille: &[Vec<i64>]) -> Check {
    sides.columns(mentee.len(), mentor.len())?;
    let columns = permille.first().map_or(0, Vec::len);
    sides.ensure(permille.iter().all(|row| row.len() == columns), || {
        "the rows of the table differ in length".into()
    })?;
    permilles(sides, permille.iter().flatten())?;
    for (side, codes, count) in [("mentee", mentee, permille.len()), ("mentor", mentor, columns)] {
        let outside = codes.iter().position(|code| code.is_some_and(|code| code as usize >= count));
        sides.ensure(outside.is_none(), || {
            format!("{side} {}: category not in the table", outside.unwrap_or(0))
        })?;
    }
    Ok(())
}

fn permilles<'a>(sides: &Sides, values: impl Iterator<Item = &'a i64>) -> Check {
    for value in values {
        sides.ensure((0..=1000).contains(value), || format!("{value} is not within 0..=1000"))?;
    }
    Ok(())
}

fn closeness(sides: &Sides, mentee: &[Vec<u8>], mentor: &[Vec<u8>], range: u8) -> Check {
    sides.columns(mentee.len(), mentor.len())?;
    sides.ensure(range >= 1, || "range is 0".into())?;
    let dimensions = mentee.iter().chain(mentor).map(Vec::len).max().unwrap_or(0);
    sides.ensure(dimensions <= 64, || format!("{dimensions} dimensions, past 64"))?;
    for (side, vectors) in [("mentee", mentee), ("mentor", mentor)] {
        for (index, vector) in vectors.iter().enumerate() {
            let fits = vector.is_empty() || vector.len() == dimensions;
            sides.ensure(fits, || format!("{side} {index}: {} of {dimensions} dimensions", vector.len()))?;
            let inside = vector.iter().all(|&entry| entry <= range);
            sides.ensure(inside, || format!("{side} {index}: an entry is past {range}"))?;
        }
    }
    Ok(())
}

fn wish_lists(sides: &Sides, wishes: &[Vec<u32>], others: usize, depth: u32) -> Check {
    sides.ensure(depth >= 1, || "depth is 0".into())?;
    for (index, list) in wishes.iter().enumerate() {
        let known = list.iter().all(|&person| (person as usize) < others);
        sides.ensure(known, || format!("list {index} names somebody unknown"))?;
        sides.ensure(distinct(list.iter().copied()), || format!("list {index} names somebody twice"))?;
    }
    Ok(())
}

fn distinct(values: impl Iterator<Item = u32>) -> bool {
    let mut values: Vec<u32> = values.collect();
    values.sort_unstable();
    values.windows(2).all(|pair| pair[0] != pair[1])
}
