//! The consumer loop of one queue: batches in, one commit, one acknowledgement.

use super::{Rabbit, Topology, away, barrier, headers, link, short};
use crate::{Envelope, MessagingSettings, backoff::Backoff, handler::Handler};
use futures::{StreamExt, stream::ReadyChunks};
use kernel::Result;
use lapin::{
    BasicProperties, Channel, Consumer,
    message::Delivery,
    options::{
        BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions,
        QueueDeclareOptions,
    },
    types::{AMQPValue, FieldTable},
};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

const TAG: &str = "mentor";
/// After this long without a delivery the queue is looked after.
const QUIET: Duration = Duration::from_secs(5);

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
    deliveries: Option<ReadyChunks<Consumer>>,
}

impl Session {
    async fn next(&mut self) -> Option<Vec<lapin::Result<Delivery>>> {
        match self.deliveries.as_mut() {
            Some(deliveries) => deliveries.next().await,
            None => None,
        }
    }
}

impl Drop for Session {
    /// Closes the channel before the consumer goes. Cancelled first, as lapin would, the consumer of another
    /// replica becomes the active one while deliveries are still out here, and gets those after them: out of
    /// order. With the channel, everything goes back to its place and then to the other.
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (channel, deliveries) = (self.channel.clone(), self.deliveries.take());
        runtime.spawn(async move {
            link::close(&channel).await;
            drop(deliveries);
        });
    }
}

impl QueueLoop {
    /// Runs until stopped. The batch in hand then is finished and acknowledged, the rest goes back.
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
        // From here on the channel is closed for certain, also when this is given up while the broker makes a
        // consumer: one that nobody knows of would hold the queue for ever.
        let mut session = Session { channel: self.rabbit.consuming.channel().await?, deliveries: None };
        session.deliveries = Some(link::answer(self.subscribe(&session.channel)).await?);
        Ok(session)
    }

    async fn subscribe(&self, channel: &Channel) -> Result<ReadyChunks<Consumer>> {
        self.topology.declare(channel, &self.rabbit.names).await?;
        // The next batches are here already while one is handled and acknowledged.
        let prefetch = self.settings.consume_batch.saturating_mul(4).max(2);
        channel.basic_qos(prefetch, BasicQosOptions::default()).await.map_err(away)?;
        let options = BasicConsumeOptions::default();
        let queue = short(self.queue.as_str())?;
        let consumer =
            channel.basic_consume(queue, TAG.into(), options, FieldTable::default()).await.map_err(away)?;
        Ok(consumer.ready_chunks(usize::from(self.settings.consume_batch.max(1))))
    }

    async fn consume(&self, session: &mut Session) -> Result<()> {
        loop {
            let batch = tokio::select! {
                biased;
                () = self.stop.cancelled() => {
                    link::close(&session.channel).await;
                    return Ok(());
                }
                batch = timeout(QUIET, session.next()) => batch,
            };
            match batch {
                Ok(Some(batch)) => self.batch(&session.channel, batch).await?,
                Ok(None) => return Err(away("the consumer was cancelled")),
                Err(_) => link::answer(self.check(&session.channel)).await?,
            }
        }
    }

    /// Makes sure in a quiet moment that quiet is what it is: the connection answers and the queue is there.
    /// RabbitMQ 3.10 does not tell the consumers of a quorum queue that it was deleted.
    async fn check(&self, channel: &Channel) -> Result<()> {
        let passive = QueueDeclareOptions { passive: true, ..Default::default() };
        let queue = short(self.queue.as_str())?;
        let queue = channel.queue_declare(queue, passive, FieldTable::default()).await.map_err(away)?;
        if queue.consumer_count() == 0 {
            return Err(away("the queue was made anew and does not know its consumer"));
        }
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
                    Err(why) => self.set_aside(&delivery, &why).await?,
                }
            }
            last = Some(delivery);
        }
        self.handle(&mut events).await?;
        if let Some(delivery) = last {
            link::answer(async { delivery.ack(BasicAckOptions { multiple: true }).await.map_err(away) })
                .await?;
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
    async fn set_aside(&self, delivery: &Delivery, why: &str) -> Result<()> {
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
        let safe = link::answer(async {
            publisher.confirm_select(ConfirmSelectOptions::default()).await.map_err(away)?;
            let sending = publisher.basic_publish("".into(), queue, options, &delivery.data, properties);
            sending.await.map_err(away)?.await.map_err(away)
        })
        .await?;
        link::close(&publisher).await;
        if safe.is_ack() && safe.take_message().is_none() {
            return Ok(());
        }
        Err(away("a foreign message could not be set aside"))
    }
}
