//! The scan of all mentors for one mentee: exact scores, most pairs ruled out by a bound.

use std::collections::BTreeMap;

use super::Measure;
use super::layout::{BLOCK, Layout, REMOVED, What};

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
    /// Points of the mentor classes for the mentee class at hand.
    base: Vec<i64>,
    base_of: Option<u32>,
    /// The best of `base` in each block.
    best: Vec<i64>,
    /// What sparse criteria bring by position, and where that is not 0.
    brought: Vec<i64>,
    touched: Vec<u32>,
    /// Touched positions that may reach the need: what they may bring, position, known points.
    promising: Vec<(i64, u32, i64)>,
    /// Points of the mentor classes by class criterion, for each mentee value met so far.
    rows: Vec<BTreeMap<u32, Vec<i64>>>,
}

impl<'l> Scan<'l> {
    pub(crate) fn new(layout: &'l Layout<'l>) -> Self {
        Self {
            layout,
            base: Vec::new(),
            base_of: None,
            best: Vec::new(),
            brought: vec![0; layout.order.len()],
            touched: Vec::new(),
            promising: Vec::new(),
            rows: vec![BTreeMap::new(); layout.folded.len()],
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
        let most = layout.pair_most;
        self.promising.clear();
        for &at in &self.touched {
            let at = at as usize;
            let points = self.base[layout.class[at] as usize] + self.brought[at];
            let hope = points + most - prices.price[at];
            if hope >= need {
                self.promising.push((hope, at as u32, points));
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
            let mut points = self.base[layout.class[at] as usize];
            if points + layout.pair_most - prices.price[at] < need || self.brought[at] != 0 {
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

    fn prepare(&mut self, mentee: u32) {
        let layout = self.layout;
        let class = layout.mentee_class[mentee as usize];
        if self.base_of != Some(class) {
            self.base_of = Some(class);
            self.base.clear();
            self.base.resize(layout.example.len(), 0);
            for (folded, rows) in layout.folded.iter().zip(&mut self.rows) {
                let value = folded.value[mentee as usize];
                let row = rows.entry(value).or_insert_with(|| {
                    layout
                        .example
                        .iter()
                        .map(|&mentor| folded_points(layout, folded.what, mentee, mentor))
                        .collect()
                });
                self.base.iter_mut().zip(row).for_each(|(base, points)| *base += *points);
            }
            let best =
                |block: &[u32]| self.base[block[0] as usize..=block[block.len() - 1] as usize].iter().max();
            self.best =
                layout.class.chunks(BLOCK).map(|block| best(block).copied().unwrap_or(REMOVED)).collect();
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

/// What a folded criterion brings, or [`REMOVED`] where a folded rule removes the pair.
fn folded_points(layout: &Layout<'_>, what: What, mentee: u32, mentor: u32) -> i64 {
    let (i, j) = (mentee as usize, mentor as usize);
    match what {
        What::Criterion(at) => layout.people.criteria[at].points(i, j),
        What::Rule(at) if layout.people.rules[at].condition.allows(i, j) => 0,
        What::Rule(_) => REMOVED,
    }
}
