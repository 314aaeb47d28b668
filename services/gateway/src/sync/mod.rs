//! People from the HRIS by files, directories and APIs: sources, their runs, and what a run tells the directory.

pub(crate) mod connector;
pub(crate) mod employee;
mod mapping;
mod schedule;
pub(crate) mod secrets;
pub(crate) mod settings;
