//! The people arranged for scanning: for each person of one side (a *row*), everybody of the other
//! (the *columns*), like ones side by side.
//!
//! Criteria with few values are folded into classes (see [`super::classes`]), sparse ones are
//! turned round (see [`super::touch`]). What remains (closeness, mostly) is computed per pair, only
//! where a bound does not rule the pair out.

use super::classes::{Classes, Draft, Folded, MOST_BOUNDS, What};
use super::lanes::{BLOCK, GROUP, MOST_UNITS, slot};
use super::side::Side;
use super::touch::{ABSENT, Touching};
use super::{Criterion, Measure, People};
use crate::plan::Plan;

/// Points of a pair the rules remove: below 0 whatever points are added, as all weights sum to less.
pub(crate) const REMOVED: i32 = -(1 << 30);

/// An index of people for scanning all columns of a row.
#[derive(Debug)]
pub(crate) struct Layout<'p> {
    pub(crate) people: &'p People,
    pub(crate) side: Side,
    /// The column at each slot, or [`ABSENT`]: whole blocks, sorted by the classes of the layers in turn.
    pub(crate) columns: Vec<u32>,
    /// The classes of the column at each slot, one for each layer.
    pub(crate) classes: Vec<u16>,
    /// The folded criteria and rules.
    pub(crate) layers: Vec<Layer>,
    /// What mentors bring whoever the mentee is, by row and by slot.
    pub(crate) row_given: Vec<i64>,
    pub(crate) given: Vec<i64>,
    /// Criteria and rules computed per pair.
    pub(crate) pair_criteria: Vec<usize>,
    pub(crate) pair_rules: Vec<usize>,
    pub(crate) closeness: Vec<Closeness>,
    /// The most that closeness and the per-pair criteria can bring.
    pub(crate) pair_most: i64,
    pub(crate) touching: Touching<'p>,
    /// Bounds are in units of this power of two of points: 1 if they fit.
    pub(crate) shift: u32,
}

/// Criteria and rules folded into classes together.
#[derive(Debug)]
pub(crate) struct Layer {
    /// A column of each class.
    pub(crate) example: Vec<u32>,
    /// The class of each row.
    pub(crate) row_class: Vec<u32>,
    pub(crate) row_classes: usize,
    pub(crate) folded: Vec<Folded>,
    /// Bounds by group are worth having.
    pub(crate) bounds: Bounds,
}

/// For which row classes a layer's bounds by group are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bounds {
    /// For none: one bound has to do for all columns.
    None,
    /// For the class at hand: rows are visited by the classes of the first layer.
    Last,
    All,
}

/// The vectors of one closeness criterion.
#[derive(Debug)]
pub(crate) struct Closeness {
    pub(crate) criterion: usize,
    /// Entries by slot and dimension.
    pub(crate) entries: Vec<u8>,
    pub(crate) dimensions: usize,
    /// Points at each distance.
    pub(crate) points: Vec<i32>,
    /// Whether the column at each slot has a vector.
    pub(crate) known: Vec<bool>,
}

impl<'p> Layout<'p> {
    /// Arranges the columns for which `takes_part` holds, except those that a rule bars from all pairs: they
    /// would be free of charge for ever, and looked at by every row.
    pub(crate) fn new(people: &'p People, plan: &Plan, side: Side, takes_part: impl Fn(u32) -> bool) -> Self {
        let Classes { drafts, criteria: mut pair_criteria, rules: pair_rules } = Classes::new(people, side);
        let count = side.turn((people.mentees, people.mentors())).1;
        let barred = |column| people.rules.iter().any(|rule| rule.condition.bars(side, column as usize));
        let mut order: Vec<u32> =
            (0..count as u32).filter(|&column| takes_part(column) && !barred(column)).collect();
        let classes = |column: u32| drafts.iter().map(move |draft| draft.column_class[column as usize]);
        order.sort_by(|&a, &b| classes(a).cmp(classes(b)));
        let mut slots = vec![ABSENT; count];
        let mut columns = vec![ABSENT; order.len().next_multiple_of(BLOCK)];
        for (at, &column) in order.iter().enumerate() {
            slots[column as usize] = slot(at) as u32;
            columns[slot(at)] = column;
        }
        let class = |draft: &Draft, column| draft.column_class.get(column).map_or(0, |&class| class as u16);
        let classes = |&column: &u32| drafts.iter().map(move |draft| class(draft, column as usize));
        let classes = columns.iter().flat_map(classes).collect();
        let layers: Vec<Layer> = drafts
            .into_iter()
            .enumerate()
            .map(|(at, draft)| Layer::new(draft, columns.len(), at == 0))
            .collect();
        let closeness: Vec<Closeness> =
            pair_criteria.iter().filter_map(|&at| Closeness::new(people, side, at, &columns)).collect();
        let pair_most = pair_criteria.iter().map(|&at| people.criteria[at].weight).sum();
        pair_criteria.retain(|at| closeness.iter().all(|closeness| closeness.criterion != *at));
        let mut given = vec![0; count];
        let mut row_given = vec![0; side.turn((people.mentees, people.mentors())).0];
        add_ratings(people, if side == Side::Mentees { &mut given } else { &mut row_given });
        let given = |&column: &u32| given.get(column as usize).copied().unwrap_or(0);
        let given = columns.iter().map(given).collect();
        let touching = Touching::new(people, plan, side, &slots);
        let most = people.most_points() + plan.keep_bonus;
        // Every part may be rounded up.
        let parts = people.criteria.len() as i64 + 2;
        let fits = |shift: &u32| (most >> shift) + parts <= i64::from(MOST_UNITS);
        let shift = (0..i64::BITS).find(fits).unwrap_or(i64::BITS - 1);
        Self {
            people,
            side,
            columns,
            classes,
            layers,
            row_given,
            given,
            pair_criteria,
            pair_rules,
            closeness,
            pair_most,
            touching,
            shift,
        }
    }

