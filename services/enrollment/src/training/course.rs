//! Domain: courses, what a role requires of them, and who completed them. Pure.

use crate::profile::Side;
use jiff::Timestamp;
use kernel::{Error, Result, Uuid};

/// A course.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Course {
    pub(crate) id: Uuid,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) duration_minutes: i32,
    pub(crate) created_at: Timestamp,
}

/// A course that a program requires of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Requirement {
    pub(crate) program: Uuid,
    pub(crate) side: Side,
    pub(crate) course: Uuid,
}

/// A completed course.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Completion {
    pub(crate) person: Uuid,
    pub(crate) course: Uuid,
    pub(crate) completed_at: Timestamp,
}

impl Course {
    /// A new course.
    ///
    /// # Errors
    /// `FIELD_INVALID` for a blank title.
    pub(crate) fn new(
        id: Uuid,
        title: &str,
        description: String,
        duration_minutes: i32,
        now: Timestamp,
    ) -> Result<Course> {
        let title = title.trim();
        if title.is_empty() {
            return Err(Error::field("title", "must not be blank"));
        }
        Ok(Course { id, title: title.to_owned(), description, duration_minutes, created_at: now })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_trimmed_and_not_blank() {
        let course = |title| Course::new(Uuid::nil(), title, String::new(), 60, Timestamp::UNIX_EPOCH);
        assert_eq!(course(" Mentoring basics ").expect("valid").title, "Mentoring basics");
        assert_eq!(course("  ").expect_err("blank").violations[0].field, "title");
    }
}
