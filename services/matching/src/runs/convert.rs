//! Between the contract's runs and the domain's.

use super::explain::{Missed, PairAnswer, UnmatchedAnswer, unmatched_reason};
use super::found;
use super::run::{Run, State};
use super::snapshot::{Mark, Mode, Snapshot};
use super::solver::Proven;
use super::store::pairs::{Key, PairRule};
use super::store::{Proposal, UnmatchedRow};
use super::terms::{Attribute, Fair, Floor, Follows, KEEP_BONUS, LONGEST, Terms};
use crate::criteria::convert::{parts, rule};
use crate::criteria::person::Person;
use contracts::mentor::matching::v1 as pb;
use contracts::time::timestamp;
use kernel::{Error, Result, parse_id};
use std::time::Duration;

/// A run as the contract shows it.
pub(crate) fn run(run: &Run) -> pb::MatchRun {
    pb::MatchRun {
        run_id: run.id.to_string(),
        program_id: run.program.to_string(),
        state: state(run.state).into(),
        mode: mode(run.mode).into(),
        seed: run.seed,
        criteria_version: run.criteria_version,
        mentees: run.mentees,
        mentors: run.mentors,
        places: run.places,
        feasible_pairs: run.feasible_pairs,
        pairs: run.pairs,
        unmatched: run.unmatched,
        total_score: run.total_score,
        bound: run.bound,
        value: run.value,
        progress: run.progress,
        phase: run.phase.clone(),
        failure: run.failure.clone(),
        input_digest: run.input_digest.clone(),
        result_digest: run.result_digest.clone(),
        created_at: Some(timestamp(run.created_at)),
        finished_at: run.finished_at.map(timestamp),
        published_at: run.published_at.map(timestamp),
        round: run.round,
        gap: run.gap,
        outcome: run
            .found
            .as_ref()
            .map_or(pb::MatchOutcome::Unspecified, |found| outcome(found.proven))
            .into(),
        gap_limit: run.terms.gap_limit,
        time_limit: run.terms.time_limit.and_then(|limit| limit.try_into().ok()),
        rematch: run.terms.follows.map(|follows| {
            rematch(follows, run.found.as_ref().and_then(|found| found.rematch).unwrap_or_default())
        }),
        fair_groups: fair_groups(run),
        fair: run.terms.fair.as_ref().map(fair),
        least_group: run.terms.least_group,
    }
}

fn outcome(proven: Proven) -> pb::MatchOutcome {
    match proven {
        Proven::Optimal => pb::MatchOutcome::Optimal,
        Proven::WithinGap => pb::MatchOutcome::WithinGap,
        Proven::Stopped => pb::MatchOutcome::Stopped,
    }
}

fn rematch(follows: Follows, counts: found::Rematch) -> pb::Rematch {
    pb::Rematch {
        previous_run_id: follows.run.to_string(),
        keep_bonus: follows.keep_bonus,
        favoured: counts.favoured,
        kept: counts.kept,
        moved: counts.moved,
        lost: counts.lost,
        joined: counts.joined,
        left: counts.left,
    }
}

fn fair_groups(run: &Run) -> Vec<pb::FairGroup> {
    let (Some(fair), Some(found)) = (&run.terms.fair, &run.found) else { return Vec::new() };
    let group = |(floor, group): (&Floor, &found::Group)| pb::FairGroup {
        group: floor.group.clone(),
        mentees: group.mentees,
        least_mean: floor.least_mean,
        mean: group.mean,
        met: group.met,
    };
    fair.floors.iter().zip(&found.groups).map(group).collect()
}

fn fair(fair: &Fair) -> pb::FairTerms {
    let floor = |floor: &Floor| pb::FairFloor { group: floor.group.clone(), least_mean: floor.least_mean };
    pb::FairTerms { by: attribute(fair.by).into(), floors: fair.floors.iter().map(floor).collect() }
}

fn attribute(attribute: Attribute) -> pb::FairAttribute {
    match attribute {
        Attribute::Unit => pb::FairAttribute::Unit,
        Attribute::Grade => pb::FairAttribute::Grade,
        Attribute::Profession => pb::FairAttribute::Profession,
    }
}

