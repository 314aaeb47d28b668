//! What this service does from time to time.

mod purge_deleted;
mod purge_deliveries;
mod purge_sessions;
mod purge_syncs;
pub(crate) mod refresh_ended_sessions;
mod run_syncs;
mod send_webhooks;

runtime::jobs! { crate::Gateway;
    purge_deleted every 24 hours,
    purge_deliveries every 1 hour,
    purge_sessions every 1 hour,
    purge_syncs every 24 hours,
    refresh_ended_sessions every 500 milliseconds,
    run_syncs every 1 second,
    send_webhooks every 1 second,
}
