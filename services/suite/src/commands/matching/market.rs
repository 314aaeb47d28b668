//! What both kinds of input have in common.

use assignment::{Control, Error, Fault, Options, Solution};
use serde::Serialize;

/// What one criterion contributes to a pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Part {
    /// The criterion.
    pub(super) criterion: String,
    /// Its points.
    pub(super) points: i64,
    /// The points of a perfect fit.
    pub(super) of: i64,
    /// Where the points come from, as part of a sentence.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) detail: String,
}

/// Mentees, mentors and what their pairs are worth, from pairs or from profiles.
pub(super) trait Market: Sync {
    /// How many mentees there are.
    fn mentees(&self) -> usize;
    /// The places of each mentor.
    fn capacities(&self) -> &[i64];
    /// The id of a mentee.
    fn mentee(&self, mentee: u32) -> &str;
    /// The id of a mentor.
    fn mentor(&self, mentor: u32) -> &str;
    /// What to call a mentee in a sentence.
    fn call_mentee(&self, mentee: u32) -> &str;
    /// What to call a mentor in a sentence.
    fn call_mentor(&self, mentor: u32) -> &str;
    /// The feasible mentors of a mentee with their scores.
    fn row(&self, mentee: u32, into: &mut Vec<(u32, i64)>);
    /// The score of a pair, or `None` where it is not feasible.
    fn score(&self, mentee: u32, mentor: u32) -> Option<i64>;
    /// Why a pair is not feasible, as the end of a sentence.
    fn infeasible(&self, mentee: u32, mentor: u32) -> String;
    /// How many mentors each rule removes for a mentee.
    fn removed(&self, mentee: u32) -> Vec<(String, usize)>;
    /// The parts of a score; none where scores come from a file.
    fn parts(&self, mentee: u32, mentor: u32) -> Vec<Part>;
    /// Finds the best assignment.
    fn solve(&self, options: &Options, control: &Control<'_>) -> Result<Solution, Error>;
    /// Checks it, independently.
    fn verify(&self, options: &Options, solution: &Solution) -> Result<(), Fault>;
    /// An error of the engine with its place in the files.
    fn explain(&self, error: Error) -> anyhow::Error;
}