fn read_fair(terms: &pb::FairTerms) -> Result<Fair> {
    let by = match terms.by() {
        pb::FairAttribute::Unit => Attribute::Unit,
        pb::FairAttribute::Grade => Attribute::Grade,
        pb::FairAttribute::Profession => Attribute::Profession,
        pb::FairAttribute::Unspecified => {
            return Err(Error::field("fair.by", "must be unit, grade or profession"));
        }
    };
    let floor = |floor: &pb::FairFloor| Floor { group: floor.group.clone(), least_mean: floor.least_mean };
    Ok(Fair { by, floors: terms.floors.iter().map(floor).collect() })
}

/// The terms of a request in its mode.
pub(crate) fn read_terms(request: &pb::StartMatchRunRequest, mode: Mode) -> Result<Terms> {
    let fair = match (&request.fair, mode) {
        (Some(terms), Mode::Fair) => Some(read_fair(terms)?),
        (None, Mode::Fair) => {
            return Err(Error::field("fair", "the fair mode needs the floors that it keeps"));
        }
        (Some(_), _) => return Err(Error::field("fair", "only the fair mode keeps floors")),
        (None, _) => None,
    };
    let follows = match request.previous_run_id.as_str() {
        "" => None,
        id => Some(Follows {
            run: parse_id("previous_run_id", id)?,
            keep_bonus: request.keep_bonus.unwrap_or(KEEP_BONUS),
        }),
    };
    let time_limit = request.time_limit.map(|limit| {
        let given = Duration::try_from(limit).ok();
        given
            .filter(|limit| !limit.is_zero() && *limit <= LONGEST)
            .ok_or_else(|| Error::field("time_limit", "must be more than nothing and at most 3600s"))
    });
    let least_group = if request.least_group > 1 { request.least_group } else { 0 };
    if least_group > 0 && !matches!(mode, Mode::MaxTotal | Mode::MaxCardinality) {
        return Err(Error::field("least_group", "groups go with MAX_TOTAL and MAX_CARDINALITY only"));
    }
    Ok(Terms {
        gap_limit: request.gap_limit,
        time_limit: time_limit.transpose()?,
        follows,
        fair,
        least_group,
    })
}

fn state(state: State) -> pb::MatchRunState {
    match state {
        State::Queued => pb::MatchRunState::Queued,
        State::Solving => pb::MatchRunState::Solving,
        State::Completed => pb::MatchRunState::Completed,
        State::Published => pb::MatchRunState::Published,
        State::Cancelled => pb::MatchRunState::Cancelled,
        State::Failed => pb::MatchRunState::Failed,
    }
}

/// The database's name of a state asked for; none when it was not said.
pub(crate) fn state_name(given: i32) -> Option<&'static str> {
    State::ALL.into_iter().find(|known| i32::from(state(*known)) == given).map(State::name)
}

fn mode(mode: Mode) -> pb::MatchMode {
    match mode {
        Mode::MaxTotal => pb::MatchMode::MaxTotal,
        Mode::MaxCardinality => pb::MatchMode::MaxCardinality,
        Mode::Bottleneck => pb::MatchMode::Bottleneck,
        Mode::Stable => pb::MatchMode::Stable,
        Mode::Fair => pb::MatchMode::Fair,
    }
}

/// The mode of a request; the largest total when it was not said.
pub(crate) fn read_mode(given: i32) -> Mode {
    Mode::ALL.into_iter().find(|known| i32::from(mode(*known)) == given).unwrap_or(Mode::MaxTotal)
}

/// A pair of a run.
pub(crate) fn proposal(pair: &Proposal) -> pb::Proposal {
    pb::Proposal {
        mentor_participant_id: pair.mentor_participant_id.to_string(),
        mentor_person_id: pair.mentor_person_id.to_string(),
        mentee_participant_id: pair.mentee_participant_id.to_string(),
        mentee_person_id: pair.mentee_person_id.to_string(),
        score: pair.score,
        parts: parts(&pair.parts, &pair.points_at_most),
        mentor_rank: pair.mentor_rank,
        mentee_rank: pair.mentee_rank,
        pinned: pair.pinned,
        kept: pair.kept,
    }
}

/// A mentee without a pair.
pub(crate) fn unmatched(row: &UnmatchedRow) -> pb::UnmatchedMentee {
    pb::UnmatchedMentee {
        mentee_participant_id: row.mentee_participant_id.to_string(),
        mentee_person_id: row.mentee_person_id.to_string(),
        reason: reason(&row.reason).into(),
        feasible_mentors: row.feasible_mentors,
    }
}

