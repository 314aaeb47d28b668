//! Shows where a run is while it lasts; nothing is shown where nobody watches.

use super::tell::points;
use assignment::{Phase, Progress};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

/// The bar is so long.
const LENGTH: u64 = 1000;

/// A bar that fills as the gap closes.
pub(super) struct Bar {
    bar: ProgressBar,
    /// The first gap, from which on it shrinks.
    first: AtomicI64,
}

impl Bar {
    /// A bar on standard error.
    pub(super) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(Some(LENGTH), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{spinner:.cyan} {bar:30.green} {elapsed:>4}  {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { bar, first: AtomicI64::new(0) }
    }

    /// What is being done.
    pub(super) fn say(&self, text: &str) {
        self.bar.set_message(text.to_owned());
    }

    /// A round of the engine has ended.
    pub(super) fn show(&self, progress: &Progress) {
        let doing = match progress.phase {
            Phase::Candidates => "looking for promising pairs",
            Phase::Auction => "bidding",
            Phase::Exact => "making it exact",
            Phase::Pricing => "testing all pairs",
            _ => "searching",
        };
        let gap = match (progress.gap, progress.bound) {
            (Some(gap), Some(bound)) => {
                format!(", at most {} points from the best ({})", points(gap), points(bound))
            }
            _ => String::new(),
        };
        self.bar.set_message(format!("{doing}, round {}{gap}", progress.round));
        if let Some(gap) = progress.gap {
            let _ = self.first.compare_exchange(0, gap, Ordering::Relaxed, Ordering::Relaxed);
            self.bar.set_position(filled(gap, self.first.load(Ordering::Relaxed)));
        }
    }

    /// Takes the bar away.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// How much of the bar is filled: each halving of the gap by the same length.
fn filled(gap: i64, first: i64) -> u64 {
    let steps = |gap: i64| u64::from(gap.max(0).unsigned_abs().saturating_add(1).ilog2());
    LENGTH.saturating_sub(LENGTH * steps(gap) / steps(first).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_fills_as_the_gap_closes() {
        assert_eq!(filled(1023, 1023), 0);
        assert_eq!(filled(31, 1023), 500);
        assert_eq!(filled(0, 1023), LENGTH);
        assert_eq!(filled(0, 0), LENGTH);
    }
}
