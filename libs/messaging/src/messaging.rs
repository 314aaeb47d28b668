//! All of one service's messaging: declare, start, stop, and pump by hand.

use crate::{
    Broker, Consumer, MessagingSettings,
    handler::Handler,
    inbox::Inbox,
    rabbit::{QueueLoop, Rabbit, Topology},
    relay::Relay,
};
use kernel::Result;
use std::{fmt, sync::Arc};
use storage::Database;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// The relay and the handlers of one service. Cheap to clone.
#[derive(Clone)]
pub struct Messaging(Arc<Shared>);

struct Shared {
    broker: Broker,
    settings: MessagingSettings,
    handler: Arc<dyn Handler>,
    topology: Arc<Topology>,
    relay: Relay,
}

impl Messaging {
    /// The messaging of `service` over its own database.
    pub fn new<S: Send + Sync + 'static>(
        broker: &Broker,
        db: Database,
        service: S,
        consumers: Vec<Consumer<S>>,
        settings: MessagingSettings,
    ) -> Self {
        let relay = Relay::new(db.clone(), broker.clone(), settings.clone());
        let handler: Arc<dyn Handler> = Arc::new(Inbox::new(service, db, consumers, settings.clone()));
        let topology = Arc::new(Topology::new(handler.service(), handler.routes(), settings.delivery_limit));
        Messaging(Arc::new(Shared { broker: broker.clone(), settings, handler, topology, relay }))
    }

    /// The service's name.
    pub fn service(&self) -> &'static str {
        self.0.handler.service()
    }

    /// Makes the broker keep what this service handles. Do so for every service before the first one starts,
    /// and before servers are first run (`mentor migrate`): an event that is published before the queue of its
    /// consumer exists does not reach it. Doing so again changes nothing.
    ///
    /// # Errors
    /// `Unavailable` while the broker is away.
    pub async fn declare(&self) -> Result<()> {
        match &self.0.broker {
            Broker::RabbitMq(rabbit) => rabbit.0.declare(&self.0.topology).await,
            Broker::InProcess(local) => {
                local.0.register(self.0.handler.clone());
                Ok(())
            }
        }
    }

    /// Starts the relay, the consumer loops and the retries. They need nothing to be up: they connect, and
    /// connect again, for ever.
    pub fn start(&self) -> Handle {
        let (consuming, relaying) = (CancellationToken::new(), CancellationToken::new());
        let (mut consumers, mut relays) = (JoinSet::new(), JoinSet::new());
        match &self.0.broker {
            Broker::InProcess(local) => local.0.register(self.0.handler.clone()),
            Broker::RabbitMq(rabbit) => {
                for queue in self.loops(&rabbit.0, &consuming) {
                    consumers.spawn(queue.run());
                }
            }
        }
        consumers.spawn(self.clone().retry(consuming.clone()));
        let (messaging, stop) = (self.clone(), relaying.clone());
        relays.spawn(async move { messaging.0.relay.run(stop).await });
        Handle { messaging: self.clone(), consuming, relaying, consumers, relays }
    }

    fn loops(&self, rabbit: &Arc<Rabbit>, stop: &CancellationToken) -> Vec<QueueLoop> {
        let make = |queue: String, dead: bool| QueueLoop {
            rabbit: rabbit.clone(),
            handler: self.0.handler.clone(),
            topology: self.0.topology.clone(),
            queue,
            dead,
            settings: self.0.settings.clone(),
            stop: stop.clone(),
        };
        let topology = &self.0.topology;
        let queues = topology.queues(&rabbit.names).into_iter().map(|queue| make(queue, false));
        queues.chain(topology.dead(&rabbit.names).map(|queue| make(queue, true))).collect()
    }

    /// Looks for due retries until stopped.
    async fn retry(self, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(self.0.settings.retry_poll())).await.is_some() {
            let retried = async {
                self.0.handler.retry_due().await?;
                self.0.handler.observe().await
            };
            if let Err(error) = retried.await {
                tracing::warn!(service = self.service(), %error, "due retries can't be read, trying again");
            }
        }
    }

    /// Publishes what the outbox holds and retries what is due, in the caller's task, until there is nothing
    /// more. Returns how many events moved. With the in-process broker they are handled when this returns.
    ///
    /// # Errors
    /// `Unavailable` while broker or database are away.
    pub async fn pump(&self) -> Result<u64> {
        let mut total = 0;
        loop {
            let moved = self.0.relay.flush().await? + self.0.handler.retry_due().await?;
            total += moved;
            if moved == 0 {
                return Ok(total);
            }
        }
    }

    /// Grows with every event that is published, handled or parked.
    pub(crate) fn moved(&self) -> u64 {
        self.0.handler.moved() + self.0.relay.published()
    }

    /// Whether nothing waits to be published.
    pub(crate) async fn is_empty(&self) -> Result<bool> {
        self.0.relay.is_empty().await
    }

    /// Returns when everything that was queued for this service before the call is handled.
    pub(crate) async fn barrier(&self) -> Result<()> {
        let Broker::RabbitMq(rabbit) = &self.0.broker else { return Ok(()) };
        let mut queues = self.0.topology.queues(&rabbit.0.names);
        queues.extend(self.0.topology.dead(&rabbit.0.names));
        rabbit.0.barrier(&queues, self.0.settings.confirm_timeout()).await
    }

    pub(crate) fn settings(&self) -> &MessagingSettings {
        &self.0.settings
    }
}

impl fmt::Debug for Messaging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Messaging").field(&self.service()).finish()
    }
}

/// What runs. Dropped without [`Handle::stop`], everything ends in the middle, as in a crash: nothing is lost.
#[must_use = "messaging ends when its handle is dropped"]
#[derive(Debug)]
pub struct Handle {
    messaging: Messaging,
    consuming: CancellationToken,
    relaying: CancellationToken,
    consumers: JoinSet<()>,
    relays: JoinSet<()>,
}

impl Handle {
    /// Stops in order: takes no more events, finishes and acknowledges those in hand, then ends the relay.
    pub async fn stop(mut self) {
        self.consuming.cancel();
        while self.consumers.join_next().await.is_some() {}
        self.relaying.cancel();
        while self.relays.join_next().await.is_some() {}
        if let Broker::InProcess(local) = &self.messaging.0.broker {
            local.0.stop(self.messaging.service());
        }
    }
}
