//! What this service does from time to time.

mod complete_matches;
mod expire_matches;

runtime::jobs! { crate::Matching;
    expire_matches every 15 minutes,
    complete_matches every 1 hour,
}
