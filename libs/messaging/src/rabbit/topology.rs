//! Exchanges and queues, declared from the handlers of a service.

use super::{Names, away, short};
use crate::inbox::Route;
use kernel::Result;
use lapin::{
    Channel, ExchangeKind,
    options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldTable},
};
use std::collections::BTreeMap;

/// The most messages kept of those that nobody consumes; the oldest go first.
const UNROUTED_LIMIT: i32 = 100_000;

/// What a service needs of the broker.
#[derive(Clone, Debug)]
pub(crate) struct Topology {
    service: &'static str,
    delivery_limit: u16,
    routing_keys: BTreeMap<&'static str, Vec<&'static str>>,
}

impl Topology {
    /// One queue per kind of aggregate, bound by the routing key of each handler.
    pub(crate) fn new(service: &'static str, routes: &[Route], delivery_limit: u16) -> Self {
        let mut routing_keys: BTreeMap<&'static str, Vec<&'static str>> = BTreeMap::new();
        for route in routes {
            routing_keys.entry(route.aggregate).or_default().push(route.routing_key);
        }
        Topology { service, delivery_limit, routing_keys }
    }

    /// The queues of handlers.
    pub(crate) fn queues(&self, names: &Names) -> Vec<String> {
        self.routing_keys.keys().map(|aggregate| names.queue(self.service, aggregate)).collect()
    }

    /// The queue of what the broker gave up to deliver; only with handlers.
    pub(crate) fn dead(&self, names: &Names) -> Option<String> {
        (!self.routing_keys.is_empty()).then(|| names.dead(self.service))
    }

    /// Declares all of it. Doing so again changes nothing.
    pub(crate) async fn declare(&self, channel: &Channel, names: &Names) -> Result<()> {
        exchanges(channel, names).await?;
        let Some(dead) = self.dead(names) else { return Ok(()) };
        // Nobody reads a dead letter of the dead letters: they stay until they are parked in the database.
        queue(channel, &dead, [number("x-delivery-limit", i32::MAX)]).await?;
        for (aggregate, keys) in &self.routing_keys {
            let name = names.queue(self.service, aggregate);
            queue(channel, &name, self.arguments(&dead)).await?;
            for key in keys {
                bind(channel, &name, &names.events(), key).await?;
            }
        }
        Ok(())
    }

    /// One consumer at a time keeps the order; the next takes over when it is gone.
    fn arguments(&self, dead: &str) -> [(&'static str, AMQPValue); 6] {
        [
            ("x-single-active-consumer", AMQPValue::Boolean(true)),
            number("x-delivery-limit", i32::from(self.delivery_limit)),
            text("x-dead-letter-exchange", ""),
            text("x-dead-letter-routing-key", dead),
            // A dead letter leaves its queue only when the other queue has it. Needs this overflow behaviour.
            text("x-dead-letter-strategy", "at-least-once"),
            text("x-overflow", "reject-publish"),
        ]
    }
}

/// The exchange of events. What it can't route goes to a bounded queue, so that `mandatory` returns an event
/// only when the topology itself is gone.
pub(crate) async fn exchanges(channel: &Channel, names: &Names) -> Result<()> {
    let unrouted = names.unrouted();
    exchange(channel, &unrouted, ExchangeKind::Fanout, FieldTable::default()).await?;
    queue(channel, &unrouted, [number("x-max-length", UNROUTED_LIMIT), text("x-overflow", "drop-head")])
        .await?;
    bind(channel, &unrouted, &unrouted, "").await?;
    exchange(channel, &names.events(), ExchangeKind::Topic, table([text("alternate-exchange", &unrouted)]))
        .await
}

async fn exchange(channel: &Channel, name: &str, kind: ExchangeKind, arguments: FieldTable) -> Result<()> {
    let options = ExchangeDeclareOptions { durable: true, ..Default::default() };
    channel.exchange_declare(short(name)?, kind, options, arguments).await.map_err(away)
}

async fn queue<const N: usize>(
    channel: &Channel,
    name: &str,
    arguments: [(&str, AMQPValue); N],
) -> Result<()> {
    let mut arguments = table(arguments);
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    let options = QueueDeclareOptions { durable: true, ..Default::default() };
    channel.queue_declare(short(name)?, options, arguments).await.map_err(away)?;
    Ok(())
}

async fn bind(channel: &Channel, queue: &str, exchange: &str, key: &str) -> Result<()> {
    let options = QueueBindOptions::default();
    let (queue, exchange) = (short(queue)?, short(exchange)?);
    channel.queue_bind(queue, exchange, short(key)?, options, FieldTable::default()).await.map_err(away)
}

fn table<const N: usize>(arguments: [(&str, AMQPValue); N]) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in arguments {
        table.insert(name.into(), value);
    }
    table
}

fn number(name: &'static str, value: i32) -> (&'static str, AMQPValue) {
    (name, AMQPValue::LongInt(value))
}

fn text(name: &'static str, value: &str) -> (&'static str, AMQPValue) {
    (name, AMQPValue::LongString(value.into()))
}
