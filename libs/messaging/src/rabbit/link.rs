//! One connection that is made again whenever it is gone.

use super::away;
use kernel::Result;
use lapin::{Channel, Connection, ConnectionProperties, uri::AMQPUri};
use std::time::Duration;
use tokio::{sync::Mutex, time::timeout};

/// How long connecting or opening a channel may take: half of the time in which events must flow again after a fault.
const PATIENCE: Duration = Duration::from_secs(5);

/// A connection by purpose.
pub(crate) struct Link {
    purpose: &'static str,
    uri: AMQPUri,
    current: Mutex<Option<Connection>>,
}

impl Link {
    pub(crate) fn new(purpose: &'static str, uri: AMQPUri) -> Self {
        Link { purpose, uri, current: Mutex::new(None) }
    }

    /// A new channel, over a new connection when the last one is gone. Callers wait for one attempt together.
    pub(crate) async fn channel(&self) -> Result<Channel> {
        let mut current = self.current.lock().await;
        if let Some(connection) = current.as_ref().filter(|connection| connection.status().connected()) {
            match timeout(PATIENCE, connection.create_channel()).await {
                Ok(Ok(channel)) => return Ok(channel),
                Ok(Err(error)) => tracing::debug!(%error, "the broker connection is gone, connecting again"),
                Err(_) => tracing::debug!("the broker connection is silent, connecting again"),
            }
        }
        *current = None;
        let properties =
            ConnectionProperties::default().with_connection_name(format!("mentor {}", self.purpose).into());
        let connecting = Connection::connect_uri(self.uri.clone(), properties);
        let connection = timeout(PATIENCE, connecting).await.map_err(away)?.map_err(away)?;
        let channel = timeout(PATIENCE, connection.create_channel()).await.map_err(away)?.map_err(away)?;
        *current = Some(connection);
        Ok(channel)
    }
}

/// Waits for an answer of the broker, but not for ever: a connection may be dead without a word.
pub(crate) async fn answer<T>(asking: impl Future<Output = Result<T>>) -> Result<T> {
    timeout(PATIENCE, asking).await.map_err(away)?
}

/// Closes a channel that is done with; one that is gone already is as good.
pub(crate) async fn close(channel: &Channel) {
    if channel.status().connected() {
        let closing = async { channel.close(200, "done".into()).await.map_err(away) };
        if let Err(error) = answer(closing).await {
            tracing::debug!(%error, "a broker channel was gone before it was closed");
        }
    }
}

/// Closes its channel when it is dropped, whatever is under way on it.
pub(crate) struct Closing(pub(crate) Channel);

impl Drop for Closing {
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let channel = self.0.clone();
        runtime.spawn(async move { close(&channel).await });
    }
}
