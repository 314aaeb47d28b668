//! What only a broker across a network can suffer.

use crate::house::{House, Kind, Plan, deactivated, person, queued, raw_channel, upserted};
use futures::StreamExt;
use lapin::{
    BasicProperties,
    options::{
        BasicConsumeOptions, BasicPublishOptions, ExchangeDeleteOptions, QueueDeclareOptions,
        QueueDeleteOptions,
    },
    types::FieldTable,
};
use messaging::{Broker, Envelope, MessagingSettings, RabbitSettings};
use std::time::Duration;
use testkit::{Fault, FaultProxy, eventually};

const DEADLINE: Duration = Duration::from_secs(30);

async fn behind_a_proxy(settings: MessagingSettings) -> (House, FaultProxy) {
    let url = testkit::servers::rabbitmq().await;
    let rest = url.split_once("://").expect("a URL").1;
    let target = rest.rsplit_once('@').map_or(rest, |(_, host)| host).split('/').next().expect("a host");
    let proxy = FaultProxy::to(target).await;
    // A heartbeat of one second notices a silent partition soon.
    let through = format!("{}?heartbeat=1", proxy.url(&url));
    let house =
        House::planned(Kind::RabbitMq, Plan { settings, broker_url: Some(through), ..Plan::default() }).await;
    (house, proxy)
}

