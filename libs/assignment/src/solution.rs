//! The output: who is with whom, and the prices that prove it.

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// No assignment is better; the certificate proves it.
    Optimal,
    /// The assignment is within the gap limit, or (fair mode) no multiplier closes the gap.
    WithinGap,
    /// The caller stopped the run; the bound is valid, the gap may be large.
    Stopped,
}

/// An assignment with its certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Solution {
    /// The mentor of each mentee, or `None` for the unplaced.
    pub mentor_of: Vec<Option<u32>>,
    /// How many mentees are placed.
    pub placed: usize,
    /// The sum of the scores of the pairs made, in points, without keep bonus.
    pub total: i64,
    /// How the run ended.
    pub outcome: Outcome,
    /// The proof.
    pub certificate: Certificate,
}

/// Prices from which anybody can recompute that no assignment is worth more than `bound`.
///
/// A pair's *worth* is `score + keep bonus + lift`; the fair mode weighs it (see [`FairProof`]), the
/// bottleneck mode leaves out pairs below its threshold, and in the stable mode the prices are those
/// of the largest total, so that the gap is what stability costs. The prices satisfy, for every feasible unlocked pair,
/// `mentee_price + mentor_price >= worth`, and are never negative. Then, by linear programming
/// duality, no assignment is worth more than the sum of all mentee prices and of each mentor price
/// times the places not locked, plus the worth of the locked pairs; that is `bound`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// What each mentee gains by taking part, in points; 0 for the locked.
    pub mentee_price: Vec<i64>,
    /// What a place of each mentor costs, in points; 0 where a place stays free.
    pub mentor_price: Vec<i64>,
    /// Points added to every pair so that placing more people outweighs any score; 0 in the modes
    /// that only look at the total.
    pub lift: i64,
    /// What the assignment is worth, in the objective of the mode.
    pub value: i64,
    /// No assignment is worth more.
    pub bound: i64,
    /// The proof of the worst pair, in the bottleneck mode.
    pub bottleneck: Option<BottleneckProof>,
    /// The multipliers, in the fair mode.
    pub fair: Option<FairProof>,
    /// What the search over groups has shown, where there are minimums.
    pub groups: Option<GroupProof>,
}

impl Certificate {
    /// How much better another assignment could be, at most.
    #[must_use]
    pub fn gap(&self) -> i64 {
        self.bound.saturating_sub(self.value)
    }
}

/// Why the worst pair cannot be better without placing fewer people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BottleneckProof {
    /// The lowest score among the unlocked pairs made. Open pairs below it are left out of the
    /// prices; they could only make the worst pair worse.
    pub worst: i64,
    /// Covers every open pair; its weight is the number of unlocked mentees placed, so that no more
    /// can be.
    pub coverage: Cover,
    /// Covers every open pair scored above `worst`; its weight is less than that number.
    pub above: Cover,
}

/// People such that every pair in question has its mentee or its mentor among them.
///
/// No more of those pairs can be made at once than the cover's weight: 1 for each mentee and the
/// unlocked places of each mentor (König 1931).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cover {
    /// Mentees of the cover.
    pub mentees: Vec<u32>,
    /// Mentors of the cover.
    pub mentors: Vec<u32>,
}

/// How far the search over groups of a least size has come.
///
/// The prices prove a bound on the assignments without minimums, which is usually larger than the
/// value; so the outcome is seldom [`Outcome::Optimal`]. Where `bound` here equals the value, the
/// search has looked at or ruled out everything else: no assignment that keeps to the minimums is
/// better. That cannot be checked from the prices, only by repeating the search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupProof {
    /// No assignment that keeps to the minimums is worth more; at most the bound of the prices.
    pub bound: i64,
    /// Branches looked at.
    pub branches: usize,
}

/// Lagrange multipliers of the floors, in 1,024ths.
///
/// The worth of a pair whose mentee is in group `g` is `1024 * (score + keep bonus) +
/// multiplier[g] * score`; the prices are in these units. The bound on the value is the bound on
/// the sum of worths minus `multiplier[g] * floor[g] * members[g]` for each group, divided by 1,024
/// and rounded down. It holds for every assignment that meets the floors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FairProof {
    /// One multiplier per group, not negative.
    pub multiplier: Vec<i64>,
    /// The sum of scores of each group in the assignment.
    pub achieved: Vec<i64>,
    /// Whether the assignment meets every floor.
    pub feasible: bool,
}
