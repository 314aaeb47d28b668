//! The consumer loop of one queue: batches in, one commit, one acknowledgement.

use super::{Rabbit, Topology, away, barrier, headers, link, short};
use crate::{Envelope, MessagingSettings, backoff::Backoff, inbox::Handler};
use futures::{StreamExt, stream::ReadyChunks};
use kernel::{Error, Result};
use lapin::{
    BasicProperties, Channel, Consumer,
    message::Delivery,
    options::{
        BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions,
    },
    types::{AMQPValue, FieldTable},
};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

const TAG: &str = "mentor";

/// Consumes one queue until it is stopped, whatever happens to the broker meanwhile.
pub(crate) struct QueueLoop {
    pub(crate) rabbit: Arc<Rabbit>,
    pub(crate) handler: Arc<dyn Handler>,
    pub(crate) topology: Arc<Topology>,
    pub(crate) queue: String,
    /// What the broker gave up to deliver: kept as dead, not handled.
    pub(crate) dead: bool,
    pub(crate) settings: MessagingSettings,
    pub(crate) stop: CancellationToken,
}

/// An open channel with its deliveries.
struct Session {
    channel: Channel,
    deliveries: ReadyChunks<Consumer>,
}

impl QueueLoop {
    /// Runs until stopped. What is in hand then is finished and acknowledged.
    pub(crate) async fn run(self) {
        let mut backoff = Backoff::new();
        while !self.stop.is_cancelled() {
            let outcome = match self.open().await {
                Ok(mut session) => {
                    backoff.reset();
                    self.consume(&mut session).await
                }
                Err(error) => Err(error),
            };
            match outcome {
                Ok(()) => return,
                Err(_) if self.stop.is_cancelled() => return,
                Err(error) => {
                    let cause = std::error::Error::source(&*error).map(ToString::to_string);
                    tracing::warn!(queue = %self.queue, %error, cause, "consuming was interrupted, connecting again");
                    if !backoff.wait(&self.stop).await {
                        return;
                    }
                }
            }
        }
    }

    async fn open(&self) -> Result<Session> {
        let channel = self.rabbit.consuming.channel().await?;
        self.topology.declare(&channel, &self.rabbit.names).await?;
        // The next batch is here already while one is handled.
        let prefetch = self.settings.consume_batch.saturating_mul(2).max(2);
        channel.basic_qos(prefetch, BasicQosOptions::default()).await.map_err(away)?;
        let options = BasicConsumeOptions::default();
        let deliveries = channel
            .basic_consume(short(self.queue.as_str())?, TAG.into(), options, FieldTable::default())
            .await
            .map_err(away)?
            .ready_chunks(usize::from(self.settings.consume_batch.max(1)));
        Ok(Session { channel, deliveries })
    }

    async fn consume(&self, session: &mut Session) -> Result<()> {
        loop {
            let batch = tokio::select! {
                biased;
                () = self.stop.cancelled() => return self.drain(session).await,
                batch = session.deliveries.next() => batch,
            };
            self.batch(&session.channel, batch.ok_or_else(|| away("the consumer was cancelled"))?).await?;
        }
    }

    /// No more deliveries; those that are here are finished.
    async fn drain(&self, session: &mut Session) -> Result<()> {
        session.channel.basic_cancel(TAG.into(), BasicCancelOptions::default()).await.map_err(away)?;
        while let Some(batch) = session.deliveries.next().await {
            self.batch(&session.channel, batch).await?;
        }
        link::close(&session.channel).await;
        Ok(())
    }

    /// Handles deliveries in their order, then acknowledges all at once. Those before an error are acknowledged.
    async fn batch(&self, channel: &Channel, batch: Vec<lapin::Result<Delivery>>) -> Result<()> {
        let mut events = Vec::with_capacity(batch.len());
        let mut last = None;
        let mut broken = None;
        for delivery in batch {
            let delivery = match delivery {
                Ok(delivery) => delivery,
                Err(error) => {
                    broken = Some(away(error));
                    break;
                }
            };
            if barrier::is_barrier(&delivery) {
                self.handle(&mut events).await?;
                barrier::answer(channel, &delivery).await?;
            } else {
                match headers::decode(&delivery) {
                    Ok(event) => events.push(event),
                    Err(why) => self.set_aside(channel, &delivery, &why).await?,
                }
            }
            last = Some(delivery);
        }
        self.handle(&mut events).await?;
        if let Some(delivery) = last {
            delivery.ack(BasicAckOptions { multiple: true }).await.map_err(away)?;
        }
        broken.map_or(Ok(()), Err)
    }

    /// Commits the events, for as long as it takes: the deliveries stay ours while the database is away.
    async fn handle(&self, events: &mut Vec<Envelope>) -> Result<()> {
        let events = std::mem::take(events);
        let mut backoff = Backoff::new();
        while let Err(error) = self.try_handle(&events).await {
            let cause = std::error::Error::source(&*error).map(ToString::to_string);
            tracing::warn!(queue = %self.queue, %error, cause, "events can't be committed, trying again");
            if !backoff.wait(&self.stop).await {
                return Err(error);
            }
        }
        Ok(())
    }

    async fn try_handle(&self, events: &[Envelope]) -> Result<()> {
        if !self.dead {
            return if events.is_empty() { Ok(()) } else { self.handler.handle(events).await };
        }
        for event in events {
            let why = "the broker gave up: its consumer died too often while handling it";
            self.handler.bury(event, why).await?;
        }
        Ok(())
    }

    /// A message that is no event of ours has no tenant to keep it for. It goes where unrouted events go.
    async fn set_aside(&self, channel: &Channel, delivery: &Delivery, why: &str) -> Result<()> {
        tracing::error!(queue = %self.queue, why, "a message is no event and is set aside");
        metrics::counter!("mentor_events_foreign_total", "service" => self.handler.service()).increment(1);
        let mut headers = delivery.properties.headers().clone().unwrap_or_default();
        headers.insert("x-mentor-set-aside".into(), AMQPValue::LongString(why.into()));
        let properties: BasicProperties =
            delivery.properties.clone().with_headers(headers).with_delivery_mode(2);
        let queue = short(self.rabbit.names.unrouted())?;
        let options = BasicPublishOptions { mandatory: true, immediate: false };
        // The copy is confirmed before the original is acknowledged.
        let publisher = self.rabbit.publishing.channel().await?;
        publisher.confirm_select(Default::default()).await.map_err(away)?;
        let confirm = publisher
            .basic_publish("".into(), queue, options, &delivery.data, properties)
            .await
            .map_err(away)?;
        let safe = confirm.await.map_err(away)?;
        link::close(&publisher).await;
        if safe.is_ack() && safe.take_message().is_none() { Ok(()) } else { Err(set_aside_failed(channel)) }
    }
}

fn set_aside_failed(channel: &Channel) -> Box<Error> {
    away(format!("channel {}: a foreign message could not be set aside", channel.id()))
}
