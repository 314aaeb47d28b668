//! Testkit tested on itself.

mod database;
mod faults;
mod services;
mod suite;
mod waiting;
