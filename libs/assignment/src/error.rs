//! What can be wrong with the input. Every variant names the record at fault.

/// A reason the engine refuses an input. Nothing is solved when one is returned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is nobody to place.
    #[error("there are no mentees")]
    NoMentees,
    /// There is nobody to be placed with.
    #[error("there are no mentors")]
    NoMentors,
    /// A side has more members than an index can name (2^32 - 2), or the pairs are as many.
    #[error("too many {what}: {count}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How many were given.
        count: usize,
    },
    /// A capacity is zero or negative.
    #[error("mentor {mentor}: capacity {capacity} is not positive")]
    Capacity {
        /// Index of the mentor.
        mentor: usize,
        /// The capacity given.
        capacity: i64,
    },
    /// A pair names a mentee that does not exist.
    #[error("pair {pair}: there is no mentee {mentee}")]
    UnknownMentee {
        /// Position of the pair in the input.
        pair: usize,
        /// The index given.
        mentee: u32,
    },
    /// A pair names a mentor that does not exist.
    #[error("pair {pair}: there is no mentor {mentor}")]
    UnknownMentor {
        /// Position of the pair in the input.
        pair: usize,
        /// The index given.
        mentor: u32,
    },
    /// Two records name the same pair.
    #[error("mentee {mentee} and mentor {mentor} are paired twice")]
    DuplicatePair {
        /// Index of the mentee.
        mentee: u32,
        /// Index of the mentor.
        mentor: u32,
    },
    /// A score is so large that totals or prices could leave the 64-bit range.
    #[error("mentee {mentee}, mentor {mentor}: score {score} is past the safe range of ±{limit}")]
    ScoreRange {
        /// Index of the mentee.
        mentee: u32,
        /// Index of the mentor.
        mentor: u32,
        /// The score given, the keep bonus included.
        score: i64,
        /// The largest magnitude this instance and mode allow.
        limit: i64,
    },
    /// The second list of scores does not have one entry per pair.
    #[error("{given} mentor scores for {pairs} pairs")]
    MentorScores {
        /// How many were given.
        given: usize,
        /// How many pairs there are.
        pairs: usize,
    },
    /// A lock, exclusion or previous pair names somebody who does not exist.
    #[error("{list} {record}: there is no pair of mentee {mentee} and mentor {mentor}")]
    UnknownPair {
        /// Which list: `lock`, `exclusion` or `previous pair`.
        list: &'static str,
        /// Position in that list.
        record: usize,
        /// The mentee given.
        mentee: u32,
        /// The mentor given.
        mentor: u32,
    },
    /// A pair is both locked and forbidden.
    #[error("lock {lock}: mentee {mentee} and mentor {mentor} are also forbidden")]
    LockForbidden {
        /// Position of the lock.
        lock: usize,
        /// Index of the mentee.
        mentee: u32,
        /// Index of the mentor.
        mentor: u32,
    },
    /// A locked pair breaks a hard rule or is not among the scored pairs.
    #[error("lock {lock}: mentee {mentee} and mentor {mentor} are not a feasible pair")]
    LockInfeasible {
        /// Position of the lock.
        lock: usize,
        /// Index of the mentee.
        mentee: u32,
        /// Index of the mentor.
        mentor: u32,
    },
    /// A mentee is locked twice.
    #[error("lock {lock}: mentee {mentee} is locked already")]
    LockTwice {
        /// Position of the second lock.
        lock: usize,
        /// Index of the mentee.
        mentee: u32,
    },
    /// More mentees are locked to a mentor than the mentor has places.
    #[error("lock {lock}: mentor {mentor} has only {capacity} places")]
    LockCapacity {
        /// Position of the lock that overflows.
        lock: usize,
        /// Index of the mentor.
        mentor: u32,
        /// Places of the mentor.
        capacity: i64,
    },
    /// A scalar option is negative.
    #[error("{option} is {value}, which is negative")]
    NegativeOption {
        /// Name of the option.
        option: &'static str,
        /// The value given.
        value: i64,
    },
    /// The groups of the fair mode do not fit the people.
    #[error("fair groups: {0}")]
    FairGroups(String),
    /// The minimums of the groups do not fit the mentors, or cannot be met.
    #[error("groups: {0}")]
    Groups(String),
    /// A criterion, its weight or a profile cannot be used.
    #[error("{record}: {reason}")]
    Criteria {
        /// The criterion or profile at fault, by name and position.
        record: String,
        /// What is wrong with it.
        reason: String,
    },
}
