//! Waiting before the next attempt at a server that is away.

use std::time::Duration;
use tokio_util::sync::CancellationToken;

const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(3);

/// Doubles from 50 ms to 3 s, so that work goes on within seconds of the server's return.
#[derive(Debug)]
pub(crate) struct Backoff(Duration);

impl Backoff {
    pub(crate) fn new() -> Self {
        Backoff(FIRST)
    }

    /// The last attempt went well.
    pub(crate) fn reset(&mut self) {
        self.0 = FIRST;
    }

    /// Waits. `false`: asked to stop meanwhile.
    pub(crate) async fn wait(&mut self, stop: &CancellationToken) -> bool {
        let delay = self.0;
        self.0 = (self.0 * 2).min(LONGEST);
        stop.run_until_cancelled(tokio::time::sleep(delay)).await.is_some()
    }
}
