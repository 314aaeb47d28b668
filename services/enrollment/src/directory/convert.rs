//! The directory between the contract and the domain.

use super::{
    person::{Person, State},
    plan::Summary,
    row::{Problem, ProblemKind, RawRow},
};
use crate::convert::id_or_empty;
use contracts::time::timestamp_some;
use contracts::{mentor::enrollment::v1 as pb, time::timestamp};
use kernel::{Error, Result, Uuid};

/// A person for an answer.
pub(crate) fn person_out(person: &Person) -> pb::Person {
    let facts = &person.facts;
    pb::Person {
        person_id: person.id.to_string(),
        external_id: person.external_id.clone(),
        display_name: facts.display_name.clone(),
        email: facts.email.clone(),
        manager_id: id_or_empty(person.manager),
        manager_chain: person.chain.iter().map(Uuid::to_string).collect(),
        unit: facts.unit.clone(),
        job_title: facts.job_title.clone(),
        grade: facts.grade.clone(),
        profession: facts.profession.clone(),
        organisation: facts.organisation.clone(),
        parent_organisation: facts.parent_organisation.clone(),
        fte_percent: facts.fte_percent,
        state: state_out(person.state).into(),
        deactivated_at: timestamp_some(person.deactivated_at),
        created_at: Some(timestamp(person.created_at)),
        updated_at: Some(timestamp(person.updated_at)),
    }
}

fn state_out(state: State) -> pb::PersonState {
    match state {
        State::Active => pb::PersonState::Active,
        State::Deactivated => pb::PersonState::Deactivated,
    }
}

/// A state as a filter; unspecified is any.
///
/// # Errors
/// `FIELD_INVALID` for a number that means nothing.
pub(crate) fn state_filter(state: i32) -> Result<Option<State>> {
    match pb::PersonState::try_from(state) {
        Ok(pb::PersonState::Unspecified) => Ok(None),
        Ok(pb::PersonState::Active) => Ok(Some(State::Active)),
        Ok(pb::PersonState::Deactivated) => Ok(Some(State::Deactivated)),
        Err(_) => Err(Error::field("state", "is not a known state")),
    }
}

/// A row as sent.
pub(crate) fn raw(row: &pb::PersonRow) -> RawRow<'_> {
    RawRow {
        external_id: &row.external_id,
        manager: &row.manager_external_id,
        display_name: &row.display_name,
        email: &row.email,
        job_title: &row.job_title,
        grade: &row.grade,
        profession: &row.profession,
        unit: &row.unit,
        organisation: &row.organisation,
        parent_organisation: &row.parent_organisation,
        fte: &row.fte,
        left: row.left,
    }
}

/// A problem for an answer.
pub(crate) fn problem_out(problem: Problem) -> pb::RowResult {
    pb::RowResult {
        row: problem.row,
        external_id: problem.external_id,
        problem: kind_out(problem.kind).into(),
        column: problem.column.to_owned(),
        message: problem.message,
    }
}

fn kind_out(kind: ProblemKind) -> pb::RowProblem {
    match kind {
        ProblemKind::Invalid => pb::RowProblem::Invalid,
        ProblemKind::Duplicate => pb::RowProblem::Duplicate,
        ProblemKind::ManagerUnknown => pb::RowProblem::ManagerUnknown,
        ProblemKind::ManagerLeft => pb::RowProblem::ManagerLeft,
        ProblemKind::Cycle => pb::RowProblem::Cycle,
        ProblemKind::Encoding => pb::RowProblem::Encoding,
        ProblemKind::SnapshotIncomplete => pb::RowProblem::SnapshotIncomplete,
    }
}

/// A summary for an answer.
pub(crate) fn summary_out(summary: &Summary, problems: i64, dry_run: bool) -> pb::ImportSummary {
    pb::ImportSummary {
        rows: summary.rows,
        created: summary.created,
        updated: summary.updated,
        reactivated: summary.reactivated,
        deactivated: summary.deactivated,
        unchanged: summary.unchanged,
        rejected: summary.rejected,
        problems,
        active: summary.active,
        dry_run,
    }
}
