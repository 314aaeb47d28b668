//! The best columns of a row, by a scan that starts with a good guess of how good they are.

use super::layout::Layout;
use super::scan::{Prices, Scan};
use super::tour::Tour;

/// A guess that was too high is lowered by a growing part of this fraction of all points.
const MARGIN: i64 = 48;

/// The best columns met so far, of equally good ones those met first.
#[derive(Debug)]
pub(crate) struct Top {
    keep: usize,
    /// Worth less price, column, worth; the best first.
    kept: Vec<(i64, u32, i64)>,
}

impl Top {
    pub(crate) fn new(keep: usize) -> Self {
        Self { keep, kept: Vec::with_capacity(keep + 1) }
    }

    pub(crate) fn offer(&mut self, column: u32, worth: i64, beyond: i64) {
        let at = self.kept.partition_point(|other| other.0 >= beyond);
        if at < self.keep {
            self.kept.insert(at, (beyond, column, worth));
            self.kept.truncate(self.keep);
        }
    }

    /// The least of a full list: nothing that was not kept is better.
    pub(crate) fn least(&self) -> Option<i64> {
        if self.kept.len() < self.keep { None } else { self.kept.last().map(|least| least.0) }
    }

    /// What a further column needs to be of interest, if `need` is the least anyway.
    pub(crate) fn need(&self, need: i64) -> i64 {
        self.least().map_or(need, |least| need.max(least + 1))
    }

    /// Columns with their worths.
    pub(crate) fn into_pairs(self) -> Vec<(u32, i64)> {
        self.kept.into_iter().map(|(_, column, worth)| (column, worth)).collect()
    }
}

/// Finds the best columns of row after row.
#[derive(Debug)]
pub(crate) struct Search<'l> {
    pub(crate) scan: Scan<'l>,
    /// How good the least column of the last row was.
    guess: i64,
    margin: i64,
}

impl<'l> Search<'l> {
    pub(crate) fn new(layout: &'l Layout<'l>) -> Self {
        let most = layout.people.most_points();
        Self { scan: Scan::new(layout), guess: most, margin: most / MARGIN + 1 }
    }

    /// The best columns of a tour whose worth is not below their price. The guess decides how fast
    /// they are found, not which.
    pub(crate) fn best(&mut self, row: u32, prices: &Prices, keep: usize, tour: &Tour) -> Top {
        self.scan.turn_to(row);
        let mut margin = self.margin;
        let mut need = (self.guess - margin).max(0);
        loop {
            let mut top = Top::new(keep);
            self.scan.search(prices, need, tour, |column, worth, beyond| {
                top.offer(column, worth, beyond);
                top.need(need)
            });
            if top.least().is_some() || need == 0 {
                self.guess = top.least().unwrap_or(0);
                return top;
            }
            margin *= 2;
            need = (need - margin).max(0);
        }
    }
}
