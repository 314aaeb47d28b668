//! What this service does from time to time.

mod purge_deleted;

runtime::jobs! { crate::Gateway;
    purge_deleted every 24 hours,
}
