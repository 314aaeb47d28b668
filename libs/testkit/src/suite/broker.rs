//! Leaves nothing behind in a shared broker and a shared cache.

use crate::database::off_runtime;
use lapin::{
    Connection, ConnectionProperties,
    options::{ExchangeDeleteOptions, QueueDeleteOptions},
};
use std::collections::BTreeSet;

/// The queues, exchanges and cached keys of one suite. Dropped, they are deleted.
pub struct Prefix {
    /// The broker's URL.
    pub broker: String,
    /// The cache's URL.
    pub cache: String,
    /// What stands before the name of every queue and exchange.
    pub prefix: String,
    /// What every cached key starts with.
    pub keys: String,
    /// Whose queues they are.
    pub services: Vec<&'static str>,
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
        let (broker, cache) = (self.broker.clone(), self.cache.clone());
        let (queues, prefix, keys) = (self.queues(), self.prefix.clone(), self.keys.clone());
        off_runtime(async move {
            tokio::join!(delete_queues(&broker, &prefix, queues), delete_keys(&cache, &keys));
        });
    }
}

async fn delete_queues(url: &str, prefix: &str, queues: BTreeSet<String>) {
    let Ok(connection) = Connection::connect(url, ConnectionProperties::default()).await else { return };
    let Ok(channel) = connection.create_channel().await else { return };
    for queue in queues {
        let _ = channel.queue_delete(queue.as_str().into(), QueueDeleteOptions::default()).await;
    }
    for exchange in ["mentor.events", "mentor.unrouted"] {
        let name = format!("{prefix}{exchange}");
        let _ = channel.exchange_delete(name.as_str().into(), ExchangeDeleteOptions::default()).await;
    }
    let _ = connection.close(200, "done".into()).await;
}

async fn delete_keys(url: &str, start: &str) {
    let Ok(client) = redis::Client::open(url) else { return };
    let Ok(mut connection) = client.get_multiplexed_async_connection().await else { return };
    let script = redis::Script::new(
        "local keys = redis.call('keys', ARGV[1] .. '*')
         for _, key in ipairs(keys) do redis.call('unlink', key) end
         return #keys",
    );
    let _: redis::RedisResult<i64> = script.arg(start).invoke_async(&mut connection).await;
}