/// Faults while events flow: all arrive, once, in order, and nobody lends a hand.
async fn survives(faults: &[Fault]) {
    let (house, proxy) = behind_a_proxy(MessagingSettings::default()).await;
    let running = house.start();
    let people = 200;
    for n in 0..people {
        house.emit(&upserted(&person(n), "first")).await;
        house.emit(&deactivated(&person(n))).await;
        if n % 40 == 20 {
            for fault in faults {
                proxy.set(*fault);
                house.emit(&upserted(&person(n), "back")).await;
            }
            proxy.set(Fault::None);
        }
    }
    house.settle().await;
    for n in 0..people {
        let mut expected = vec!["first", "deactivated"];
        if n % 40 == 20 {
            expected.extend(faults.iter().map(|_| "back"));
        }
        assert_eq!(house.seen(&person(n)).await, expected, "person {n}");
    }
    running.stop().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_reset_come_back() {
    survives(&[Fault::Reset]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_cut_come_back() {
    survives(&[Fault::Cut, Fault::Reset]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_partition_is_noticed() {
    let (house, proxy) = behind_a_proxy(MessagingSettings::default()).await;
    let running = house.start();
    house.emit(&upserted(&person(1), "before")).await;
    house.settle().await;
    let connections = proxy.connections();
    proxy.set(Fault::Hang);
    house.emit(&upserted(&person(1), "meanwhile")).await;
    eventually!(DEADLINE, proxy.connections() > connections);
    proxy.set(Fault::None);
    eventually!(DEADLINE, house.seen(&person(1)).await == ["before", "meanwhile"]);
    running.stop().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_away_at_start_is_waited_for() {
    let (house, proxy) = behind_a_proxy(MessagingSettings::default()).await;
    proxy.set(Fault::Cut);
    let running = house.start();
    house.emit(&upserted(&person(1), "Ada")).await;
    assert!(house.broker.ping().await.is_err());
    proxy.set(Fault::None);
    eventually!(DEADLINE, house.seen(&person(1)).await == ["Ada"]);
    running.stop().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topology_that_was_deleted_is_declared_again() {
    let house = House::new(Kind::RabbitMq).await;
    let running = house.start();
    house.emit(&upserted(&person(1), "before")).await;
    house.settle().await;
    let channel = raw_channel().await;
    let exchange = format!("{}mentor.events", house.prefix);
    channel
        .exchange_delete(exchange.as_str().into(), ExchangeDeleteOptions::default())
        .await
        .expect("deleted");
    house.matching.declare().await.expect("the broker answers");
    house.emit(&upserted(&person(1), "after")).await;
    house.settle().await;
    assert_eq!(house.seen(&person(1)).await, ["before", "after"]);

    let queue = format!("{}matching.person", house.prefix);
    channel.queue_delete(queue.as_str().into(), QueueDeleteOptions::default()).await.expect("deleted");
    // Its consumer notices in a quiet moment and declares it again.
    eventually!(DEADLINE, is_consumed(&queue).await);
    house.emit(&upserted(&person(1), "later")).await;
    house.settle().await;
    assert_eq!(house.seen(&person(1)).await, ["before", "after", "later"]);
    running.stop().await;
    house.close().await;
}

/// Whether the queue is there with a consumer, which comes after the bindings.
async fn is_consumed(queue: &str) -> bool {
    let passive = QueueDeclareOptions { passive: true, ..Default::default() };
    let declared = raw_channel().await.queue_declare(queue.into(), passive, FieldTable::default()).await;
    declared.is_ok_and(|queue| queue.consumer_count() > 0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_consumes_is_kept_for_a_look() {
    let house = House::new(Kind::RabbitMq).await;
    let running = house.start();
    house.emit(&contracts::mentor::enrollment::events::v1::ProgramPublished::default()).await;
    house.settle().await;
    let channel = raw_channel().await;
    let unrouted = format!("{}mentor.unrouted", house.prefix);
    eventually!(DEADLINE, queued(&channel, &unrouted).await == 1);
    running.stop().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_no_event_is_set_aside() {
    let house = House::new(Kind::RabbitMq).await;
    let running = house.start();
    let channel = raw_channel().await;
    let queue = format!("{}matching.person", house.prefix);
    let options = BasicPublishOptions::default();
    channel
        .basic_publish("".into(), queue.as_str().into(), options, b"hello", BasicProperties::default())
        .await
        .expect("sent")
        .await
        .expect("sent");
    house.emit(&upserted(&person(1), "Ada")).await;
    house.settle().await;
    assert_eq!(house.seen(&person(1)).await, ["Ada"], "it holds up nobody");
    let unrouted = format!("{}mentor.unrouted", house.prefix);
    eventually!(DEADLINE, queued(&channel, &unrouted).await == 1);
    running.stop().await;
    house.close().await;
}

/// A consumer that dies with the event in hand, again and again, without a word.
async fn die_with(house: &House, times: u32) {
    let queue = format!("{}matching.person", house.prefix);
    for _ in 0..times {
        let channel = raw_channel().await;
        let mut deliveries = channel
            .basic_consume(
                queue.as_str().into(),
                "poisoned".into(),
                BasicConsumeOptions::default(),
                FieldTable::default(),
            )
            .await
            .expect("consuming");
        let taken = tokio::time::timeout(DEADLINE, deliveries.next()).await.expect("it is delivered again");
        assert!(taken.is_some());
        channel.close(200, "dead".into()).await.expect("closed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_kills_its_consumer_is_dead_after_the_limit() {
    let settings = MessagingSettings { delivery_limit: 2, ..Default::default() };
    let house = House::planned(Kind::RabbitMq, Plan { settings, ..Plan::default() }).await;
    house.emit(&upserted(&person(1), "Ada")).await;
    house.enrollment.pump().await.expect("published");
    die_with(&house, 3).await;
    let running = house.start();
    eventually!(DEADLINE, house.parked().await == (0, 1));
    let dead = house.matching_db.parked_list(true, 10).await.expect("listed");
    assert!(dead[0].1.error.contains("the broker gave up"), "{}", dead[0].1.error);

    let replayed = house.matching_db.parked_replay(Some(dead[0].1.event.id), testkit::start_of_time()).await;
    assert_eq!(replayed.expect("replayed"), 1);
    house.settle().await;
    assert_eq!(house.seen(&person(1)).await, ["Ada"]);
    running.stop().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_come_and_go_keep_the_order() {
    // Small batches: a replica always has some in hand and some behind it when it goes.
    let settings = MessagingSettings { consume_batch: 5, ..Default::default() };
    let house = House::planned(Kind::RabbitMq, Plan { settings, ..Plan::default() }).await;
    let total: u64 = 1_500;
    let events: Vec<_> = (0..total)
        .map(|n| Envelope::of(&upserted(&person(n % 10), &n.to_string()), house.tenant, &*house.clock))
        .collect();
    house.broker.publish(&events).await.expect("published");
    let mut current = house.matching.start();
    for round in 0..8 {
        let next = house.matching.start();
        let seen = house.log().await.len();
        eventually!(DEADLINE, house.log().await.len() > seen.min(1_400));
        match round % 2 {
            0 => drop(current), // dies without a word
            _ => current.stop().await,
        }
        current = next;
    }
    let relay = house.enrollment.start();
    house.settle().await;
    for who in 0..10 {
        let expected: Vec<String> = (0..total).filter(|n| n % 10 == who).map(|n| n.to_string()).collect();
        assert_eq!(house.seen(&person(who)).await, expected);
    }
    current.stop().await;
    relay.stop().await;
    house.close().await;
}

#[test]
fn a_url_that_is_none_is_refused() {
    let settings = RabbitSettings { url: "http://localhost".to_owned().into(), prefix: String::new() };
    let refused = Broker::rabbitmq(&settings).expect_err("refused");
    assert_eq!(refused.violations[0].field, "broker.url");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn publishing_directly_fails_while_the_broker_is_away() {
    let (house, proxy) = behind_a_proxy(MessagingSettings::default()).await;
    proxy.set(Fault::Cut);
    let event = Envelope::of(&upserted(&person(1), "Ada"), house.tenant, &*house.clock);
    let refused = house.broker.publish(&[event]).await.expect_err("refused");
    assert_eq!(refused.reason, "DEPENDENCY_UNAVAILABLE");
    proxy.set(Fault::None);
    house.close().await;
}
