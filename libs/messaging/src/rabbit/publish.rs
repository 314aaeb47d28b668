//! Publishing with confirms.

use super::{Rabbit, away, headers, link, topology};
use crate::Envelope;
use kernel::Result;
use lapin::{
    Channel, Confirmation, PublisherConfirm,
    options::{BasicPublishOptions, ConfirmSelectOptions},
    types::ShortString,
};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

/// Why a broker that is there takes nothing.
const HELD_BACK: &str = "it takes no events within messaging.confirm_timeout; is it in alarm for memory or disk? \
                         (rabbitmq-diagnostics check_alarms)";

/// What became of a published event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// In a quorum of every queue that wants it.
    Safe,
    /// The broker could not take it; or had no route at all, as the topology is gone.
    Refused,
}

/// A channel with confirms on. Of no use any more after an error.
pub(crate) struct Publisher {
    rabbit: Arc<Rabbit>,
    channel: Channel,
    exchange: ShortString,
    patience: Duration,
}

impl Publisher {
    /// Opens the channel and makes sure of the exchange.
    pub(crate) async fn open(rabbit: Arc<Rabbit>, patience: Duration) -> Result<Self> {
        let channel = rabbit.publishing.channel().await?;
        link::answer(async {
            topology::exchanges(&channel, &rabbit.names).await?;
            channel.confirm_select(ConfirmSelectOptions::default()).await.map_err(away)
        })
        .await?;
        let exchange = super::short(rabbit.names.events())?;
        Ok(Publisher { rabbit, channel, exchange, patience })
    }

    /// Sends events; their confirms come later. A connection that the broker holds back counts as away.
    pub(crate) async fn send(&self, events: &[&Envelope]) -> Result<Vec<PublisherConfirm>> {
        let sending = async {
            let mut confirms = Vec::with_capacity(events.len());
            for event in events {
                confirms.push(self.send_one(event).await?);
            }
            Ok(confirms)
        };
        timeout(self.patience, sending).await.map_err(|_| away(HELD_BACK))?
    }

    async fn send_one(&self, event: &Envelope) -> Result<PublisherConfirm> {
        let key = self.rabbit.routing_key(&event.type_name)?;
        let options = BasicPublishOptions { mandatory: true, immediate: false };
        let (exchange, properties) = (self.exchange.clone(), headers::encode(event));
        self.channel.basic_publish(exchange, key, options, &event.payload, properties).await.map_err(away)
    }

    /// Waits for confirms, in the order they were asked for.
    pub(crate) async fn confirm(&self, confirms: Vec<PublisherConfirm>) -> Result<Vec<Outcome>> {
        let all = async {
            let mut outcomes = Vec::with_capacity(confirms.len());
            for confirm in confirms {
                outcomes.push(match confirm.await.map_err(away)? {
                    Confirmation::Ack(None) => Outcome::Safe,
                    Confirmation::Ack(Some(_)) | Confirmation::Nack(_) | Confirmation::NotRequested => {
                        Outcome::Refused
                    }
                });
            }
            Ok(outcomes)
        };
        timeout(self.patience, all).await.map_err(|_| away(HELD_BACK))?
    }

    pub(crate) async fn close(&self) {
        link::close(&self.channel).await;
    }
}
