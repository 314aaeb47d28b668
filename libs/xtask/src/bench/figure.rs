//! A figure, its reference and its goal.

use super::goals::{self, Goal};
use anyhow::{Context, Result};
use serde::Serialize;
use std::fmt;

/// What was measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Figure {
    /// Of what.
    what: String,
    figure: f64,
    unit: String,
    /// What was measured beside it, and how much.
    reference: Option<Reference>,
    /// This to the reference.
    ratio: Option<f64>,
    /// In words.
    goal: Option<String>,
    /// Whether the goal was reached; `None` without a goal.
    ok: Option<bool>,
}

/// Something else that was measured in the same minute.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Reference {
    what: String,
    figure: f64,
    unit: String,
}

impl Figure {
    /// A figure beside a reference, if there is one, judged by the goal of its name.
    pub(crate) fn new(what: &str, figure: f64, unit: &str, reference: Option<(&str, f64, &str)>) -> Figure {
        let goal = goals::of(what);
        let ratio = reference.map(|(_, reference, _)| Goal::ratio(goal, figure, reference));
        Figure {
            what: what.to_owned(),
            figure,
            unit: unit.to_owned(),
            reference: reference.map(|(what, figure, unit)| Reference {
                what: what.to_owned(),
                figure,
                unit: unit.to_owned(),
            }),
            ratio,
            goal: goal.map(|goal| goal.words(unit)),
            ok: goal.and_then(|goal| goal.is_reached(figure, ratio)),
        }
    }

    /// Reads a line of a bench: `what: 12 unit` or `what: 12 unit; reference: 24 unit; ratio 0.5`.
    ///
    /// # Errors
    /// When it is something else.
    pub(crate) fn read(line: &str) -> Result<Figure> {
        let unknown = || format!("this is no figure: {line}");
        let mut parts = line.split("; ");
        let (what, figure, unit) = part(parts.next()).with_context(unknown)?;
        let reference = match parts.next() {
            Some(text) => Some(part(Some(text)).with_context(unknown)?),
            None => None,
        };
        Ok(Figure::new(what, figure, unit, reference))
    }
}

/// `what: 12 unit`.
fn part(text: Option<&str>) -> Option<(&str, f64, &str)> {
    let (what, amount) = text?.rsplit_once(": ")?;
    let (figure, unit) = amount.split_once(' ')?;
    Some((what, figure.parse().ok()?, unit))
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.ok {
            Some(true) => "ok",
            Some(false) => "missed",
            None => "-",
        };
        write!(f, "{verdict:<6}  {}: {} {}", self.what, amount(self.figure), self.unit)?;
        if let (Some(reference), Some(ratio)) = (&self.reference, self.ratio) {
            let Reference { what, figure, unit } = reference;
            write!(f, "; {what}: {} {unit}; ratio {ratio:.2}", amount(*figure))?;
        }
        match &self.goal {
            Some(goal) => write!(f, "; goal {goal}"),
            None => Ok(()),
        }
    }
}

/// As many digits as mean something.
fn amount(figure: f64) -> String {
    if figure == figure.trunc() || figure >= 1_000.0 {
        format!("{figure:.0}")
    } else {
        format!("{figure:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_with_a_reference_is_judged_by_its_ratio() {
        let line = "Get by key over gRPC: 4600 calls/s; pgbench -n -S -M prepared -c 8 -j 1: 10000 transactions/s; ratio 0.46";
        let figure = Figure::read(line).expect("a figure");
        assert_eq!((figure.ratio, figure.ok), (Some(0.46), Some(true)));
        assert_eq!(
            figure.to_string(),
            "ok      Get by key over gRPC: 4600 calls/s; pgbench -n -S -M prepared -c 8 -j 1: 10000 transactions/s; \
             ratio 0.46; goal ratio >= 0.45"
        );
    }

    #[test]
    fn a_line_without_a_reference_is_judged_by_itself() {
        let figure = Figure::read("resident memory at rest: 61.5 MB").expect("a figure");
        assert_eq!((figure.ratio, figure.ok), (None, Some(false)));
        assert_eq!(figure.to_string(), "missed  resident memory at rest: 61.50 MB; goal <= 60 MB");
        let figure = Figure::read("something new: 3 s").expect("a figure");
        assert_eq!(figure.to_string(), "-       something new: 3 s");
    }

    #[test]
    fn both_halves_of_a_goal_count() {
        let line = |events: u32| {
            format!("relay, quorum queue: {events} events/s; raw: {events} events/s; ratio 1.00")
        };
        assert_eq!(Figure::read(&line(25_000)).expect("a figure").ok, Some(true));
        assert_eq!(Figure::read(&line(15_000)).expect("a figure").ok, Some(false));
    }

    #[test]
    fn other_lines_are_refused() {
        assert!(Figure::read("Compiling tests v0.1.0").is_err());
        assert!(Figure::read("what: much").is_err());
    }
}
