//! The scan of all columns for one row: exact worths, most pairs ruled out by bounds.
//!
//! A first bound is computed for whole blocks of columns in 16-bit units: what the sparse criteria
//! bring each column, what the folded criteria bring at most in its group, and the most of the
//! rest. Columns that may reach the need are looked at more closely, one by one, until a bound
//! rules them out or the worth is known.

use std::collections::BTreeMap;

use super::classes::What;
use super::lanes::{self, BLOCK, CLOSED_UNITS, GROUP, GROUPS, MOST_UNITS, REMOVED_UNITS};
use super::layout::{Bounds, Layer, Layout, REMOVED};
use super::tour::Tour;

/// Prices of the columns by position.
#[derive(Debug)]
pub(crate) struct Prices {
    /// [`CLOSED`] keeps a column out.
    exact: Vec<i64>,
    /// Less `base` and in units, rounded down and cut; by block.
    units: Vec<[i16; BLOCK]>,
    /// The lowest of each group.
    least: Vec<i16>,
    base: i64,
}

/// The price that keeps a column out of a scan.
pub(crate) const CLOSED: i64 = i64::MAX / 4;

impl Prices {
    /// Arranges the prices of the columns for a layout. Bounds are sharp for prices from `base` to
    /// some way above it.
    pub(crate) fn new(layout: &Layout<'_>, price: &[i64], base: i64) -> Self {
        let exact: Vec<i64> = layout.order.iter().map(|&column| price[column as usize]).collect();
        let cut = |price: i64| match price {
            CLOSED => CLOSED_UNITS,
            price => {
                ((price - base) >> layout.shift).clamp(-i64::from(MOST_UNITS), i64::from(MOST_UNITS)) as i16
            }
        };
        let mut units = vec![[CLOSED_UNITS; BLOCK]; layout.blocks()];
        for (units, exact) in units.iter_mut().zip(exact.chunks(BLOCK)) {
            units.iter_mut().zip(exact).for_each(|(units, &price)| *units = cut(price));
        }
        let least = lanes::by_group(&units, i16::min);
        Self { exact, units, least, base }
    }

    /// A need in units that any pair reaching the true one reaches.
    fn need_units(&self, layout: &Layout<'_>, need: i64) -> i16 {
        let most = i64::from(MOST_UNITS);
        (need.saturating_add(self.base) >> layout.shift).clamp(-most, most) as i16
    }
}

/// Scratch space of one thread.
#[derive(Debug)]
pub(crate) struct Scan<'l> {
    layout: &'l Layout<'l>,
    row: u32,
    layers: Vec<Points>,
    /// The most that layers and closeness can bring each group, in units.
    ahead: Vec<i16>,
    /// Units that the sparse criteria bring, by block.
    brought: Vec<[i16; BLOCK]>,
    /// The most that all criteria can bring each group.
    most: Vec<i16>,
}

/// The points of one layer.
#[derive(Debug)]
struct Points {
    /// By column class, for the row class `of`.
    base: Vec<i32>,
    of: Option<u32>,
    /// By folded criterion and row value met so far, the points of each column class.
    rows: Vec<BTreeMap<u32, Vec<i32>>>,
    /// The most each group can get, by row class met so far or for that at hand; only for bounded layers.
    bounds: Vec<Option<Box<[i16]>>>,
    /// The most any column can get, in units.
    most: i16,
}

impl<'l> Scan<'l> {
    pub(crate) fn new(layout: &'l Layout<'l>) -> Self {
        Self {
            layout,
            row: 0,
            layers: layout.layers.iter().map(Points::new).collect(),
            ahead: vec![0; layout.blocks() * GROUPS],
            brought: vec![[0; BLOCK]; layout.blocks()],
            most: Vec::new(),
        }
    }

    /// Turns to a row.
    pub(crate) fn turn_to(&mut self, row: u32) {
        let layout = self.layout;
        self.row = row;
        self.ahead.fill(layout.units_up(layout.pair_most) as i16);
        for (points, layer) in self.layers.iter_mut().zip(&layout.layers) {
            points.turn_to(layout, layer, row);
            points.add_bounds(layer, row, &mut self.ahead);
        }
        self.brought.as_flattened_mut().fill(0);
        let brought = self.brought.as_flattened_mut();
        layout.touching.bring(row, |positions, points| {
            let units = layout.units_up(points) as i16;
            for &at in positions {
                if let Some(brought) = brought.get_mut(at as usize) {
                    *brought = brought.saturating_add(units);
                }
            }
        });
        if layout.shift > 0 {
            // Many roundings may add up to more than there is.
            let most = layout.units_up(layout.touching.most) as i16;
            brought.iter_mut().for_each(|brought| *brought = (*brought).min(most));
        }
        self.most = lanes::by_group(&self.brought, i16::max);
        self.most.iter_mut().zip(&self.ahead).for_each(|(most, ahead)| *most += ahead);
    }

