//! What this service does from time to time, for each tenant.

mod close_check_ins;
mod compute_health;
mod open_check_ins;
mod open_reviews;

runtime::jobs! { crate::Evaluation;
    open_check_ins every 1 hour,
    close_check_ins every 1 hour,
    compute_health every 1 day,
    open_reviews every 1 hour,
}
