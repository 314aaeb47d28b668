//! Periodic work.

use futures::future::BoxFuture;
use kernel::{Context, Result};
use std::time::Duration;

/// How a job is called: once per tenant, with the suite itself as the actor.
pub type Run<S> = for<'a> fn(&'a S, &'a Context) -> BoxFuture<'a, Result<()>>;

/// Periodic work of a service. It opens its own transactions, can be run again at any time, and is safe
/// when two replicas run it at once.
pub struct Job<S> {
    /// The job's module, which is also its name in logs and metrics.
    pub name: &'static str,
    /// The least time between two runs, by the injected clock.
    pub every: Duration,
    /// The work for one tenant.
    pub run: Run<S>,
}

/// Lists a service's jobs, one line each; each names a module with
/// `pub(crate) async fn run(service: &S, ctx: &Context) -> Result<()>`.
///
/// ```ignore
/// runtime::jobs! { crate::Scheduling;
///     expire_proposals every 1 hour,
///     close_meetings every 15 minutes,
/// }
/// ```
///
/// It expands to `pub(crate) fn jobs() -> Vec<runtime::Job<S>>`. Units: milliseconds (500 at least, which is how
/// often the clock is looked at), seconds, minutes, hours, days.
#[macro_export]
macro_rules! jobs {
    ($service:ty; $($module:ident every $count:literal $unit:ident),* $(,)?) => {
        /// The periodic jobs, in the order in which they run.
        pub(crate) fn jobs() -> ::std::vec::Vec<$crate::Job<$service>> {
            ::std::vec![$($crate::Job {
                name: ::core::stringify!($module),
                every: $crate::period!($count $unit),
                run: |service, ctx| ::std::boxed::Box::pin($module::run(service, ctx)),
            }),*]
        }
    };
}

/// `period!(15 minutes)` as a `Duration`.
#[macro_export]
macro_rules! period {
    ($count:literal milliseconds) => {
        ::std::time::Duration::from_millis($count)
    };
    ($count:literal second) => {
        ::std::time::Duration::from_secs($count)
    };
    ($count:literal seconds) => {
        ::std::time::Duration::from_secs($count)
    };
    ($count:literal minute) => {
        ::std::time::Duration::from_secs($count * 60)
    };
    ($count:literal minutes) => {
        ::std::time::Duration::from_secs($count * 60)
    };
    ($count:literal hour) => {
        ::std::time::Duration::from_secs($count * 3600)
    };
    ($count:literal hours) => {
        ::std::time::Duration::from_secs($count * 3600)
    };
    ($count:literal day) => {
        ::std::time::Duration::from_secs($count * 86_400)
    };
    ($count:literal days) => {
        ::std::time::Duration::from_secs($count * 86_400)
    };
}
