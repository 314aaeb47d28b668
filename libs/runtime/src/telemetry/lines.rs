//! Counts what is logged as a warning or an error, for alerts.

use metrics::counter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::{Layer, layer::Context};

/// Counts lines by level.
pub(super) struct Count;

/// The counters are there from the start: the first line of a level is an increase, and where there was none that is seen.
pub(super) fn begin() {
    for level in ["error", "warn"] {
        counter!("mentor_log_lines_total", "level" => level).increment(0);
    }
}

impl<S: Subscriber> Layer<S> for Count {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        match *event.metadata().level() {
            Level::ERROR => counter!("mentor_log_lines_total", "level" => "error").increment(1),
            Level::WARN => counter!("mentor_log_lines_total", "level" => "warn").increment(1),
            _ => {}
        }
    }
}
