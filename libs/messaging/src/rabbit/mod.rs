//! RabbitMQ: connections that heal, topology from handlers, publishing with confirms, consuming in batches.

mod barrier;
mod consume;
mod headers;
mod link;
mod publish;
mod topology;

pub(crate) use consume::QueueLoop;
pub(crate) use publish::{Outcome, Publisher};
pub(crate) use topology::Topology;

use crate::{Envelope, RabbitSettings};
use kernel::{Error, ErrorKind, Result};
use lapin::{types::ShortString, uri::AMQPUri};
use link::Link;
use secrecy::ExposeSecret;
use std::{collections::HashMap, sync::Arc, time::Duration};

/// Seconds between heartbeats, unless the URL names another figure: a silent partition is noticed in twice that.
const HEARTBEAT: u16 = 10;

/// A broker: one connection to publish, one to consume, as the server may hold back either.
pub(crate) struct Rabbit {
    pub(crate) names: Names,
    publishing: Link,
    consuming: Link,
    routing_keys: HashMap<&'static str, ShortString>,
}

/// What exchanges and queues are called.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    prefix: String,
}

impl Names {
    /// The topic exchange that every event goes to.
    pub(crate) fn events(&self) -> String {
        format!("{}mentor.events", self.prefix)
    }

    /// Exchange and queue of what nobody consumes.
    pub(crate) fn unrouted(&self) -> String {
        format!("{}mentor.unrouted", self.prefix)
    }

    /// The queue of one service for one kind of aggregate.
    pub(crate) fn queue(&self, service: &str, aggregate: &str) -> String {
        format!("{}{service}.{aggregate}", self.prefix)
    }

    /// The queue of what the broker gave up to deliver to a service.
    pub(crate) fn dead(&self, service: &str) -> String {
        format!("{}{service}.dead", self.prefix)
    }
}

impl Rabbit {
    pub(crate) fn new(settings: &RabbitSettings) -> Result<Self> {
        let mut uri: AMQPUri = settings.url.expose_secret().parse().map_err(|error: String| {
            Error::field(
                "broker.url",
                format!("is not an AMQP URL such as amqp://user:password@host:5672/%2f: {error}"),
            )
        })?;
        uri.query.heartbeat.get_or_insert(HEARTBEAT);
        let mut routing_keys = HashMap::new();
        for event in contracts::event_types() {
            routing_keys.insert(event.type_name, short(event.routing_key)?);
        }
        Ok(Rabbit {
            names: Names { prefix: settings.prefix.clone() },
            publishing: Link::new("publish", uri.clone()),
            consuming: Link::new("consume", uri),
            routing_keys,
        })
    }

    /// The routing key of an event type. A type that nobody knows reaches the queue of what nobody consumes.
    pub(crate) fn routing_key(&self, type_name: &str) -> Result<ShortString> {
        self.routing_keys.get(type_name).map_or_else(|| short(type_name), |key| Ok(key.clone()))
    }

    /// Declares what a service needs, so that nothing is published past it.
    pub(crate) async fn declare(&self, topology: &Topology) -> Result<()> {
        let channel = self.consuming.channel().await?;
        link::answer(topology.declare(&channel, &self.names)).await?;
        link::close(&channel).await;
        Ok(())
    }

    /// Publishes without an outbox and waits for the confirms.
    pub(crate) async fn publish_once(self: &Arc<Self>, events: &[Envelope], timeout: Duration) -> Result<()> {
        let publisher = Publisher::open(self.clone(), timeout).await?;
        let events: Vec<&Envelope> = events.iter().collect();
        let outcomes = publisher.confirm(publisher.send(&events).await?).await?;
        publisher.close().await;
        if outcomes.iter().all(|outcome| *outcome == Outcome::Safe) {
            return Ok(());
        }
        Err(away("the broker did not take an event"))
    }

    /// Whether the broker answers.
    pub(crate) async fn ping(&self) -> Result<()> {
        let channel = self.publishing.channel().await?;
        link::close(&channel).await;
        Ok(())
    }
}

/// The broker does not answer as it should; trying again is right.
pub(crate) fn away(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Box<Error> {
    Error::new(
        ErrorKind::Unavailable,
        "DEPENDENCY_UNAVAILABLE",
        "the message broker does not answer; try again",
    )
    .retry_after(Duration::from_secs(1))
    .caused_by(why)
}

/// Names on the wire have at most 255 bytes.
pub(crate) fn short(text: impl Into<String>) -> Result<ShortString> {
    ShortString::try_new(text).map_err(|error| Error::internal(error.to_string()))
}
