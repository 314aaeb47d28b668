//! What other services said about programs, people and participants, kept current by their events.

pub(crate) mod participant;
pub(crate) mod store;
