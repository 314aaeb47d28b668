//! What a run did, on the terminal or as JSON.

use contracts::mentor::gateway::v1::{
    SyncChange, SyncChangeKind, SyncCounts, SyncError, SyncMode, SyncRun, SyncState,
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use std::time::Duration;

/// A bar on standard error; nothing is shown where nobody watches.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new() -> Bar {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let style = "{spinner:.cyan} {bar:30.green} {elapsed:>4} {human_pos} of {human_len} {wide_msg}";
        bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.enable_steady_tick(Duration::from_millis(100));
        Bar(bar)
    }

    /// The bytes of the file on their way.
    pub(super) fn say(&self, text: &str) {
        self.0.set_message(text.to_owned());
    }

    /// Where the run is.
    pub(super) fn show(&self, run: &SyncRun) {
        let counts = run.counts.unwrap_or_default();
        self.0.set_length(counts.total.max(counts.read).unsigned_abs());
        self.0.set_position(counts.read.unsigned_abs());
        let doing = match run.state() {
            SyncState::Queued if run.message.is_empty() => "waiting for a worker".to_owned(),
            SyncState::Queued => run.message.clone(),
            _ if counts.deactivated > 0 => format!("{} have left", counts.deactivated),
            _ => format!("{} new, {} changed, {} left out", counts.created, counts.updated, counts.rejected),
        };
        self.0.set_message(doing);
    }

    pub(super) fn end(&self) {
        self.0.finish_and_clear();
    }
}

/// The word for a state.
pub(super) fn state(run: &SyncRun) -> &'static str {
    match run.state() {
        SyncState::Unspecified => "unknown",
        SyncState::Queued => "queued",
        SyncState::Running => "running",
        SyncState::AwaitingConfirmation => "awaiting_confirmation",
        SyncState::Succeeded => "succeeded",
        SyncState::Failed => "failed",
        SyncState::Cancelled => "cancelled",
    }
}

fn kind(change: &SyncChange) -> &'static str {
    match change.kind() {
        SyncChangeKind::Comes => "comes",
        SyncChangeKind::Changes => "changes",
        SyncChangeKind::Returns => "returns",
        SyncChangeKind::Leaves => "leaves",
        SyncChangeKind::Unspecified => "unknown",
    }
}

/// Everything as JSON.
pub(super) fn json(run: &SyncRun, errors: &[SyncError], changes: &[SyncChange]) -> Value {
    let counts = run.counts.unwrap_or_default();
    let error = |e: &SyncError| json!({ "row": e.row, "external_id": e.external_id, "field": e.field, "message": e.message, "rejected": e.rejected });
    let change =
        |c: &SyncChange| json!({ "external_id": c.external_id, "kind": kind(c), "fields": c.fields });
    json!({
        "sync_run_id": run.sync_run_id,
        "source_id": run.source_id,
        "state": state(run),
        "dry_run": run.dry_run,
        "mode": if run.mode() == SyncMode::Delta { "delta" } else { "snapshot" },
        "message": run.message,
        "read": counts.read,
        "created": counts.created,
        "updated": counts.updated,
        "reactivated": counts.reactivated,
        "deactivated": counts.deactivated,
        "unchanged": counts.unchanged,
        "rejected": counts.rejected,
        "errors": errors.iter().map(error).collect::<Vec<_>>(),
        "changes": changes.iter().map(change).collect::<Vec<_>>(),
    })
}

/// Everything in words.
pub(super) fn text(run: &SyncRun, errors: &[SyncError], changes: &[SyncChange]) -> String {
    let mut lines = vec![counted(run)];
    if !run.message.is_empty() {
        lines.push(run.message.clone());
    }
    lines.extend(errors.iter().map(told));
    lines.extend(changes.iter().map(|change| {
        let fields = change.fields.join(", ");
        format!("  {:<8} {}  {fields}", kind(change), change.external_id).trim_end().to_owned()
    }));
    lines.join("\n")
}

fn counted(run: &SyncRun) -> String {
    let SyncCounts { read, created, updated, reactivated, deactivated, unchanged, rejected, .. } =
        run.counts.unwrap_or_default();
    let would = if run.dry_run { "a dry run, nothing was written: " } else { "" };
    format!(
        "{would}{read} read: {created} new, {updated} changed, {reactivated} back, {deactivated} gone, \
         {unchanged} as they were, {rejected} left out"
    )
}

fn told(error: &SyncError) -> String {
    let place = match (error.row, error.external_id.as_str()) {
        (0, "") => String::new(),
        (0, id) => format!("{id}: "),
        (row, "") => format!("row {row}: "),
        (row, id) => format!("row {row} ({id}): "),
    };
    let field = if error.field.is_empty() { String::new() } else { format!("{} ", error.field) };
    let out = if error.rejected { " (left out)" } else { "" };
    format!("  {place}{field}{}{out}", error.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_told_in_words() {
        let counts = SyncCounts { read: 3, created: 2, rejected: 1, ..SyncCounts::default() };
        let run =
            SyncRun { counts: Some(counts), message: "1 record was left out".into(), ..SyncRun::default() };
        let error = SyncError {
            row: 4,
            external_id: "7".into(),
            field: "email".into(),
            message: "is no address".into(),
            rejected: true,
        };
        let said = text(&run, std::slice::from_ref(&error), &[]);
        let expected = "3 read: 2 new, 0 changed, 0 back, 0 gone, 0 as they were, 1 left out\n1 record was left out\n  \
                        row 4 (7): email is no address (left out)";
        assert_eq!(said, expected);
        assert_eq!(json(&run, &[error], &[])["errors"][0]["row"], 4);
    }
}
