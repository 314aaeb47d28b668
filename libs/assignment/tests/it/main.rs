//! The tests of the engine, as one program. `PROPTEST_CASES` scales the random ones up.

mod audit;
mod brute_force;
mod bytes;
mod common;
mod criteria;
mod digest;
mod edges;
mod exhaustive;
mod invented;
mod oracle;
mod people;
mod rematch;
mod verifier;