    /// Tells every feasible column of the blocks of a tour whose worth less its price is at least
    /// `need`. `found` takes column, worth and worth less price, and gives the new need.
    pub(crate) fn search(
        &self,
        prices: &Prices,
        mut need: i64,
        tour: &Tour,
        mut found: impl FnMut(u32, i64, i64) -> i64,
    ) {
        let layout = self.layout;
        let mut need_units = prices.need_units(layout, need);
        for block in tour.blocks() {
            let groups = block * GROUPS..(block + 1) * GROUPS;
            let mut bounds = self.most[groups.clone()].iter().zip(&prices.least[groups.clone()]);
            if bounds.all(|(most, least)| most - least < need_units) {
                continue;
            }
            let Some(ahead) = self.ahead[groups].first_chunk::<GROUPS>() else { continue };
            let words = lanes::reaching(&self.brought[block], &prices.units[block], *ahead, need_units);
            if words.iter().fold(0, |any, word| any | word) == 0 {
                continue;
            }
            for word in tour.words() {
                let mut left = words[word];
                while left != 0 {
                    let at = block * BLOCK + word * 8 + left.trailing_zeros() as usize / 8;
                    left &= left - 1;
                    if let Some((worth, beyond)) = self.look(at, prices, need) {
                        need = found(layout.order[at], worth, beyond);
                        need_units = prices.need_units(layout, need);
                    }
                }
            }
        }
    }

    /// The worth of a column and the worth less its price, if feasible and at least `need`.
    fn look(&self, at: usize, prices: &Prices, need: i64) -> Option<(i64, i64)> {
        let layout = self.layout;
        let price = *prices.exact.get(at)?;
        let brought = i64::from(self.brought[at / BLOCK][at % BLOCK]) << layout.shift;
        let folded: i64 = self.layers.iter().zip(&layout.layers).map(|(p, l)| i64::from(p.at(l, at))).sum();
        let least = need.saturating_add(price);
        if folded < 0 || brought + folded + layout.pair_most < least {
            return None;
        }
        let close = |c: &super::layout::Closeness| i64::from(c.points_at(c.own(layout, self.row), at));
        let close: i64 = layout.closeness.iter().map(close).sum();
        if layout.pair_criteria.is_empty() && brought + folded + close < least {
            return None;
        }
        let column = layout.order[at];
        let (mentee, mentor) = layout.pair(self.row, column);
        let (i, j) = (mentee as usize, mentor as usize);
        if layout.touching.excludes(self.row, at as u32)
            || !layout.pair_rules.iter().all(|&rule| layout.people.rules[rule].condition.allows(i, j))
        {
            return None;
        }
        let rest: i64 = layout.pair_criteria.iter().map(|&at| layout.people.criteria[at].points(i, j)).sum();
        let sparse = if layout.shift == 0 { brought } else { layout.touching.points(self.row, at as u32) };
        let worth = sparse + folded + close + rest;
        (worth >= least).then(|| (worth, worth - price))
    }
}

impl Points {
    fn new(layer: &Layer) -> Self {
        let bounds = match layer.bounds {
            Bounds::None => 0,
            Bounds::Last => 1,
            Bounds::All => layer.row_classes,
        };
        Self {
            base: Vec::new(),
            of: None,
            rows: vec![BTreeMap::new(); layer.folded.len()],
            bounds: vec![None; bounds],
            most: 0,
        }
    }

    fn at(&self, layer: &Layer, at: usize) -> i32 {
        self.base[usize::from(layer.class[at])]
    }

    /// Computes the points for a row's class, unless they are at hand.
    fn turn_to(&mut self, layout: &Layout<'_>, layer: &Layer, row: u32) {
        let class = layer.row_class[row as usize];
        if self.of == Some(class) {
            return;
        }
        self.of = Some(class);
        self.base.clear();
        self.base.resize(layer.example.len(), 0);
        for (folded, rows) in layer.folded.iter().zip(&mut self.rows) {
            let points = |&column: &u32| folded_points(layout, folded.what, row, column);
            let value = folded.value[row as usize];
            let row = rows.entry(value).or_insert_with(|| layer.example.iter().map(points).collect());
            self.base.iter_mut().zip(row.iter()).for_each(|(base, &points)| {
                *base = (*base + points).max(REMOVED);
            });
        }
        if layer.bounds == Bounds::None {
            self.most = units(layout, self.base.iter().copied().fold(0, i32::max));
        }
        if let Some(bounds) = self.bounds.get_mut(layer.slot(class))
            && (bounds.is_none() || layer.bounds == Bounds::Last)
        {
            let best = |group: &[u16]| group.iter().map(|&class| self.base[usize::from(class)]).max();
            let groups = layer.class.chunks(GROUP).map(|group| units(layout, best(group).unwrap_or(REMOVED)));
            *bounds = Some(groups.collect());
        }
    }

    /// Adds the most that each group can get.
    fn add_bounds(&self, layer: &Layer, row: u32, ahead: &mut [i16]) {
        match self.bounds.get(layer.slot(layer.row_class[row as usize])) {
            Some(Some(bounds)) => {
                ahead
                    .iter_mut()
                    .zip(bounds)
                    .for_each(|(ahead, bound)| *ahead = (*ahead + *bound).max(REMOVED_UNITS));
            }
            _ => ahead.iter_mut().for_each(|ahead| *ahead = (*ahead + self.most).max(REMOVED_UNITS)),
        }
    }
}

/// Points of a class in units, rounded up.
fn units(layout: &Layout<'_>, points: i32) -> i16 {
    if points < 0 { REMOVED_UNITS } else { layout.units_up(i64::from(points)) as i16 }
}

/// What a folded criterion brings, or [`REMOVED`] where a folded rule removes the pair.
fn folded_points(layout: &Layout<'_>, what: What, row: u32, column: u32) -> i32 {
    let (mentee, mentor) = layout.pair(row, column);
    let (i, j) = (mentee as usize, mentor as usize);
    match what {
        What::Criterion(at) => layout.people.criteria[at].points(i, j) as i32,
        What::Rule(at) if layout.people.rules[at].condition.allows(i, j) => 0,
        What::Rule(_) => REMOVED,
    }
}
