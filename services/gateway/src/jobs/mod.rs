//! What this service does from time to time.

mod purge_deleted;
mod purge_deliveries;
mod send_webhooks;

runtime::jobs! { crate::Gateway;
    purge_deleted every 24 hours,
    purge_deliveries every 1 hour,
    send_webhooks every 1 second,
}
