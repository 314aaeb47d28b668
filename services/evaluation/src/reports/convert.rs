//! Counts to the report's messages.

use super::{
    store::{Answers, Match, Steps},
    suppression::{self, Unit},
};
use crate::{
    convert,
    words::{Class, Ending, Role},
};
use contracts::mentor::evaluation::v1 as wire;
use std::collections::BTreeMap;

/// Width of a bar of the score distribution; scores go to 10000.
const BAR: i32 = 1000;

/// `part` of `whole` in hundredths of a percent, rounded down; 0 of 0 is 0.
pub(crate) fn basis_points(part: i32, whole: i32) -> i32 {
    if whole <= 0 {
        return 0;
    }
    i32::try_from(i64::from(part) * 10_000 / i64::from(whole)).unwrap_or(i32::MAX)
}

pub(crate) fn funnel(invited: i32, steps: &Steps) -> wire::Funnel {
    wire::Funnel {
        invited,
        applied: steps.applied,
        endorsed: steps.endorsed,
        accepted: steps.accepted,
        ready: steps.ready,
        matched: steps.matched,
        met: steps.met,
        completed: steps.completed,
    }
}

pub(crate) fn match_counts(matches: &[Match]) -> wire::MatchCounts {
    let count = |is: &dyn Fn(&Match) -> bool| number(matches.iter().filter(|found| is(found)).count());
    wire::MatchCounts {
        proposed: number(matches.len()),
        declined: count(&|found| found.state == "declined"),
        expired: count(&|found| found.state == "expired"),
        activated: count(&|found| found.span.is_some()),
        active: count(&|found| found.state == "active"),
        completed: count(&|found| found.ending == Some(Ending::Completed)),
        ended_early: count(&|found| {
            found.span.is_some() && found.ending.is_some_and(|ending| ending != Ending::Completed)
        }),
    }
}

pub(crate) fn scores(matches: &[Match]) -> Vec<wire::ScoreBucket> {
    let mut bars = BTreeMap::from_iter((0..10).map(|bar| (bar, 0)));
    for found in matches.iter().filter(|found| found.span.is_some()) {
        *bars.entry((found.score / BAR).clamp(0, 9)).or_default() += 1;
    }
    bars.into_iter()
        .map(|(bar, matches)| wire::ScoreBucket {
            from_score: bar * BAR,
            to_score: if bar == 9 { 10 * BAR } else { (bar + 1) * BAR - 1 },
            matches,
        })
        .collect()
}

pub(crate) fn health_month(month: &str, counts: &[(Class, i32)]) -> wire::HealthMonth {
    let of = |class| counts.iter().filter(|(found, _)| *found == class).map(|(_, n)| n).sum();
    wire::HealthMonth {
        month: month.to_owned(),
        too_early: of(Class::TooEarly),
        healthy: of(Class::Healthy),
        watch: of(Class::Watch),
        at_risk: of(Class::AtRisk),
    }
}

/// Means are shown from as many people on as any group.
pub(crate) fn satisfaction(answers: &[Answers]) -> wire::Satisfaction {
    let of = |role: Role| answers.iter().find(|found| found.role == role.name());
    let shown = |role| of(role).filter(|found| found.people >= suppression::LEAST);
    wire::Satisfaction {
        mentor_rating: shown(Role::Mentor).map(|found| found.rating),
        mentee_rating: shown(Role::Mentee).map(|found| found.rating),
        mentee_progress: shown(Role::Mentee).map(|found| found.progress),
        check_ins_opened: answers.iter().map(|found| found.opened).sum(),
        check_ins_answered: answers.iter().map(|found| found.answered).sum(),
    }
}

pub(crate) fn endings(matches: &[Match]) -> Vec<wire::EndingCount> {
    let mut counts: BTreeMap<Ending, i32> = BTreeMap::new();
    for ending in matches.iter().filter(|found| found.span.is_some()).filter_map(|found| found.ending) {
        *counts.entry(ending).or_default() += 1;
    }
    counts
        .into_iter()
        .map(|(ending, matches)| wire::EndingCount { ending: convert::ending(ending).into(), matches })
        .collect()
}

pub(crate) fn units(units: Vec<Unit>) -> Vec<wire::UnitParticipation> {
    let shown = suppression::shown(&units);
    units
        .into_iter()
        .zip(shown)
        .map(|(unit, shown)| wire::UnitParticipation {
            unit: unit.name,
            people: shown.then_some(unit.people),
            participants: shown.then_some(unit.participants),
            suppressed: !shown,
        })
        .collect()
}

fn number(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
