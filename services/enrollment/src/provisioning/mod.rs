//! What identity providers say of people and groups, taken into the directory: who is whom, under whom they stand, which
//! audiences they belong to. A manager who is not known yet is bound when they come.

pub(crate) mod place;
mod staff;
pub(crate) mod store;

pub(crate) use staff::{leave, take_in};
