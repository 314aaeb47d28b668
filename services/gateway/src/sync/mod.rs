//! People from the HRIS by files, directories and APIs: sources, their runs, and what a run tells the directory.

mod connector;
mod employee;
