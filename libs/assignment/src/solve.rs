//! Explicit scored pairs, solved in the mode of the options.

use crate::market::{Market, Priced};
use crate::plan::Plan;
use crate::{Control, Error, Mode, Options, Problem, Solution, modes};

/// Finds the best assignment of explicit scored pairs.
///
/// The same problem, options and seed give the same bytes, on any machine.
///
/// # Errors
/// Options that contradict the problem or each other, and scores whose sums could leave 64 bits.
/// An instance in which nobody can be placed is not an error: the assignment is empty.
pub fn solve(problem: &Problem, options: &Options, control: &Control<'_>) -> Result<Solution, Error> {
    solve_from(problem, options, None, control)
}

/// Finds the best assignment like [`solve`], starting from an earlier solution of a similar problem.
///
/// The problem may have changed in any way; people who joined come last on their side. The answer
/// is as exact as a fresh one and usually found much faster, but may be another of several equally
/// good ones. Only [`Mode::MaxTotal`] and [`Mode::MaxCardinality`] make use of the earlier solution.
///
/// # Errors
/// As [`solve`].
pub fn solve_again(
    problem: &Problem,
    options: &Options,
    earlier: &Solution,
    control: &Control<'_>,
) -> Result<Solution, Error> {
    let mut mentor_of = earlier.mentor_of.clone();
    mentor_of.resize(problem.mentees(), None);
    for mentor in &mut mentor_of {
        *mentor = mentor.filter(|&j| (j as usize) < problem.mentors());
    }
    let mut mentor_price = earlier.certificate.mentor_price.clone();
    mentor_price.resize(problem.mentors(), 0);
    // Any prices are a valid start; those that carry another lift would only be a bad one.
    mentor_price.iter_mut().filter(|price| **price > earlier.certificate.lift / 2).for_each(|price| {
        *price = (*price - earlier.certificate.lift).max(0);
    });
    let warm = Priced { mentor_of, mentee_price: Vec::new(), mentor_price, stopped: false };
    solve_from(problem, options, Some(&warm), control)
}

fn solve_from(
    problem: &Problem,
    options: &Options,
    warm: Option<&Priced>,
    control: &Control<'_>,
) -> Result<Solution, Error> {
    let plan = Plan::new(problem.mentees(), &problem.capacity, options, |i, j| problem.find(i, j).is_some())?;
    let market = Market { problem, plan: &plan, options, warm, control };
    modes::groups::check(options, &problem.capacity)?;
    if modes::groups::has_minimums(options) {
        return modes::groups::groups(&market);
    }
    match &options.mode {
        Mode::MaxTotal => market.best(false),
        Mode::MaxCardinality => market.best(true),
        Mode::Bottleneck => modes::bottleneck(&market),
        Mode::Stable => modes::stable(&market),
        Mode::Fair(floors) => modes::fair(&market, floors),
    }
}
