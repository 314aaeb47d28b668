//! What can be wrong with a file.

use std::{
    fmt,
    path::{Path, PathBuf},
};

/// A result whose error names the place.
pub(crate) type Result<T> = std::result::Result<T, Box<BadInput>>;

/// Something wrong in a file, and where.
#[derive(Debug)]
pub(crate) struct BadInput {
    /// The file as it was named.
    pub(crate) file: PathBuf,
    /// The row as an editor counts lines; 1 is the header.
    pub(crate) row: Option<u64>,
    /// The column by its name.
    pub(crate) column: Option<String>,
    /// What is wrong there.
    pub(crate) what: What,
}

impl BadInput {
    /// Something wrong with a file as a whole.
    pub(crate) fn file(file: &Path, what: What) -> Box<Self> {
        Box::new(Self { file: file.to_owned(), row: None, column: None, what })
    }

    /// Something wrong in a row.
    pub(crate) fn row(file: &Path, row: u64, what: What) -> Box<Self> {
        Box::new(Self { file: file.to_owned(), row: Some(row), column: None, what })
    }

    /// Something wrong with one value.
    pub(crate) fn cell(file: &Path, row: u64, column: &str, what: What) -> Box<Self> {
        Box::new(Self { file: file.to_owned(), row: Some(row), column: Some(column.to_owned()), what })
    }
}

impl fmt::Display for BadInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(row) = self.row {
            write!(f, ", row {row}")?;
        }
        if let Some(column) = &self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.what)
    }
}

impl std::error::Error for BadInput {}

/// The kinds of mistakes.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum What {
    /// The file can't be opened or read.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// There is a header at most.
    #[error("has no rows, but there must be at least one {0}")]
    Empty(&'static str),
    /// A column that is needed is not there.
    #[error("there is no column `{wanted}`; the header has {}", .has.join(", "))]
    NoColumn {
        /// Its name.
        wanted: String,
        /// What the header has.
        has: Vec<String>,
    },
    /// Two columns have the same name.
    #[error("the header names this column twice")]
    ColumnTwice,
    /// The row is longer or shorter than the header.
    #[error("has {given} fields, the header {expected}")]
    Fields {
        /// Fields of the row.
        given: u64,
        /// Fields of the header.
        expected: u64,
    },
    /// The bytes are not UTF-8.
    #[error("is not UTF-8 text")]
    NotText,
    /// A value is needed.
    #[error("is empty")]
    NoValue,
    /// Not a whole number, such as NaN or 1.5.
    #[error("`{0}` is not a whole number")]
    NotWhole(String),
    /// A number that does not fit.
    #[error("`{text}` is past the range of {least} to {most}")]
    PastRange {
        /// As written.
        text: String,
        /// The least that is possible.
        least: i64,
        /// The largest that is possible.
        most: i64,
    },
    /// Capacity 0 or below.
    #[error("capacity {0} is not positive; leave out mentors without places")]
    NotPositive(i64),
    /// A value of another form than asked for.
    #[error("`{text}` is not {expected}")]
    Form {
        /// As written.
        text: String,
        /// What would do.
        expected: String,
    },
    /// An id that no file defines.
    #[error("there is no {side} `{id}`")]
    Unknown {
        /// `mentee` or `mentor`.
        side: &'static str,
        /// As written.
        id: String,
    },
    /// An id or a pair that stood before.
    #[error("{record} stands in row {first} already")]
    Twice {
        /// What stands twice.
        record: String,
        /// Where it stood first.
        first: u64,
    },
    /// A floor for a group in which nobody is.
    #[error("no mentee is in the group `{0}`")]
    NoMember(String),
    /// Floors that the engine can't compute with.
    #[error("{0}")]
    Floors(String),
    /// A pair that is locked and excluded.
    #[error("the lock of {mentee} to {mentor} contradicts row {row} of {exclusions}")]
    LockExcluded {
        /// The mentee.
        mentee: String,
        /// The mentor.
        mentor: String,
        /// The file that excludes the pair.
        exclusions: String,
        /// Its row.
        row: u64,
    },
    /// A lock on a pair that can't be.
    #[error("{mentee} cannot be locked to {mentor}: {reason}")]
    LockInfeasible {
        /// The mentee.
        mentee: String,
        /// The mentor.
        mentor: String,
        /// What removes the pair.
        reason: String,
    },
    /// More locks on a mentor than places.
    #[error("every place of {mentor} is locked before (capacity {capacity})")]
    LockCapacity {
        /// The mentor.
        mentor: String,
        /// Places.
        capacity: i64,
    },
    /// A score whose sums could overflow.
    #[error("score {score} (keep bonus included) is past ±{limit}, where sums stay within 64 bits")]
    ScoreRange {
        /// The score.
        score: i64,
        /// The largest magnitude.
        limit: i64,
    },
    /// A part of the criteria that can't be used.
    #[error("{record}: {reason}")]
    Criteria {
        /// Which.
        record: String,
        /// Why.
        reason: String,
    },
}
