//! A message that asks the consumer of a queue to answer when it has handled everything before it.

use super::{Rabbit, away, link, short};
use futures::StreamExt;
use kernel::Result;
use lapin::{
    BasicProperties, Channel,
    message::Delivery,
    options::{BasicConsumeOptions, BasicPublishOptions, QueueDeclareOptions},
    types::{FieldTable, ShortString},
};
use std::time::Duration;
use tokio::time::timeout;

const KIND: &str = "mentor.barrier";

/// Whether this is a barrier and no event.
pub(crate) fn is_barrier(delivery: &Delivery) -> bool {
    delivery.properties.kind().as_ref().is_some_and(|kind| kind.as_str() == KIND)
}

/// Tells whoever put up the barrier that everything before it is handled.
pub(crate) async fn answer(channel: &Channel, delivery: &Delivery) -> Result<()> {
    let Some(reply_to) = delivery.properties.reply_to() else { return Ok(()) };
    send(channel, reply_to.clone(), BasicProperties::default()).await
}

async fn send(channel: &Channel, queue: ShortString, properties: BasicProperties) -> Result<()> {
    let options = BasicPublishOptions::default();
    channel.basic_publish("".into(), queue, options, b"", properties).await.map_err(away)?;
    Ok(())
}

impl Rabbit {
    /// Returns when the consumers of these queues have handled everything that was in them.
    pub(crate) async fn barrier(&self, queues: &[String], patience: Duration) -> Result<()> {
        if queues.is_empty() {
            return Ok(());
        }
        let channel = link::Closing(self.publishing.channel().await?);
        timeout(patience, pass(&channel.0, queues)).await.map_err(away)?
    }
}

async fn pass(channel: &Channel, queues: &[String]) -> Result<()> {
    let own = QueueDeclareOptions { exclusive: true, auto_delete: true, ..Default::default() };
    let replies = channel.queue_declare("".into(), own, FieldTable::default()).await.map_err(away)?;
    let options = BasicConsumeOptions { no_ack: true, ..Default::default() };
    let mut answers = channel
        .basic_consume(replies.name().clone(), "barrier".into(), options, FieldTable::default())
        .await
        .map_err(away)?;
    for queue in queues {
        // It dies with the patience of whoever asks, should the queue have no consumer.
        let properties = BasicProperties::default()
            .with_type(KIND.into())
            .with_reply_to(replies.name().clone())
            .with_expiration("60000".into());
        send(channel, short(queue.as_str())?, properties).await?;
    }
    for _ in queues {
        answers.next().await.ok_or_else(|| away("the channel was closed"))?.map_err(away)?;
    }
    Ok(())
}