fn reason(name: &str) -> pb::UnmatchedReason {
    match name {
        "outbid" => pb::UnmatchedReason::Outbid,
        "no_group" => pb::UnmatchedReason::NoGroup,
        _ => pb::UnmatchedReason::NoFeasibleMentor,
    }
}

fn participant(list: &[Person], at: usize) -> String {
    list.get(at).map(|person| person.participant.to_string()).unwrap_or_default()
}

/// Why a pair was made, or why not.
pub(crate) fn pair_answer(
    answer: PairAnswer,
    points: &[i32],
    snapshot: &Snapshot,
) -> pb::ExplainPairResponse {
    let holders = answer.holders.iter().map(|holder| pb::PlaceHolder {
        mentee_participant_id: participant(&snapshot.mentees, holder.mentee),
        score: holder.score,
        mentee_price: holder.price,
    });
    // Criteria that do not count are left out of the parts.
    let facts = answer.facts.iter().zip(points).filter(|(_, most)| **most > 0).map(|(fact, _)| fact);
    let parts = parts(&answer.scored.parts, points).into_iter().zip(facts);
    pb::ExplainPairResponse {
        proposed: answer.proposed,
        pinned: answer.pinned,
        broken_rules: answer.broken.into_iter().map(|broken| rule(broken).into()).collect(),
        score: answer.scored.score,
        parts: parts.map(|(part, fact)| pb::ScorePart { fact: fact.clone(), ..part }).collect(),
        mentor_rank: answer.mentor_rank.rank,
        mentee_rank: answer.mentee_rank.rank,
        points_short: answer.short.points(),
        holders: holders.collect(),
        given_mentor_participant_id: answer
            .given
            .map(|(mentor, _)| participant(&snapshot.mentors, mentor))
            .unwrap_or_default(),
        given_score: answer.given.map_or(0, |(_, score)| score),
        better: answer.better.iter().map(|one| missed(one, snapshot)).collect(),
        kept: answer.kept,
        summary: answer.summary,
    }
}

fn missed(missed: &Missed, snapshot: &Snapshot) -> pb::MissedChoice {
    pb::MissedChoice {
        mentor_participant_id: participant(&snapshot.mentors, missed.mentor),
        score: missed.score,
        points_short: missed.short.points(),
    }
}

/// Why a mentee got nobody.
pub(crate) fn unmatched_answer(answer: UnmatchedAnswer, snapshot: &Snapshot) -> pb::ExplainUnmatchedResponse {
    let rules = answer
        .rules
        .iter()
        .map(|ruled| pb::RuleCount { rule: rule(ruled.rule).into(), mentors: ruled.mentors });
    let nearest = answer.nearest.iter().map(|one| missed(one, snapshot));
    pb::ExplainUnmatchedResponse {
        reason: reason(unmatched_reason(answer.feasible_mentors, answer.without_group)).into(),
        rules: rules.collect(),
        feasible_mentors: answer.feasible_mentors,
        nearest: nearest.collect(),
        summary: answer.summary,
    }
}

/// What was said of a pair.
pub(crate) fn pair_rule(said: &PairRule) -> pb::PairRule {
    pb::PairRule {
        program_id: said.key.program.to_string(),
        mentor_participant_id: said.key.mentor.to_string(),
        mentee_participant_id: said.key.mentee.to_string(),
        kind: kind(said.mark).into(),
        reason: said.reason.clone(),
        changed_at: Some(timestamp(said.changed_at)),
    }
}

fn kind(mark: Mark) -> pb::PairRuleKind {
    match mark {
        Mark::Pinned => pb::PairRuleKind::Pinned,
        Mark::Forbidden => pb::PairRuleKind::Forbidden,
        Mark::Failed => pb::PairRuleKind::Failed,
    }
}

/// The kind of a request; none when it was not said.
pub(crate) fn read_kind(given: i32) -> Option<Mark> {
    [Mark::Pinned, Mark::Forbidden, Mark::Failed].into_iter().find(|mark| i32::from(kind(*mark)) == given)
}

/// The pair of a request.
pub(crate) fn read_key(program: &str, mentor: &str, mentee: &str) -> Result<Key> {
    Ok(Key {
        program: parse_id("program_id", program)?,
        mentor: parse_id("mentor_participant_id", mentor)?,
        mentee: parse_id("mentee_participant_id", mentee)?,
    })
}
