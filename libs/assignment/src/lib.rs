//! The best assignment of mentees to mentors: exact, proven and explained.
//!
//! Mentees take one place each, mentors have places, and every feasible pair has a score in whole
//! points. [`solve`] finds the assignment that is best in the [`Mode`] of the [`Options`], together
//! with a [`Certificate`] that [`verify`] checks without trusting the solver. [`explain`] answers
//! why a pair was made, why another was not, and why somebody has nobody.
//!
//! ```
//! use assignment::{Control, Options, Pair, Problem, solve, verify};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let pair = |mentee, mentor, score| Pair { mentee, mentor, score };
//! let pairs = [pair(0, 0, 90), pair(0, 1, 80), pair(1, 0, 85), pair(1, 1, 20)];
//! let problem = Problem::new(2, vec![1, 1], &pairs)?;
//! let solution = solve(&problem, &Options::default(), &Control::default())?;
//! assert_eq!(solution.mentor_of, [Some(1), Some(0)]);
//! assert_eq!(solution.total, 165);
//! verify(&problem, &Options::default(), &solution)?;
//! # Ok(())
//! # }
//! ```
//!
//! All arithmetic is on 64-bit integers; inputs whose sums could leave that range are refused by
//! name. Nothing here reads a clock, a file or a random source.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod audit;
mod engine;
mod error;
pub mod explain;
mod market;
mod modes;
mod options;
pub mod people;
mod plan;
mod problem;
mod rematch;
mod solution;
mod solve;
mod verify;

pub use error::Error;
pub use options::{Control, Floors, Mode, Options, Phase, Progress};
pub use people::{People, solve_people, verify_people};
pub use problem::{Pair, Problem};
pub use rematch::{Change, Moved, Rematch};
pub use solution::{BottleneckProof, Certificate, Cover, FairProof, GroupProof, Outcome, Solution};
pub use solve::{solve, solve_again};
pub use verify::{Fault, verify};
