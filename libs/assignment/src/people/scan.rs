//! The scan of all mentors for one mentee: exact scores, most pairs ruled out by a bound.

use std::collections::BTreeMap;

use super::Measure;
use super::layout::{BLOCK, Layer, Layout, REMOVED, What};

/// How many promising mentors are looked at before the others.
const FIRST: usize = 24;

/// Prices of the mentors by position, with the least of each block.
#[derive(Debug)]
pub(crate) struct Prices {
    price: Vec<i64>,
    least: Vec<i64>,
}

impl Prices {
    /// Arranges the prices of the mentors for a layout; `i64::MAX / 4` keeps a mentor out.
    pub(crate) fn new(layout: &Layout<'_>, price: &[i64]) -> Self {
        let price: Vec<i64> = layout.order.iter().map(|&j| price[j as usize]).collect();
        let least = price.chunks(BLOCK).map(|block| block.iter().copied().min().unwrap_or(0)).collect();
        Self { price, least }
    }
}

/// Scratch space of one thread.
#[derive(Debug)]
pub(crate) struct Scan<'l> {
    layout: &'l Layout<'l>,
    /// The points of each layer's classes for the mentee at hand.
    layers: Vec<Points>,
    /// The most that everything but the first layer and the sparse criteria can bring.
    most: i64,
    /// The best of `base` in each block.
    best: Vec<i64>,
    /// What sparse criteria bring by position, and where that is not 0.
    brought: Vec<i64>,
    touched: Vec<u32>,
    /// Touched positions that may reach the need: what they may bring, position, known points.
    promising: Vec<(i64, u32, i64)>,
}

/// The points of one layer.
#[derive(Debug)]
struct Points {
    /// By mentor class, for the mentee class `of`.
    base: Vec<i64>,
    of: Option<u32>,
    /// The most of `base`.
    most: i64,
    /// By folded criterion and mentee value met so far, the points of each mentor class.
    rows: Vec<BTreeMap<u32, Vec<i64>>>,
}

impl<'l> Scan<'l> {
    pub(crate) fn new(layout: &'l Layout<'l>) -> Self {
        Self {
            layout,
            layers: layout.layers.iter().map(Points::new).collect(),
            most: 0,
            best: Vec::new(),
            brought: vec![0; layout.order.len()],
            touched: Vec::new(),
            promising: Vec::new(),
        }
    }

    /// Tells every feasible mentor whose `score - price` is at least `need`, in a fixed order.
    /// `found` takes mentor, score and `score - price` and gives the new need.
    pub(crate) fn mentee(
        &mut self,
        mentee: u32,
        prices: &Prices,
        mut need: i64,
        mut found: impl FnMut(u32, i64, i64) -> i64,
    ) {
        self.prepare(mentee);
        let layout = self.layout;
        let most = self.most;
        self.promising.clear();
        for &at in &self.touched {
            let at = at as usize;
            let points = self.first_layer(at) + self.brought[at];
            let hope = points + most - prices.price[at];
            if hope >= need {
                let points = points + self.other_layers(at);
                let hope = points + layout.pair_most - prices.price[at];
                if hope >= need {
                    self.promising.push((hope, at as u32, points));
                }
            }
        }
        // The most promising first: they raise the need, which rules out most others.
        if self.promising.len() > 2 * FIRST {
            self.promising.select_nth_unstable_by(FIRST, |a, b| b.cmp(a));
        }
        for &(hope, at, points) in &self.promising {
            if hope >= need
                && let Some(score) = self.complete(mentee, at as usize, points)
                && score - prices.price[at as usize] >= need
            {
                need = found(layout.order[at as usize], score, score - prices.price[at as usize]);
            }
        }
        for block in 0..prices.least.len() {
            if self.best[block] + most - prices.least[block] >= need {
                need = self.block(mentee, block, prices, need, &mut found);
            }
        }
        for &at in &self.touched {
            self.brought[at as usize] = 0;
        }
        self.touched.clear();
    }

    /// The mentors of a block that no sparse criterion touches.
    fn block(
        &self,
        mentee: u32,
        block: usize,
        prices: &Prices,
        mut need: i64,
        found: &mut impl FnMut(u32, i64, i64) -> i64,
    ) -> i64 {
        let layout = self.layout;
        let mut close = None;
        let from = block * BLOCK;
        for at in from..(from + BLOCK).min(layout.order.len()) {
            let mut points = self.first_layer(at);
            if points + self.most - prices.price[at] < need || self.brought[at] != 0 {
                continue;
            }
            points += self.other_layers(at);
            if points + layout.pair_most - prices.price[at] < need {
                continue;
            }
            let close = close.get_or_insert_with(|| self.close(mentee, block));
            points += i64::from(close[at - from]);
            if points + layout.pair_most - prices.price[at] < need {
                continue;
            }
            if let Some(score) = self.complete_rest(mentee, at, points)
                && score - prices.price[at] >= need
            {
                need = found(layout.order[at], score, score - prices.price[at]);
            }
        }
        need
    }

