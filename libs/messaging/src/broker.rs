//! What carries events between services.

use crate::{Envelope, RabbitSettings, in_process::InProcess, rabbit::Rabbit};
use kernel::Result;
use std::{fmt, sync::Arc, time::Duration};

/// RabbitMQ, or this process. Both keep the same promises, by the same tests. Cheap to clone.
#[derive(Clone)]
pub enum Broker {
    /// The real one.
    RabbitMq(RabbitMq),
    /// Events stay in this process; all services that handle them must run in it.
    InProcess(Local),
}

/// A RabbitMQ broker. Made by [`Broker::rabbitmq`].
#[derive(Clone)]
pub struct RabbitMq(pub(crate) Arc<Rabbit>);

/// The broker of this process. Made by [`Broker::in_process`].
#[derive(Clone)]
pub struct Local(pub(crate) Arc<InProcess>);

impl Broker {
    /// RabbitMQ. Connects when it is first needed, and again whenever it has to.
    ///
    /// # Errors
    /// `FIELD_INVALID` when the URL is not one.
    pub fn rabbitmq(settings: &RabbitSettings) -> Result<Self> {
        Ok(Broker::RabbitMq(RabbitMq(Arc::new(Rabbit::new(settings)?))))
    }

    /// The broker of this process.
    pub fn in_process() -> Self {
        Broker::InProcess(Local(Arc::default()))
    }

    /// Publishes events without an outbox: as another system would, or a test. Returns when they are safe.
    ///
    /// # Errors
    /// `Unavailable` while the broker is away; some may have been published then.
    pub async fn publish(&self, events: &[Envelope]) -> Result<()> {
        match self {
            Broker::RabbitMq(rabbit) => rabbit.0.publish_once(events, Duration::from_secs(30)).await,
            Broker::InProcess(local) => local.0.publish(events).await,
        }
    }

    /// Whether the broker answers.
    ///
    /// # Errors
    /// `Unavailable` with the reason.
    pub async fn ping(&self) -> Result<()> {
        match self {
            Broker::RabbitMq(rabbit) => rabbit.0.ping().await,
            Broker::InProcess(_) => Ok(()),
        }
    }
}

impl fmt::Debug for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Broker::RabbitMq(_) => "RabbitMq",
            Broker::InProcess(_) => "InProcess",
        })
    }
}

impl fmt::Debug for RabbitMq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RabbitMq")
    }
}

impl fmt::Debug for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Local")
    }
}
