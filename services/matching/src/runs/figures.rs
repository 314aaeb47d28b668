//! What `/metrics` tells of runs.

use super::run::Run;
use metrics::{counter, gauge, histogram};
use std::time::Duration;

/// A run that has ended, completed or failed, after so long.
pub(crate) fn record(run: &Run, took: Duration) {
    counter!("mentor_match_runs_total", "service" => "matching", "state" => run.state.name()).increment(1);
    histogram!("mentor_match_run_seconds", "service" => "matching").record(took.as_secs_f64());
    if let Some(gap) = run.gap {
        gauge!("mentor_match_run_gap", "service" => "matching").set(share(gap, run.bound));
    }
    if run.found.is_some() {
        gauge!("mentor_match_run_unmatched", "service" => "matching").set(run.unmatched);
    }
}

/// Of the bound, so that programs of all sizes compare.
fn share(gap: i64, bound: i64) -> f64 {
    if gap == 0 { 0.0 } else { gap as f64 / bound.unsigned_abs().max(1) as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_a_share_of_the_bound() {
        assert_eq!([share(0, 0), share(5, 100), share(7, 0), share(3, -6)], [0.0, 0.05, 7.0, 0.5]);
    }
}
