//! What this service does from time to time.

mod expire_applications;
pub(crate) mod refresh_deactivated;

runtime::jobs! { crate::Enrollment;
    expire_applications every 1 hour,
    refresh_deactivated every 500 milliseconds,
}
