//! Leaves nothing behind in a shared broker.

use crate::database::off_runtime;
use lapin::{
    Connection, ConnectionProperties,
    options::{ExchangeDeleteOptions, QueueDeleteOptions},
};
use std::collections::BTreeSet;

/// The queues and exchanges of one suite. Dropped, they are deleted.
pub(super) struct Prefix {
    pub(super) url: String,
    pub(super) prefix: String,
    pub(super) services: Vec<&'static str>,
}

impl Prefix {
    /// All that its services can have declared. Deleting what is not there is no error to RabbitMQ.
    fn queues(&self) -> BTreeSet<String> {
        let mut queues = BTreeSet::from([format!("{}mentor.unrouted", self.prefix)]);
        for service in &self.services {
            queues.insert(format!("{}{service}.dead", self.prefix));
            for event in contracts::event_types() {
                queues.insert(format!("{}{service}.{}", self.prefix, event.aggregate));
            }
        }
        queues
    }
}

impl Drop for Prefix {
    fn drop(&mut self) {
        let (url, queues, prefix) = (self.url.clone(), self.queues(), self.prefix.clone());
        off_runtime(async move {
            let Ok(connection) = Connection::connect(&url, ConnectionProperties::default()).await else { return };
            let Ok(channel) = connection.create_channel().await else { return };
            for queue in queues {
                let _ = channel.queue_delete(queue.as_str().into(), QueueDeleteOptions::default()).await;
            }
            for exchange in ["mentor.events", "mentor.unrouted"] {
                let name = format!("{prefix}{exchange}");
                let _ = channel.exchange_delete(name.as_str().into(), ExchangeDeleteOptions::default()).await;
            }
            let _ = connection.close(200, "done".into()).await;
        });
    }
}
