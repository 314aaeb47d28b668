//! Between the contract and the domain.

use super::{
    employee::Fault,
    mapping::Mapping,
    run::{Mode, Run, State},
    schedule::Schedule,
    source::Source,
    store::told::Change,
};
use contracts::mentor::gateway::v1 as wire;
use contracts::time::{timestamp, timestamp_some};
use kernel::{Error, Result};
use prost::Message;

/// How a source is reached and read, as kept.
pub(crate) fn settings(source: &Source) -> Result<wire::SourceSettings> {
    wire::SourceSettings::decode(source.settings.as_slice()).map_err(Error::internal)
}

/// The schedule of a request.
pub(crate) fn schedule_in(schedule: Option<wire::SyncSchedule>) -> Schedule {
    let wire::SyncSchedule { times, zone } = schedule.unwrap_or_default();
    Schedule { times, zone }
}

/// A mapping that must hold rules.
///
/// # Errors
/// `FIELD_INVALID` with the path of the rule below `path`.
pub(crate) fn mapping_in(path: &str, mapping: &[wire::FieldMapping]) -> Result<Mapping> {
    Mapping::new(mapping, &[]).map_err(|mut error| {
        for violation in &mut error.violations {
            violation.field = format!("{path}.{}", violation.field);
        }
        Error::fields(error.violations)
    })
}

/// The mode of a request.
pub(crate) fn mode_in(mode: i32) -> Mode {
    match wire::SyncMode::try_from(mode) {
        Ok(wire::SyncMode::Snapshot) => Mode::Snapshot,
        Ok(wire::SyncMode::Delta) => Mode::Delta,
        _ => Mode::Own,
    }
}

/// A source for an answer.
pub(crate) fn source_out(source: &Source, people: i64) -> Result<wire::Source> {
    let schedule = &source.schedule;
    Ok(wire::Source {
        source_id: source.id.to_string(),
        name: source.name.clone(),
        settings: Some(settings(source)?),
        schedule: Some(wire::SyncSchedule { times: schedule.times.clone(), zone: schedule.zone.clone() }),
        max_deactivation_percent: source.max_percent,
        id_prefix: source.id_prefix.clone(),
        paused: source.paused,
        created_at: Some(timestamp(source.created_at)),
        next_run_at: timestamp_some(source.next_run_at.filter(|_| !source.paused)),
        people,
        etag: storage::etag(source.version),
    })
}

/// A run for an answer.
pub(crate) fn run_out(run: &Run) -> wire::SyncRun {
    let counts = &run.counts;
    wire::SyncRun {
        sync_run_id: run.id.to_string(),
        source_id: run.source.to_string(),
        state: state_out(run.state).into(),
        dry_run: run.dry,
        mode: mode_out(run.mode).into(),
        counts: Some(wire::SyncCounts {
            read: counts.read,
            total: counts.total,
            created: counts.created,
            updated: counts.updated,
            reactivated: counts.reactivated,
            deactivated: counts.deactivated,
            unchanged: counts.unchanged,
            rejected: counts.rejected,
            errors: counts.errors,
        }),
        message: run.message.clone(),
        file_name: run.file_name.clone(),
        created_at: Some(timestamp(run.created_at)),
        finished_at: timestamp_some(run.finished_at),
        automatic: run.automatic,
    }
}

fn state_out(state: State) -> wire::SyncState {
    match state {
        State::Queued => wire::SyncState::Queued,
        State::Running => wire::SyncState::Running,
        State::Awaiting => wire::SyncState::AwaitingConfirmation,
        State::Succeeded => wire::SyncState::Succeeded,
        State::Failed => wire::SyncState::Failed,
        State::Cancelled => wire::SyncState::Cancelled,
    }
}

fn mode_out(mode: Mode) -> wire::SyncMode {
    match mode {
        Mode::Own => wire::SyncMode::Unspecified,
        Mode::Snapshot => wire::SyncMode::Snapshot,
        Mode::Delta => wire::SyncMode::Delta,
    }
}

/// A fault for an answer.
pub(crate) fn error_out(fault: Fault) -> wire::SyncError {
    wire::SyncError {
        row: fault.row,
        external_id: fault.external_id,
        field: fault.field,
        message: fault.message,
        rejected: fault.rejected,
    }
}

/// A change for an answer.
pub(crate) fn change_out(change: Change) -> wire::SyncChange {
    let kind = match change.kind.as_str() {
        "comes" => wire::SyncChangeKind::Comes,
        "changes" => wire::SyncChangeKind::Changes,
        "returns" => wire::SyncChangeKind::Returns,
        "leaves" => wire::SyncChangeKind::Leaves,
        _ => wire::SyncChangeKind::Unspecified,
    };
    wire::SyncChange { external_id: change.external_id, kind: kind.into(), fields: change.fields }
}
