//! Between the contract's runs and the domain's.

use super::explain::{PairAnswer, UnmatchedAnswer};
use super::run::{Run, State};
use super::snapshot::{Mark, Mode, Person, Snapshot};
use super::store::pairs::{Key, PairRule};
use super::store::{Proposal, UnmatchedRow};
use crate::criteria::convert::{parts, rule};
use contracts::mentor::matching::v1 as pb;
use contracts::time::timestamp;
use kernel::{Result, parse_id};

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
    }
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
    }
}

/// A mentee without a pair.
pub(crate) fn unmatched(row: &UnmatchedRow) -> pb::UnmatchedMentee {
    pb::UnmatchedMentee {
        mentee_participant_id: row.mentee_participant_id.to_string(),
        mentee_person_id: row.mentee_person_id.to_string(),
        reason: unmatched_reason(row.feasible_mentors).into(),
        feasible_mentors: row.feasible_mentors,
    }
}

fn unmatched_reason(feasible_mentors: i32) -> pb::UnmatchedReason {
    match feasible_mentors {
        0 => pb::UnmatchedReason::NoFeasibleMentor,
        _ => pb::UnmatchedReason::Outbid,
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
    pb::ExplainPairResponse {
        proposed: answer.proposed,
        pinned: answer.pinned,
        broken_rules: answer.broken.into_iter().map(|broken| rule(broken).into()).collect(),
        score: answer.scored.score,
        parts: parts(&answer.scored.parts, points),
        mentor_rank: answer.mentor_rank,
        mentee_rank: answer.mentee_rank,
        points_short: answer.points_short,
        holders: holders.collect(),
        given_mentor_participant_id: answer
            .given
            .map(|(mentor, _)| participant(&snapshot.mentors, mentor))
            .unwrap_or_default(),
        given_score: answer.given.map_or(0, |(_, score)| score),
        summary: answer.summary,
    }
}

/// Why a mentee got nobody.
pub(crate) fn unmatched_answer(answer: UnmatchedAnswer, snapshot: &Snapshot) -> pb::ExplainUnmatchedResponse {
    let rules = answer
        .rules
        .iter()
        .map(|(broken, mentors)| pb::RuleCount { rule: rule(*broken).into(), mentors: *mentors });
    let nearest = answer.nearest.iter().map(|(mentor, score, short)| pb::MissedChoice {
        mentor_participant_id: participant(&snapshot.mentors, *mentor),
        score: *score,
        points_short: *short,
    });
    pb::ExplainUnmatchedResponse {
        reason: unmatched_reason(answer.feasible_mentors).into(),
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
