//! What each figure should reach.

use Goal::{AtMost, Exactly, Faster, Ratio};

/// When a figure is good enough.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Goal {
    /// At least this share of the reference, and at least so many.
    Ratio(f64, f64),
    /// A time so many times shorter than the reference's, where there is one.
    Faster(f64),
    /// No more than this.
    AtMost(f64),
    /// This: fewer is a reason to change the goal.
    Exactly(f64),
}

/// The names are those that the benches print.
const GOALS: &[(&str, Goal)] = &[
    ("Get by key over gRPC", Ratio(0.45, 0.0)),
    ("insert with outbox, audit and idempotency in one RPC", Ratio(0.75, 0.0)),
    ("consumer with inbox", Ratio(0.60, 0.0)),
    ("relay, quorum queue", Ratio(0.90, 20_000.0)),
    // A quarter dearer at most.
    ("gateway hop, one call at a time", Ratio(0.80, 0.0)),
    // Opening a transaction takes one, each statement one; a mutation two more: events, audit and answer, and COMMIT.
    ("SQL of GetProgram", Exactly(2.0)),
    ("SQL of ListPrograms", Exactly(2.0)),
    ("SQL of CreateProgram", Exactly(4.0)),
    ("SQL of UpdateProgram", Exactly(5.0)),
    ("SQL of PublishProgram", Exactly(6.0)),
    ("SQL of SubmitApplication", Exactly(7.0)),
    ("SQL of SubmitApplication again with its request id", Exactly(3.0)),
    ("why a pair, run of 600 x 500", AtMost(10.0)),
    ("why not a pair, run of 600 x 500", AtMost(10.0)),
    ("why left over, run of 600 x 500", AtMost(10.0)),
    ("left by SCIM until refused by every service", AtMost(1.0)),
    ("left by SCIM until refused by every service, slowest of 5", AtMost(1.0)),
    ("signed out at the provider until refused by every service", AtMost(1.0)),
    ("signed out at the provider until refused by every service, slowest of 5", AtMost(1.0)),
    ("start to SERVING", AtMost(1.0)),
    ("resident memory at rest", AtMost(60.0)),
    ("sparse, 100,000 x 50,000, 32 candidates each", Faster(8.0)),
    ("sparse, 300,000 x 150,000, 32 candidates each", Faster(8.0)),
    ("shortage of places, 50,000 x 25,000", Faster(8.0)),
    ("surplus of places, 50,000 x 25,000", Faster(8.0)),
    ("all scores equal, 50,000 x 25,000", Faster(8.0)),
    ("scores 0 to 21, 50,000 x 25,000", Faster(8.0)),
    ("everybody wants the same ten, 50,000 x 25,000", Faster(8.0)),
    ("square, 10,000 x 10,000, from profiles", Faster(20.0)),
    ("square, 10,000 x 10,000, from profiles, memory", AtMost(50.0)),
    ("all pairs of 100,000 x 50,000, certified", AtMost(12.0)),
    ("all pairs of 100,000 x 50,000, certified, memory", AtMost(300.0)),
    ("all pairs of 300,000 x 150,000, certified", AtMost(120.0)),
    ("all pairs of 300,000 x 150,000, certified, memory", AtMost(800.0)),
    ("one change of 100,000, places to spare, median", AtMost(0.2)),
    ("one change of 100,000, places to spare, 95th percentile", AtMost(4.3)),
    ("one change of 100,000, no place to spare, median", AtMost(0.2)),
    ("one change of 100,000, no place to spare, 95th percentile", AtMost(4.3)),
    ("3,200,000 pairs read and checked", AtMost(1.2)),
    ("a program of 20 pairs", AtMost(1.0)),
    ("a program of 50 pairs", AtMost(1.0)),
];

/// The goal of a figure, if it has one.
pub(crate) fn of(what: &str) -> Option<Goal> {
    GOALS.iter().find(|(name, _)| *name == what).map(|(_, goal)| *goal)
}

impl Goal {
    /// The figure's share of the reference; for times, how many times shorter.
    pub(crate) fn ratio(goal: Option<Goal>, figure: f64, reference: f64) -> f64 {
        match goal {
            Some(Faster(_)) => reference / figure,
            _ => figure / reference,
        }
    }

    /// `None` where it cannot be told without a reference.
    pub(crate) fn is_reached(self, figure: f64, ratio: Option<f64>) -> Option<bool> {
        match self {
            Ratio(share, least) => ratio.map(|ratio| ratio >= share && figure >= least),
            Faster(times) => ratio.map(|ratio| ratio >= times),
            AtMost(limit) => Some(figure <= limit),
            Exactly(number) => Some(figure == number),
        }
    }

    pub(crate) fn words(self, unit: &str) -> String {
        match self {
            Ratio(share, least) if least > 0.0 => format!("ratio >= {share:.2} and >= {least} {unit}"),
            Ratio(share, _) => format!("ratio >= {share:.2}"),
            Faster(times) => format!("ratio >= {times}"),
            AtMost(limit) => format!("<= {limit} {unit}"),
            Exactly(number) => format!("= {number} {unit}"),
        }
    }
}
