//! Domain: a person as the directory shows them, and where they stand. Pure.

use super::row::Facts;
use crate::words::words;
use jiff::Timestamp;
use kernel::Uuid;

words! {
    /// Whether a person belongs to the organisation.
    pub(crate) enum State {
        /// Belongs to it.
        Active = "active",
        /// Has left.
        Deactivated = "deactivated",
    }
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) id: Uuid,
    pub(crate) external_id: String,
    pub(crate) facts: Facts,
    pub(crate) manager: Option<Uuid>,
    pub(crate) chain: Vec<Uuid>,
    pub(crate) state: State,
    pub(crate) deactivated_at: Option<Timestamp>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

/// What the rules of programs need to know of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) active: bool,
    pub(crate) unit: String,
    pub(crate) manager: Option<Uuid>,
}