    /// Rows of a class together, so that what they share is computed once.
    pub(crate) fn sort_rows(&self, rows: &mut [u32]) {
        let class = |row: u32| self.layers.iter().map(move |layer| layer.row_class[row as usize]);
        rows.sort_by(|&a, &b| class(a).cmp(class(b)));
    }

    pub(crate) fn blocks(&self) -> usize {
        self.columns.len() / BLOCK
    }

    /// Points in units, rounded up.
    pub(crate) fn units_up(&self, points: i64) -> i64 {
        (points + (1 << self.shift) - 1) >> self.shift
    }

    /// The mentee and mentor of a row and a column.
    pub(crate) fn pair(&self, row: u32, column: u32) -> (u32, u32) {
        self.side.turn((row, column))
    }
}

/// Adds what the ratings bring each mentor.
fn add_ratings(people: &People, given: &mut [i64]) {
    for criterion in people.criteria.iter().filter(|c| matches!(c.measure, Measure::Rating { .. })) {
        given.iter_mut().enumerate().for_each(|(mentor, given)| *given += criterion.points(0, mentor));
    }
}

impl Layer {
    fn new(draft: Draft, columns: usize, first: bool) -> Self {
        let classes = draft.column_class.iter().max().map_or(0, |&most| most as usize + 1);
        let mut example = vec![0; classes];
        for (column, &class) in (0u32..).zip(&draft.column_class) {
            example[class as usize] = column;
        }
        let row_classes = draft.row_class.iter().max().map_or(0, |&most| most as usize + 1);
        let groups = columns / GROUP;
        let criteria = draft.folded.iter().any(|folded| matches!(folded.what, What::Criterion(_)));
        let bounds = match criteria {
            true if first => Bounds::Last,
            true if row_classes * groups <= MOST_BOUNDS => Bounds::All,
            _ => Bounds::None,
        };
        Self { example, row_class: draft.row_class, row_classes, folded: draft.folded, bounds }
    }

    /// Where the bounds of a row class are kept, if any are.
    pub(crate) fn slot(&self, class: u32) -> usize {
        if self.bounds == Bounds::Last { 0 } else { class as usize }
    }
}

impl Closeness {
    /// The points of a vector with the column at a slot.
    pub(crate) fn points_at(&self, own: &[u8], at: usize) -> i32 {
        if own.is_empty() || !self.known[at] {
            return 0;
        }
        let entries = &self.entries[at * self.dimensions..];
        let apart = own.iter().zip(entries).map(|(own, entry)| usize::from(own.abs_diff(*entry)));
        self.points[apart.sum::<usize>()]
    }

    /// The vector of a row.
    pub(crate) fn own<'p>(&self, layout: &Layout<'p>, row: u32) -> &'p [u8] {
        match &layout.people.criteria[self.criterion].measure {
            Measure::Closeness { mentee, mentor, .. } => &layout.side.turn((mentee, mentor)).0[row as usize],
            _ => &[],
        }
    }

    fn new(people: &People, side: Side, criterion: usize, columns: &[u32]) -> Option<Self> {
        let Criterion { weight, measure: Measure::Closeness { mentee, mentor, range }, .. } =
            &people.criteria[criterion]
        else {
            return None;
        };
        let vectors = side.turn((mentee, mentor)).1;
        let dimensions = mentee.iter().chain(mentor).map(Vec::len).max().unwrap_or(0);
        let mut entries = vec![0u8; columns.len() * dimensions];
        let mut known = vec![false; columns.len()];
        for (at, &column) in columns.iter().enumerate() {
            let vector = vectors.get(column as usize).map_or(&[][..], Vec::as_slice);
            known[at] = !vector.is_empty();
            entries[at * dimensions..][..vector.len()].copy_from_slice(vector);
        }
        let span = i64::from(*range) * dimensions as i64;
        let points = (0..=span).map(|d| super::criteria::fading(*weight, d, span.max(1)) as i32).collect();
        Some(Self { criterion, entries, dimensions, points, known })
    }
}
