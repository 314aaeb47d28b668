//! What this service does from time to time.

mod purge_deleted;
mod purge_syncs;
mod run_syncs;

runtime::jobs! { crate::Gateway;
    purge_deleted every 24 hours,
    purge_syncs every 24 hours,
    run_syncs every 1 second,
}
