//! The tests of the engine, as one program. `PROPTEST_CASES` scales the random ones up.

mod audit;
mod brute_force;
mod common;
mod edges;
mod invented;
mod oracle;
mod people;
mod rematch;
mod verifier;
