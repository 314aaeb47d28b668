//! What to optimise, what is fixed beforehand, and how the caller watches and stops a run.

/// The objective of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Mode {
    /// The largest sum of scores. A pair worth less than nothing is never made.
    #[default]
    MaxTotal,
    /// The most people placed; among those assignments the largest sum of scores.
    MaxCardinality,
    /// The most people placed; among those the best worst pair; among those the largest sum.
    Bottleneck,
    /// No mentee and mentor would both rather have each other (Gale & Shapley 1962), mentees
    /// proposing: every mentee gets the best mentor any stable assignment gives.
    Stable,
    /// The largest sum of scores under floors on the mean score of groups of mentees.
    Fair(Floors),
}

/// Floors on group means, for [`Mode::Fair`].
///
/// The mean of a group counts every member, an unplaced one as 0 points.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Floors {
    /// The group of each mentee, an index into `floor`, or `None` for nobody's group.
    pub group_of: Vec<Option<u32>>,
    /// The least mean score of each group, in points.
    pub floor: Vec<i64>,
}

/// The options of a run. `Options::default()` is the exact largest total with nothing fixed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// The objective.
    pub mode: Mode,
    /// Decides between assignments that are equally good. The same input and seed give the same bytes.
    pub seed: u64,
    /// Pairs that are made whatever they are worth, as `(mentee, mentor)`.
    pub locks: Vec<(u32, u32)>,
    /// Pairs that are never made, as `(mentee, mentor)`.
    pub forbidden: Vec<(u32, u32)>,
    /// Today's pairs, which `keep_bonus` favours. Pairs no longer feasible are ignored.
    pub previous: Vec<(u32, u32)>,
    /// Points added to each of today's pairs while choosing, never to the reported total.
    pub keep_bonus: i64,
    /// For group formats and circles, by mentor: how many mentees it takes at least, if any. Empty
    /// for no minimums. Only the largest total and coverage go with them, and the proof is weaker:
    /// see [`GroupProof`](crate::GroupProof).
    pub minimums: Vec<i64>,
    /// Stop once the assignment is proven to be within this many points of the best. 0 is exact.
    pub gap_limit: i64,
    /// Worker threads for scoring all pairs; 0 means 1. The answer does not depend on it.
    pub threads: usize,
}

/// A stage of the computation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// Choosing the pairs to look at first, out of all pairs.
    Candidates,
    /// Prices are found by bidding.
    Auction,
    /// Prices and pairs are made exact.
    Exact,
    /// All pairs are tested against the prices.
    Pricing,
    /// The multipliers of the fair mode are searched.
    Fairness,
}

/// Where a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The stage.
    pub phase: Phase,
    /// Counts repetitions of the stage, from 1.
    pub round: u32,
    /// No assignment is worth more than this, in the objective of the mode, once known.
    pub bound: Option<i64>,
    /// How far the assignment at hand may be from the best, in the same units, once known.
    pub gap: Option<i64>,
}

/// How the caller watches a run and ends it early.
///
/// A run that is stopped gives its best assignment so far with a valid bound. A time limit is a
/// `stop` that reads the caller's clock, so that the library reads none:
///
/// ```
/// let (begun, limit) = (std::time::Instant::now(), std::time::Duration::from_secs(30));
/// let out_of_time = || begun.elapsed() > limit;
/// let control = assignment::Control { stop: Some(&out_of_time), ..Default::default() };
/// ```
#[derive(Clone, Copy, Default)]
pub struct Control<'a> {
    /// Asked often; `true` ends the run.
    pub stop: Option<&'a (dyn Fn() -> bool + Sync)>,
    /// Told at the end of every round.
    pub progress: Option<&'a (dyn Fn(&Progress) + Sync)>,
}

impl Control<'_> {
    pub(crate) fn stopped(&self) -> bool {
        self.stop.is_some_and(|stop| stop())
    }

    pub(crate) fn report(&self, phase: Phase, round: u32, bound: Option<i64>, gap: Option<i64>) {
        if let Some(progress) = self.progress {
            progress(&Progress { phase, round, bound, gap });
        }
    }
}

impl std::fmt::Debug for Control<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Control").finish_non_exhaustive()
    }
}
