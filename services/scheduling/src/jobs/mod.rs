//! What the service does from time to time.

mod close_unreported_meetings;

runtime::jobs! { crate::Scheduling;
    close_unreported_meetings every 1 hour,
}
