//! What this service does from time to time.

mod purge_deleted;
mod purge_sessions;
pub(crate) mod refresh_ended_sessions;

runtime::jobs! { crate::Gateway;
    purge_deleted every 24 hours,
    purge_sessions every 1 hour,
    refresh_ended_sessions every 1 second,
}
