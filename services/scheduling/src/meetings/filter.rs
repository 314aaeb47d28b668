//! Which meetings are listed.

use super::meeting::State;
use crate::time::Span;
use uuid::Uuid;

/// All of these that are given hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Of this match.
    pub(crate) match_id: Option<Uuid>,
    /// With this person.
    pub(crate) person_id: Option<Uuid>,
    /// Of this program.
    pub(crate) program_id: Option<Uuid>,
    /// In this state.
    pub(crate) state: Option<State>,
    /// Starting in this range.
    pub(crate) starts: Span,
}
