//! Waiting for something to become true, with a deadline and a clear complaint.

use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Waits until an async expression is true (or `Some`, giving its value), at most for the given time:
/// `eventually!(Duration::from_secs(5), count().await == 3)`. Fails the test with the expression's text.
#[macro_export]
macro_rules! eventually {
    ($deadline:expr, $condition:expr $(,)?) => {
        $crate::poll($deadline, concat!(file!(), ":", line!(), ": ", stringify!($condition)), async || {
            $condition
        })
        .await
    };
}

/// What [`eventually!`] can wait for.
pub trait Outcome {
    /// What comes out.
    type Value;
    /// The value once it is there.
    fn ready(self) -> Option<Self::Value>;
}

impl Outcome for bool {
    type Value = ();
    fn ready(self) -> Option<()> {
        self.then_some(())
    }
}

impl<T> Outcome for Option<T> {
    type Value = T;
    fn ready(self) -> Option<T> {
        self
    }
}

/// The loop behind [`eventually!`]: tries at once, then after pauses that grow from 2 to 50 ms.
///
/// # Panics
/// When the deadline passes, naming what was waited for.
pub async fn poll<O: Outcome>(
    deadline: Duration,
    what: &str,
    mut condition: impl AsyncFnMut() -> O,
) -> O::Value {
    let end = Instant::now() + deadline;
    let mut pause = Duration::from_millis(2);
    loop {
        if let Some(value) = condition().await.ready() {
            return value;
        }
        assert!(Instant::now() < end, "not within {deadline:?}: {what}");
        sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}
