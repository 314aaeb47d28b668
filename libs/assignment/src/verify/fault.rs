//! What the verifier can find wrong.

/// The first thing found wrong with a solution.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The lists do not have one entry per person.
    #[error("the solution has {given} {what}, the problem {expected}")]
    Length {
        /// Which list.
        what: &'static str,
        /// Entries in the solution.
        given: usize,
        /// Entries expected.
        expected: usize,
    },
    /// A pair was made that is infeasible or forbidden.
    #[error("mentee {mentee} must not be with mentor {mentor}")]
    Infeasible {
        /// The mentee.
        mentee: u32,
        /// The mentor.
        mentor: u32,
    },
    /// A locked pair was not made.
    #[error("the lock of mentee {mentee} to mentor {mentor} is not honoured")]
    Lock {
        /// The mentee.
        mentee: u32,
        /// The mentor.
        mentor: u32,
    },
    /// A mentor has more mentees than places.
    #[error("mentor {mentor} has {given} mentees for {capacity} places")]
    Overfull {
        /// The mentor.
        mentor: u32,
        /// Mentees given to it.
        given: i64,
        /// Its places.
        capacity: i64,
    },
    /// A group has fewer mentees than it needs, and not none.
    #[error("mentor {mentor} has {given} mentees and needs {minimum}")]
    Underfull {
        /// The mentor.
        mentor: u32,
        /// Mentees given to it.
        given: i64,
        /// Its minimum.
        minimum: i64,
    },
    /// A number in the solution is not what it should add up to.
    #[error("{what} is {given}, recomputed {expected}")]
    Sum {
        /// Which number.
        what: &'static str,
        /// As stated.
        given: i64,
        /// As recomputed.
        expected: i128,
    },
    /// A price is negative.
    #[error("the price of {side} {index} is {price}")]
    NegativePrice {
        /// `mentee` or `mentor`.
        side: &'static str,
        /// Who.
        index: usize,
        /// The price.
        price: i64,
    },
    /// Two prices do not cover the worth of a pair: the bound is not a bound.
    #[error("the prices of mentee {mentee} and mentor {mentor} fall {short} short of their worth")]
    Uncovered {
        /// The mentee.
        mentee: u32,
        /// The mentor.
        mentor: u32,
        /// By how much.
        short: i128,
    },
    /// The solution claims to be the best, but its bound is larger than its value.
    #[error("claimed optimal with a gap of {gap}")]
    Gap {
        /// The gap.
        gap: i128,
    },
    /// The lift is too small for coverage to come first.
    #[error("the lift {lift} does not outweigh {needed} points")]
    Lift {
        /// The lift stated.
        lift: i64,
        /// What it has to exceed.
        needed: i128,
    },
    /// A proof that the mode needs is missing.
    #[error("the proof of the {mode} mode is missing")]
    NoProof {
        /// The mode.
        mode: &'static str,
    },
    /// A pair is in no member of a cover.
    #[error("the {cover} cover misses mentee {mentee} and mentor {mentor}")]
    NotCovered {
        /// Which cover.
        cover: &'static str,
        /// The mentee.
        mentee: u32,
        /// The mentor.
        mentor: u32,
    },
    /// A cover names somebody who does not exist.
    #[error("the {cover} cover names an unknown {side}")]
    UnknownInCover {
        /// Which cover.
        cover: &'static str,
        /// `mentee` or `mentor`.
        side: &'static str,
    },
    /// A cover is too heavy to prove anything.
    #[error("the {cover} cover weighs {weight}, more than {limit}")]
    HeavyCover {
        /// Which cover.
        cover: &'static str,
        /// Its weight.
        weight: i128,
        /// What it may weigh.
        limit: i128,
    },
    /// Two people would both rather have each other.
    #[error("mentee {mentee} and mentor {mentor} would rather have each other")]
    Blocking {
        /// The mentee.
        mentee: u32,
        /// The mentor.
        mentor: u32,
    },
}
