//! One module per command; `demo` has its own place.

pub(crate) mod check;
pub(crate) mod config;
pub(crate) mod dev;
pub(crate) mod doctor;
pub(crate) mod events;
pub(crate) mod matching;
pub(crate) mod migrate;
pub(crate) mod people;
pub(crate) mod serve;
pub(crate) mod tokens;
