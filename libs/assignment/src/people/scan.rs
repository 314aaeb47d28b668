//! The scan of all columns for one row: exact worths, most pairs ruled out by bounds.
//!
//! A first bound is computed for whole blocks of columns in 16-bit units: what the sparse criteria
//! bring each column beyond its price, what the folded criteria bring at most in its group, and the
//! most of the rest. In groups where a column may reach the need, columns are looked at more closely,
//! one by one, until a bound rules them out or the worth is known.

use std::collections::BTreeMap;

use super::classes::What;
use super::lanes::{self, BLOCK, Block, CLOSED_UNITS, GROUP, GROUPS, MOST_UNITS, REMOVED_UNITS};
use super::layout::{Bounds, Layer, Layout, REMOVED};
use super::tour::Tour;

/// Prices of the columns by slot.
#[derive(Debug)]
pub(crate) struct Prices {
    /// [`CLOSED`] keeps a column out.
    exact: Vec<i64>,
    /// Less `base` and what is given with the column, in units, rounded down and cut.
    units: Vec<Block>,
    base: i64,
}

/// The price that keeps a column out of a scan.
pub(crate) const CLOSED: i64 = i64::MAX / 4;

impl Prices {
    /// Arranges the prices of the columns for a layout. Bounds are sharp for prices from `base` to
    /// some way above it.
    pub(crate) fn new(layout: &Layout<'_>, price: &[i64], base: i64) -> Self {
        let exact = |&column: &u32| price.get(column as usize).copied().unwrap_or(CLOSED);
        let exact: Vec<i64> = layout.columns.iter().map(exact).collect();
        let most = i64::from(MOST_UNITS);
        let cut = |price: i64, given: i64| match price {
            CLOSED => CLOSED_UNITS,
            price => ((price - given - base) >> layout.shift).clamp(-most, most) as i16,
        };
        let mut units: Vec<Block> = vec![[[0; GROUPS]; GROUP]; layout.blocks()];
        let flat = units.as_flattened_mut().as_flattened_mut();
        let exactly = exact.iter().zip(&layout.given);
        flat.iter_mut().zip(exactly).for_each(|(units, (&price, &given))| *units = cut(price, given));
        Self { exact, units, base }
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
    /// The most that is given with the row or computed per pair.
    rest: i64,
    /// The most that layers and the rest can bring each group, in units.
    ahead: Vec<[i16; GROUPS]>,
    /// Units that the sparse criteria bring.
    brought: Vec<Block>,
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
            rest: 0,
            layers: layout.layers.iter().map(Points::new).collect(),
            ahead: vec![[0; GROUPS]; layout.blocks()],
            brought: vec![[[0; GROUPS]; GROUP]; layout.blocks()],
        }
    }

    /// Turns to a row.
    pub(crate) fn turn_to(&mut self, row: u32) {
        let layout = self.layout;
        self.row = row;
        self.rest = layout.pair_most + layout.row_given[row as usize];
        let ahead = self.ahead.as_flattened_mut();
        ahead.fill(layout.units_up(self.rest) as i16);
        for (at, (points, layer)) in self.layers.iter_mut().zip(&layout.layers).enumerate() {
            points.turn_to(layout, at, row);
            points.add_bounds(layer, row, ahead);
        }
        let brought = self.brought.as_flattened_mut().as_flattened_mut();
        brought.fill(0);
        layout.touching.bring(row, |positions, points| {
            let units = layout.units_up(points) as i32;
            for &at in positions {
                if let Some(brought) = brought.get_mut(at as usize) {
                    *brought = (i32::from(*brought) + units).min(i32::from(i16::MAX)) as i16;
                }
            }
        });
        if layout.shift > 0 {
            // Many roundings may add up to more than there is.
            let most = layout.units_up(layout.touching.most) as i16;
            brought.iter_mut().for_each(|brought| *brought = (*brought).min(most));
        }
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
            let (brought, price, ahead) = (&self.brought[block], &prices.units[block], &self.ahead[block]);
            let most = lanes::most(brought, price, ahead);
            if most.iter().fold(i16::MIN, |most, group| most.max(*group)) < need_units {
                continue;
            }
            for group in tour.groups() {
                if most[group] < need_units {
                    continue;
                }
                for (row, (brought, price)) in brought.iter().zip(price).enumerate() {
                    let beyond = brought[group] - price[group];
                    if beyond + ahead[group] < need_units {
                        continue;
                    }
                    let at = block * BLOCK + row * GROUPS + group;
                    let Some(folded) = self.folded(at, beyond, need_units) else { continue };
                    if let Some((worth, beyond)) = self.look(at, folded, prices.exact[at], need) {
                        need = found(layout.columns[at], worth, beyond);
                        need_units = prices.need_units(layout, need);
                    }
                }
            }
        }
    }

    /// What the folded criteria bring a column, unless a folded rule removes it or it misses the need by all
    /// that is known in units.
    fn folded(&self, at: usize, beyond: i16, need: i16) -> Option<i64> {
        let layout = self.layout;
        let classes = &layout.classes[at * self.layers.len()..];
        let points = self.layers.iter().zip(classes).map(|(layer, &class)| layer.base[usize::from(class)]);
        let folded: i64 = points.map(i64::from).sum();
        let reaches = i64::from(beyond) + layout.units_up(folded) + layout.units_up(self.rest) >= need.into();
        (folded >= 0 && reaches).then_some(folded)
    }

    /// The worth of a column and the worth less its price, if feasible and at least `need`.
    fn look(&self, at: usize, folded: i64, price: i64, need: i64) -> Option<(i64, i64)> {
        let layout = self.layout;
        let brought = self.brought.as_flattened().as_flattened()[at];
        let brought = i64::from(brought) << layout.shift;
        let least = need.saturating_add(price);
        let folded = folded + layout.given[at] + layout.row_given[self.row as usize];
        let close = |c: &super::layout::Closeness| i64::from(c.points_at(c.own(layout, self.row), at));
        let close: i64 = layout.closeness.iter().map(close).sum();
        if layout.pair_criteria.is_empty() && brought + folded + close < least {
            return None;
        }
        let column = layout.columns[at];
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

    /// Computes the points of a layer for a row's class, unless they are at hand.
    fn turn_to(&mut self, layout: &Layout<'_>, at: usize, row: u32) {
        let layer = &layout.layers[at];
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
            let best = bounds.insert(vec![REMOVED_UNITS; layout.columns.len() / GROUP].into());
            for (slot, classes) in layout.classes.chunks_exact(layout.layers.len()).enumerate() {
                let best = &mut best[slot / BLOCK * GROUPS + slot % GROUPS];
                *best = (*best).max(units(layout, self.base[usize::from(classes[at])]));
            }
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
