//! From which side people are looked at.

/// Whose partners are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Rows are mentees, columns mentors.
    Mentees,
    /// Rows are mentors, columns mentees.
    Mentors,
}

impl Side {
    /// From mentee's and mentor's to row's and column's; the way back is the same.
    pub(crate) fn turn<T>(self, (mentee, mentor): (T, T)) -> (T, T) {
        match self {
            Self::Mentees => (mentee, mentor),
            Self::Mentors => (mentor, mentee),
        }
    }
}
