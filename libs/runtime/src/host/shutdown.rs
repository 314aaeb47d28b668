//! The end, in order.

use super::Host;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// How a host ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// Everything was finished.
    Complete,
    /// The deadline passed first, during this step. Nothing is lost: what was not committed did not happen, and
    /// what was committed is still in the outbox.
    Cut(&'static str),
}

impl Host {
    /// Ends in this order, and after `shutdown.deadline` at once, whatever is still open:
    ///
    /// 1. *not ready*: `/readyz` and `grpc.health.v1` say so;
    /// 2. *wait* `shutdown.readiness_delay`, for load balancers to look elsewhere, while calls are still served;
    /// 3. *drain*: no new connections, GOAWAY to clients, calls under way are finished, for `shutdown.drain` at most;
    /// 4. *jobs*: the run under way is finished;
    /// 5. *events*: consumers finish and acknowledge what they have in hand, then relays end;
    /// 6. *databases*: audit rows of reads are written, pools are closed;
    /// 7. *telemetry*: the last traces are sent, `/metrics` ends.
    pub async fn shutdown(mut self) -> Shutdown {
        let (began, deadline) = (Instant::now(), self.config.shutdown.deadline);
        let mut step = "not ready";
        let end = timeout(deadline, self.wind_down(&mut step)).await;
        let took = began.elapsed();
        match end {
            Ok(()) => {
                tracing::info!(took.ms = millis(took), "ended in order");
                Shutdown::Complete
            }
            Err(_) => {
                tracing::warn!(
                    took.ms = millis(took),
                    step,
                    "ended by the deadline; this step was not finished"
                );
                Shutdown::Cut(step)
            }
        }
    }

    async fn wind_down(&mut self, step: &mut &'static str) {
        self.probe.not_ready("shutting down");
        self.health.not_serving().await;

        *step = "wait";
        sleep(self.config.shutdown.readiness_delay).await;

        *step = "drain";
        self.stop.accepting.cancel();
        match (&mut self.tasks.server).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(error = %error, "the server ended badly"),
            Err(error) => tracing::error!(error = %error, "the server's task ended badly"),
        }

        *step = "jobs";
        self.stop.jobs.cancel();
        if let Some(jobs) = self.tasks.jobs.take() {
            let _ = jobs.await;
        }

        *step = "events";
        let handles = std::mem::take(&mut self.consuming);
        futures::future::join_all(handles.into_iter().map(messaging::Handle::stop)).await;

        *step = "databases";
        let closing = self.services.iter().map(|(_, service)| service.db().close());
        for closed in futures::future::join_all(closing).await {
            if let Err(error) = closed {
                tracing::error!(error = %error, "the audit of the last reads could not be written");
            }
        }

        *step = "telemetry";
        self.stop.telemetry.cancel();
        if let Some(pages) = self.tasks.telemetry.take() {
            let _ = pages.await;
        }
        if let Some(telemetry) = self.telemetry.clone() {
            // It blocks, so it has a thread of its own.
            let _ = tokio::task::spawn_blocking(move || telemetry.flush()).await;
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
