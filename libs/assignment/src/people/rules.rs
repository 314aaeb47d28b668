//! Hard rules: what removes a pair whatever it would score.

use super::side::Side;

/// A rule that every pair must satisfy. Columns have one entry per mentee or per mentor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What to call it in explanations.
    pub name: String,
    /// What it asks.
    pub condition: Condition,
}

/// What a rule asks of a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// The two must differ, as in team. Unknown values satisfy it.
    Differ {
        /// Value of each mentee.
        mentee: Vec<Option<u32>>,
        /// Value of each mentor.
        mentor: Vec<Option<u32>>,
    },
    /// The mentor must have at least one of what the mentee must have, as in language or region:
    /// sets of up to 64 values as bits. A mentee with an empty set asks for nothing.
    Share {
        /// Set of each mentee.
        mentee: Vec<u64>,
        /// Set of each mentor.
        mentor: Vec<u64>,
    },
    /// Both must be ready, as in trained.
    Ready {
        /// Whether each mentee is.
        mentee: Vec<bool>,
        /// Whether each mentor is.
        mentor: Vec<bool>,
    },
    /// These pairs are out, as in the same reporting line or an earlier failed pair.
    Exclude {
        /// The pairs, as `(mentee, mentor)`, in any order.
        pairs: Vec<(u32, u32)>,
    },
}

impl Condition {
    /// Whether a pair satisfies the condition, by its definition.
    pub(crate) fn allows(&self, mentee: usize, mentor: usize) -> bool {
        match self {
            Self::Differ { mentee: from, mentor: to } => from[mentee].is_none() || from[mentee] != to[mentor],
            Self::Share { mentee: from, mentor: to } => from[mentee] == 0 || from[mentee] & to[mentor] != 0,
            Self::Ready { mentee: from, mentor: to } => from[mentee] && to[mentor],
            Self::Exclude { pairs } => pairs.binary_search(&(mentee as u32, mentor as u32)).is_err(),
        }
    }

    /// Whether the condition lets a column of a layout have nobody at all.
    pub(crate) fn bars(&self, side: Side, column: usize) -> bool {
        match self {
            Self::Ready { mentee, mentor } => !side.turn((mentee, mentor)).1[column],
            _ => false,
        }
    }
}
