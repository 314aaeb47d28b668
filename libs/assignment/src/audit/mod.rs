//! The fairness audit: rates by group and intersection, impact ratios and their significance.
//!
//! Protected attributes come in by this door and by no other: [`Attributes`] is made here, taken
//! only by [`audit`], and gives nothing back; no type of the scorer holds or accepts one.
//!
//! The arithmetic is that of the "four-fifths rule" (29 CFR 1607.4 D) and of New York City's rules
//! on automated employment decision tools (6 RCNY 5-301): the impact ratio of a group is its rate
//! divided by the rate of the group with the highest rate.

mod significance;

pub use significance::{fisher_exact, two_standard_deviations};

use std::collections::BTreeMap;

use crate::Error;

/// Groups with fewer than 1 in this many of the known people are marked as small.
const SMALL: usize = 50;

/// The protected attributes of the people audited. Opaque: only an audit reads them.
pub struct Attributes {
    names: Vec<String>,
    /// By attribute and person.
    values: Vec<Vec<Option<String>>>,
    people: usize,
}

impl std::fmt::Debug for Attributes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attributes").field("names", &self.names).finish_non_exhaustive()
    }
}

impl Attributes {
    /// Attributes of so many people; none yet.
    #[must_use]
    pub fn new(people: usize) -> Self {
        Self { names: Vec::new(), values: Vec::new(), people }
    }

    /// Adds an attribute with its value for each person, or `None` where it is unknown.
    ///
    /// # Errors
    /// A list of another length than the people.
    pub fn with(mut self, name: &str, values: Vec<Option<String>>) -> Result<Self, Error> {
        if values.len() != self.people {
            let reason = format!("{} values for {} people", values.len(), self.people);
            return Err(Error::Criteria { record: format!("attribute {name}"), reason });
        }
        self.names.push(name.into());
        self.values.push(values);
        Ok(self)
    }
}

/// The outcome of one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Audited {
    /// The person was selected, for instance placed.
    pub selected: bool,
    /// The person's score, for the scoring rate; `None` if it was never scored.
    pub score: Option<i64>,
}

/// A count out of a count, kept as integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many had the outcome.
    pub hits: usize,
    /// Out of how many.
    pub of: usize,
}

impl Rate {
    /// Hundredths of a percent, rounded to the nearest.
    #[must_use]
    pub fn basis_points(&self) -> u64 {
        ratio(self.hits, self.of.max(1), 10_000)
    }

    /// This rate over another in thousandths, rounded to the nearest; 0 over a rate of 0.
    #[must_use]
    pub fn over(&self, other: &Rate) -> u64 {
        ratio(self.hits * other.of, (self.of * other.hits).max(1), 1000)
    }
}

fn ratio(a: usize, b: usize, unit: u128) -> u64 {
    let (a, b) = (a as u128, b as u128);
    ((2 * unit * a + b) / (2 * b)) as u64
}

/// One group's line of the audit.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The values that make the group, in the order of the report's attributes.
    pub group: Vec<String>,
    /// Selected out of the group.
    pub selection: Rate,
    /// Scored above the median of all scores, out of the scored of the group.
    pub scoring: Rate,
    /// Selection rate over the highest selection rate, in thousandths.
    pub selection_impact: u64,
    /// Scoring rate over the highest scoring rate, in thousandths.
    pub scoring_impact: u64,
    /// Two-sided p-value of Fisher's exact test of the selection against the highest group.
    pub fisher: f64,
    /// Difference of the two selection rates in standard deviations; from 2 it is called significant.
    pub deviations: f64,
    /// Fewer than 2 % of the known people: the figures say little. Never the highest group.
    pub small: bool,
}

impl Line {
    /// Below four fifths of the highest selection rate.
    #[must_use]
    pub fn below_four_fifths(&self) -> bool {
        self.selection_impact < 800
    }
}

/// The lines of one attribute, or of several crossed.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The attributes that make the groups.
    pub attributes: Vec<String>,
    /// The groups in order of their names.
    pub lines: Vec<Line>,
    /// People left out because a value is unknown.
    pub unknown: usize,
}

/// Audits the outcomes of people by each attribute and by each pair of attributes crossed.
///
/// # Errors
/// A list of outcomes of another length than the attributes' people.
pub fn audit(attributes: &Attributes, outcomes: &[Audited]) -> Result<Vec<Report>, Error> {
    if outcomes.len() != attributes.people {
        let reason = format!("{} outcomes for {} people", outcomes.len(), attributes.people);
        return Err(Error::Criteria { record: "outcomes".into(), reason });
    }
    let count = attributes.names.len();
    let single = (0..count).map(|a| vec![a]);
    let crossed = (0..count).flat_map(|a| (a + 1..count).map(move |b| vec![a, b]));
    Ok(single.chain(crossed).map(|chosen| report(attributes, outcomes, &chosen)).collect())
}

fn report(attributes: &Attributes, outcomes: &[Audited], chosen: &[usize]) -> Report {
    let median = median(outcomes);
    let mut groups: BTreeMap<Vec<String>, (Rate, Rate)> = BTreeMap::new();
    let mut unknown = 0;
    for (person, outcome) in outcomes.iter().enumerate() {
        let values: Option<Vec<String>> =
            chosen.iter().map(|&a| attributes.values[a][person].clone()).collect();
        let Some(group) = values else {
            unknown += 1;
            continue;
        };
        let none = Rate { hits: 0, of: 0 };
        let (selection, scoring) = groups.entry(group).or_insert((none, none));
        selection.of += 1;
        selection.hits += usize::from(outcome.selected);
        if let Some(score) = outcome.score {
            scoring.of += 1;
            scoring.hits += usize::from(median.is_some_and(|median| score > median));
        }
    }
    let known = outcomes.len() - unknown;
    let attributes = chosen.iter().map(|&a| attributes.names[a].clone()).collect();
    Report { attributes, lines: lines(groups, known), unknown }
}

fn lines(groups: BTreeMap<Vec<String>, (Rate, Rate)>, known: usize) -> Vec<Line> {
    let is_small = |rate: &Rate| rate.of * SMALL < known;
    let large = || groups.values().filter(|(selection, _)| !is_small(selection));
    let highest = highest(large().map(|rates| rates.0));
    let highest_scoring = self::highest(large().map(|rates| rates.1));
    let line = |(group, (selection, scoring)): (&Vec<String>, &(Rate, Rate))| Line {
        group: group.clone(),
        selection: *selection,
        scoring: *scoring,
        selection_impact: selection.over(&highest),
        scoring_impact: scoring.over(&highest_scoring),
        fisher: fisher_exact(*selection, highest),
        deviations: two_standard_deviations(*selection, highest),
        small: is_small(selection),
    };
    groups.iter().map(line).collect()
}

/// The highest rate; empty groups do not count.
fn highest(rates: impl Iterator<Item = Rate>) -> Rate {
    let filled = rates.filter(|rate| rate.of > 0);
    let by_rate = |a: &Rate, b: &Rate| (a.hits * b.of).cmp(&(b.hits * a.of));
    filled.max_by(by_rate).unwrap_or(Rate { hits: 0, of: 0 })
}

/// The lower median of the scores.
fn median(outcomes: &[Audited]) -> Option<i64> {
    let mut scores: Vec<i64> = outcomes.iter().filter_map(|outcome| outcome.score).collect();
    scores.sort_unstable();
    scores.get(scores.len().saturating_sub(1) / 2).copied()
}
