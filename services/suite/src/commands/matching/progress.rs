//! Shows where a run is while it lasts; nothing is shown where nobody watches.

use super::{tell::points, terms::Objective};
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
    pub(super) fn show(&self, mode: Objective, progress: &Progress) {
        let doing = match progress.phase {
            Phase::Candidates => "looking for promising pairs",
            Phase::Auction => "bidding",
            Phase::Exact => "making it exact",
            Phase::Pricing => "testing all pairs",
            Phase::Fairness => "weighing the groups",
            _ => "searching",
        };
        let proof = proof(mode, progress);
        let text = proof.map_or_else(String::new, |(bound, gap)| {
            format!(", at most {} points from the best ({})", points(gap), points(bound))
        });
        self.bar.set_message(format!("{doing}, round {}{text}", progress.round));
        if let Some((_, gap)) = proof {
            let _ = self.first.compare_exchange(0, gap, Ordering::Relaxed, Ordering::Relaxed);
            self.bar.set_position(filled(gap, self.first.load(Ordering::Relaxed)));
        }
    }

    /// Takes the bar away.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// The bound and the gap, where they are those of the result: on the way to some, other problems are solved.
fn proof(mode: Objective, progress: &Progress) -> Option<(i64, i64)> {
    let own = match mode {
        Objective::MaxTotal | Objective::MaxCardinality | Objective::Stable => true,
        Objective::Fair => progress.phase == Phase::Fairness,
        Objective::Bottleneck => false,
    };
    progress.bound.zip(progress.gap).filter(|(bound, _)| own && *bound < i64::MAX)
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

    #[test]
    fn only_bounds_of_the_result_are_shown() {
        let at = |phase| Progress { phase, round: 1, bound: Some(9), gap: Some(2) };
        assert_eq!(proof(Objective::MaxTotal, &at(Phase::Auction)), Some((9, 2)));
        assert_eq!(proof(Objective::Fair, &at(Phase::Auction)), None);
        assert_eq!(proof(Objective::Fair, &at(Phase::Fairness)), Some((9, 2)));
        assert_eq!(proof(Objective::Bottleneck, &at(Phase::Exact)), None);
        let unknown = Progress { bound: Some(i64::MAX), ..at(Phase::Auction) };
        assert_eq!(proof(Objective::MaxTotal, &unknown), None);
    }
}