    /// What closeness brings with each mentor of a block, minus the most it could bring.
    fn close(&self, mentee: u32, block: usize) -> [i32; BLOCK] {
        let mut sum = [0i32; BLOCK];
        for closeness in &self.layout.closeness {
            let criterion = &self.layout.people.criteria[closeness.criterion];
            let Measure::Closeness { mentee: vectors, .. } = &criterion.measure else { continue };
            let own = &vectors[mentee as usize];
            let most = criterion.weight as i32;
            let mut distance = [0u16; BLOCK];
            let planes = &closeness.planes[block * closeness.dimensions..];
            for (&own, plane) in own.iter().zip(planes) {
                for (distance, &entry) in distance.iter_mut().zip(plane) {
                    *distance += u16::from(own.abs_diff(entry));
                }
            }
            let from = block * BLOCK;
            for (at, sum) in sum.iter_mut().enumerate() {
                let known = !own.is_empty() && closeness.known.get(from + at).is_some_and(|&known| known);
                *sum += if known { closeness.points[usize::from(distance[at])] } else { 0 } - most;
            }
        }
        sum
    }

    /// The score of a touched pair from its class and sparse points, or `None` if a rule removes it.
    fn complete(&self, mentee: u32, at: usize, points: i64) -> Option<i64> {
        let layout = self.layout;
        let mut points = points;
        for closeness in &layout.closeness {
            let criterion = &layout.people.criteria[closeness.criterion];
            let Measure::Closeness { mentee: vectors, .. } = &criterion.measure else { continue };
            points += i64::from(closeness.points_at(&vectors[mentee as usize], at)) - criterion.weight;
        }
        self.complete_rest(mentee, at, points)
    }

    /// The score from everything but the remaining per-pair criteria and rules.
    fn complete_rest(&self, mentee: u32, at: usize, points: i64) -> Option<i64> {
        let layout = self.layout;
        let (i, j) = (mentee as usize, layout.order[at] as usize);
        if points < REMOVED / 2 {
            return None;
        }
        if !layout.pair_rules.iter().all(|&rule| layout.people.rules[rule].condition.allows(i, j)) {
            return None;
        }
        let closeness: i64 =
            layout.closeness.iter().map(|c| layout.people.criteria[c.criterion].weight).sum();
        let rest: i64 = layout.pair_criteria.iter().map(|&c| layout.people.criteria[c].points(i, j)).sum();
        Some(points + closeness + rest)
    }

    fn first_layer(&self, at: usize) -> i64 {
        let first = self.layers.first().zip(self.layout.layers.first());
        first.map_or(0, |(points, layer)| points.base[layer.class[at] as usize])
    }

    fn other_layers(&self, at: usize) -> i64 {
        let others = self.layers.iter().zip(&self.layout.layers).skip(1);
        others.map(|(points, layer)| points.base[layer.class[at] as usize]).sum()
    }

    fn prepare(&mut self, mentee: u32) {
        let layout = self.layout;
        let mut first_is_new = self.best.is_empty();
        for (at, (points, layer)) in self.layers.iter_mut().zip(&layout.layers).enumerate() {
            first_is_new |= points.prepare(layout, layer, mentee) && at == 0;
        }
        self.most = layout.pair_most + self.layers.iter().skip(1).map(|points| points.most).sum::<i64>();
        if first_is_new {
            self.best = match self.layers.first().zip(layout.layers.first()) {
                Some((points, layer)) => layer.class.chunks(BLOCK).map(|block| points.best(block)).collect(),
                None => vec![0; layout.order.len().div_ceil(BLOCK)],
            };
        }
        let (brought, touched) = (&mut self.brought, &mut self.touched);
        layout.sparse(mentee, |at, points| {
            if brought[at as usize] == 0 && points != 0 {
                touched.push(at);
            }
            brought[at as usize] += points;
        });
    }
}

impl Points {
    fn new(layer: &Layer) -> Self {
        Self { base: Vec::new(), of: None, most: 0, rows: vec![BTreeMap::new(); layer.folded.len()] }
    }

    /// The best of a block's classes, which ascend.
    fn best(&self, block: &[u32]) -> i64 {
        let classes = block[0] as usize..=block[block.len() - 1] as usize;
        self.base[classes].iter().copied().max().unwrap_or(REMOVED)
    }

    /// Computes the points for a mentee's class, unless they are at hand. Gives whether it did.
    fn prepare(&mut self, layout: &Layout<'_>, layer: &Layer, mentee: u32) -> bool {
        let class = layer.mentee_class[mentee as usize];
        if self.of == Some(class) {
            return false;
        }
        self.of = Some(class);
        self.base.clear();
        self.base.resize(layer.example.len(), 0);
        for (folded, rows) in layer.folded.iter().zip(&mut self.rows) {
            let points = |&mentor: &u32| folded_points(layout, folded.what, mentee, mentor);
            let value = folded.value[mentee as usize];
            let row = rows.entry(value).or_insert_with(|| layer.example.iter().map(points).collect());
            self.base.iter_mut().zip(row).for_each(|(base, points)| *base += *points);
        }
        self.most = self.base.iter().copied().max().unwrap_or(0);
        true
    }
}

/// What a folded criterion brings, or [`REMOVED`] where a folded rule removes the pair.
fn folded_points(layout: &Layout<'_>, what: What, mentee: u32, mentor: u32) -> i64 {
    let (i, j) = (mentee as usize, mentor as usize);
    match what {
        What::Criterion(at) => layout.people.criteria[at].points(i, j),
        What::Rule(at) if layout.people.rules[at].condition.allows(i, j) => 0,
        What::Rule(_) => REMOVED,
    }
}
