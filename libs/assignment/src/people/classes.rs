//! Everybody sorted into classes: people of a class have the same values in all folded columns.
//!
//! Criteria whose values take few combinations are folded into one *layer* of classes, so that
//! their points (and the rules on them) are computed once per pair of classes. What would make too
//! many classes goes to a further layer. The weightiest criteria come first: the columns are sorted
//! by the classes of the first layer, which makes its bounds sharp.
//! Ratings take no part: they say as much of a mentor to everybody, and go with the price.

use std::collections::BTreeMap;

use super::lanes::GROUP;
use super::side::Side;
use super::{Condition, Criterion, Measure, People, Week};

/// The most classes on one side of a layer.
const MOST_CLASSES: usize = 4096;

/// The first layer's classes hold at least so many columns, so that groups of lanes share one.
const ROOMY: usize = 64;

/// The first layer has room for so many classes even where they are small.
const FEW_CLASSES: usize = 128;

/// Further layers keep at most so many bounds: one for each row class and group.
pub(crate) const MOST_BOUNDS: usize = 1 << 22;

/// Their bounds are worth computing if so many rows share them.
const SHARED: usize = 16;

/// A layer by person: the class of each row and of each column, and what was folded.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) row_class: Vec<u32>,
    pub(crate) column_class: Vec<u32>,
    pub(crate) folded: Vec<Folded>,
}

/// A criterion or rule folded into the classes.
#[derive(Debug)]
pub(crate) struct Folded {
    pub(crate) what: What,
    /// Rows with equal numbers have equal values.
    pub(crate) value: Vec<u32>,
}

/// A position in the list of criteria or of rules.
#[derive(Debug, Clone, Copy)]
pub(crate) enum What {
    Criterion(usize),
    Rule(usize),
}

/// What was folded, and the criteria and rules that could not be.
#[derive(Debug, Default)]
pub(crate) struct Classes {
    pub(crate) drafts: Vec<Draft>,
    pub(crate) criteria: Vec<usize>,
    pub(crate) rules: Vec<usize>,
}

impl Classes {
    pub(crate) fn new(people: &People, side: Side) -> Self {
        let mut classes = Self::default();
        let mut dense: Vec<usize> =
            (0..people.criteria.len()).filter(|&at| people.criteria[at].measure.is_dense()).collect();
        dense.sort_by_key(|&at| std::cmp::Reverse(people.criteria[at].weight));
        for at in dense {
            let values = criterion_values(&people.criteria[at]);
            if !classes.fold(people, side, What::Criterion(at), values) {
                classes.criteria.push(at);
            }
        }
        for (at, rule) in people.rules.iter().enumerate() {
            let sparse = matches!(rule.condition, Condition::Exclude { .. });
            if !sparse && !classes.fold(people, side, What::Rule(at), rule_values(&rule.condition)) {
                classes.rules.push(at);
            }
        }
        classes
    }

    /// Folds values into the first layer with room for them, or a new one. Gives whether it could.
    fn fold(&mut self, people: &People, side: Side, what: What, values: Option<Values>) -> bool {
        let Some(values) = values else { return false };
        let (row_value, column_value) = side.turn(values);
        let (rows, columns) = side.turn((people.mentees, people.mentors()));
        for at in 0..=self.drafts.len() {
            let nobody =
                Draft { row_class: vec![0; rows], column_class: vec![0; columns], folded: Vec::new() };
            let value = refine(&nobody.row_class, &row_value).0;
            let room = if at == 0 { (columns / ROOMY).max(FEW_CLASSES) } else { MOST_CLASSES };
            let draft = self.drafts.get(at).unwrap_or(&nobody);
            let (column_class, count) = refine(&draft.column_class, &column_value);
            // A layer of one column may have as many classes as any.
            if count > if draft.folded.is_empty() { MOST_CLASSES } else { room.min(MOST_CLASSES) } {
                continue;
            }
            let (row_class, row_count) = refine(&draft.row_class, &row_value);
            let shared = (rows / SHARED).max(FEW_CLASSES).min(MOST_BOUNDS / (columns / GROUP).max(1));
            let most = if at == 0 { MOST_CLASSES } else { shared.min(MOST_CLASSES) };
            if row_count > most && !draft.folded.is_empty() {
                continue;
            }
            if at == self.drafts.len() {
                self.drafts.push(nobody);
            }
            let draft = &mut self.drafts[at];
            (draft.row_class, draft.column_class) = (row_class, column_class);
            draft.folded.push(Folded { what, value });
            return true;
        }
        false
    }
}

/// The values of the mentees and of the mentors.
type Values = (Vec<[u64; 6]>, Vec<[u64; 6]>);

/// Splits classes by a further column; gives the new classes, numbered in order, and their number.
fn refine(class: &[u32], column: &[[u64; 6]]) -> (Vec<u32>, usize) {
    let mut number: BTreeMap<(u32, [u64; 6]), u32> = BTreeMap::new();
    for key in class.iter().copied().zip(column.iter().copied()) {
        number.insert(key, 0);
    }
    for (next, entry) in number.values_mut().enumerate() {
        *entry = next as u32;
    }
    let refined = class.iter().copied().zip(column.iter().copied()).map(|key| number[&key]).collect();
    (refined, number.len())
}

/// The values of both sides that decide a criterion, if single values do.
fn criterion_values(criterion: &Criterion) -> Option<Values> {
    fn key<T: Copy>(values: &[Option<T>], number: impl Fn(T) -> u64) -> Vec<[u64; 6]> {
        values.iter().map(|value| value.map_or([0; 6], |value| [1, number(value), 0, 0, 0, 0])).collect()
    }
    let signed = |value: i32| u64::from(value.cast_unsigned());
    Some(match &criterion.measure {
        Measure::Window { mentee, mentor, .. } | Measure::Zone { mentee, mentor, .. } => {
            (key(mentee, signed), key(mentor, signed))
        }
        Measure::Equal { mentee, mentor } | Measure::Table { mentee, mentor, .. } => {
            (key(mentee, u64::from), key(mentor, u64::from))
        }
        Measure::Availability { mentee, mentor, .. } => {
            let bits = |weeks: &[Week]| weeks.iter().map(Week::bits).collect();
            (bits(mentee), bits(mentor))
        }
        _ => return None,
    })
}

/// The values of both sides that decide a rule, if single values do.
fn rule_values(condition: &Condition) -> Option<Values> {
    let word = |word: u64| [word, 0, 0, 0, 0, 0];
    Some(match condition {
        Condition::Differ { mentee, mentor } => {
            let key = |value: &Option<u32>| word(value.map_or(0, |value| u64::from(value) + 1));
            (mentee.iter().map(key).collect(), mentor.iter().map(key).collect())
        }
        Condition::Share { mentee, mentor } => {
            (mentee.iter().map(|&set| word(set)).collect(), mentor.iter().map(|&set| word(set)).collect())
        }
        Condition::Ready { mentee, mentor } => {
            let key = |ready: &bool| word(u64::from(*ready));
            (mentee.iter().map(key).collect(), mentor.iter().map(key).collect())
        }
        Condition::Exclude { .. } => return None,
    })
}
