//! Events whose handler fails.

use crate::{
    house::{House, Kind, Plan, deactivated, person, upserted},
    probe::Mood,
};
use jiff::SignedDuration;
use kernel::Clock;
use messaging::{Envelope, MessagingSettings};

macro_rules! both {
    ($($name:ident),* $(,)?) => {
        mod in_process {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(super::Kind::InProcess).await; })*
        }
        mod rabbitmq {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(super::Kind::RabbitMq).await; })*
        }
    };
}

both!(
    a_failing_handler_is_retried_with_growing_delay_and_blocks_only_its_aggregate,
    after_the_limit_it_is_dead_until_it_is_replayed,
    a_body_that_can_t_be_decoded_is_dead_at_once,
    a_panic_is_a_failure_like_any_other,
    a_failing_event_in_a_batch_undoes_nothing_of_the_others,
    two_handlers_of_an_event_take_effect_together_and_in_order,
    what_one_of_two_handlers_never_handles_is_dead_for_both,
);

async fn a_failing_handler_is_retried_with_growing_delay_and_blocks_only_its_aggregate(kind: Kind) {
    let house = House::new(kind).await;
    let running = house.start();
    let (ill, well) = (person(1), person(2));
    house.probe.set(&ill, Mood::Fail(u32::MAX));
    house.emit(&upserted(&ill, "first")).await;
    house.emit(&deactivated(&ill)).await;
    house.emit(&upserted(&well, "Ada")).await;
    house.settle().await;
    assert_eq!(house.log().await, [(well.clone(), "Ada".to_owned())]);
    assert_eq!(house.parked().await, (2, 0));

    let tries = house.probe.tries(&ill);
    house.settle().await;
    assert_eq!(house.probe.tries(&ill), tries, "it is not due yet");
    house.probe.set(&ill, Mood::Fail(3));
    let mut delays = Vec::new();
    while house.parked().await != (0, 0) {
        let before = house.probe.tries(&ill);
        let mut waited = 0;
        while house.probe.tries(&ill) == before {
            house.clock.advance(SignedDuration::from_secs(1));
            waited += 1;
            house.settle().await;
        }
        delays.push(waited);
    }
    assert_eq!(delays, [1, 2, 4, 8], "seconds; each delay is twice the one before");
    assert_eq!(house.seen(&ill).await, ["first", "deactivated"], "in order, once, also after failing");
    running.stop().await;
    house.close().await;
}

async fn after_the_limit_it_is_dead_until_it_is_replayed(kind: Kind) {
    let settings = MessagingSettings { attempts: 3, ..Default::default() };
    let house = House::planned(kind, Plan { settings, ..Plan::default() }).await;
    let running = house.start();
    let ill = person(1);
    house.probe.set(&ill, Mood::Fail(u32::MAX));
    house.emit(&upserted(&ill, "first")).await;
    house.settle().await;
    for _ in 0..5 {
        house.clock.advance(SignedDuration::from_secs(600));
        house.settle().await;
    }
    assert_eq!(house.parked().await, (0, 1));
    house.emit(&deactivated(&ill)).await;
    house.settle().await;
    assert_eq!(house.parked().await, (1, 1), "what comes after waits behind it");
    assert_eq!(house.log().await, []);

    house.probe.set(&ill, Mood::Fail(0));
    house.settle().await;
    assert_eq!(house.log().await, [], "nobody has asked for it yet");
    let replayed = house.matching_db.parked_replay(None, house.clock.now()).await.expect("replayed");
    assert_eq!(replayed, 1);
    house.settle().await;
    assert_eq!(house.seen(&ill).await, ["first", "deactivated"]);
    assert_eq!(house.parked().await, (0, 0));
    running.stop().await;
    house.close().await;
}

async fn a_body_that_can_t_be_decoded_is_dead_at_once(kind: Kind) {
    let house = House::new(kind).await;
    let running = house.start();
    let mut event = Envelope::of(&upserted(&person(1), "Ada"), house.tenant, &*house.clock);
    event.payload = vec![0xff, 0xff, 0xff].into();
    house.broker.publish(&[event]).await.expect("published");
    house.settle().await;
    assert_eq!(house.parked().await, (0, 1));
    let dead = house.matching_db.parked_list(true, 10).await.expect("listed");
    assert!(dead[0].1.error.contains("can't be decoded"), "{}", dead[0].1.error);
    running.stop().await;
    house.close().await;
}

async fn a_panic_is_a_failure_like_any_other(kind: Kind) {
    let house = House::new(kind).await;
    let running = house.start();
    house.probe.set(&person(1), Mood::Panic);
    house.emit(&upserted(&person(1), "Ada")).await;
    house.emit(&upserted(&person(2), "Grace")).await;
    house.settle().await;
    assert_eq!(house.log().await, [(person(2), "Grace".to_owned())]);
    house.probe.set(&person(1), Mood::Fail(0));
    house.clock.advance(SignedDuration::from_secs(1));
    house.settle().await;
    assert_eq!(house.seen(&person(1)).await, ["Ada"]);
    running.stop().await;
    house.close().await;
}

async fn a_failing_event_in_a_batch_undoes_nothing_of_the_others(kind: Kind) {
    let house = House::new(kind).await;
    let running = house.start();
    house.probe.set(&person(50), Mood::Fail(u32::MAX));
    let events: Vec<_> =
        (0..100).map(|n| Envelope::of(&upserted(&person(n), "Ada"), house.tenant, &*house.clock)).collect();
    house.broker.publish(&events).await.expect("published");
    house.settle().await;
    assert_eq!(house.log().await.len(), 99);
    assert_eq!(house.parked().await, (1, 0));
    house.probe.set(&person(50), Mood::Fail(0));
    house.clock.advance(SignedDuration::from_secs(1));
    house.settle().await;
    assert_eq!(house.log().await.len(), 100);
    running.stop().await;
    house.close().await;
}

async fn two_handlers_of_an_event_take_effect_together_and_in_order(kind: Kind) {
    let house = House::planned(kind, Plan { twice: true, ..Plan::default() }).await;
    let running = house.start();
    let (well, first_ill, second_ill) = (person(1), person(2), person(3));
    house.probe.set(&first_ill, Mood::Fail(u32::MAX));
    house.probe.set(&format!("also {second_ill}"), Mood::Panic);
    for person in [&well, &first_ill, &second_ill] {
        house.emit(&upserted(person, "Ada")).await;
        house.emit(&deactivated(person)).await;
    }
    house.settle().await;
    let all = ["Ada", "also Ada", "deactivated"];
    assert_eq!(house.seen(&well).await, all);
    assert!(house.seen(&first_ill).await.is_empty(), "what failed has no effect");
    assert!(house.seen(&second_ill).await.is_empty(), "nor has the handler that went well before it");
    assert_eq!(
        house.probe.tries(&format!("also {first_ill}")),
        0,
        "the second does not come before the first"
    );
    assert!(house.probe.tries(&second_ill) > 0, "the first was called, and undone");
    assert_eq!(house.parked().await, (4, 0), "two events, and what waits behind them");

    for mood in [first_ill.clone(), format!("also {second_ill}")] {
        house.probe.set(&mood, Mood::Fail(0));
    }
    house.clock.advance(SignedDuration::from_secs(60));
    house.settle().await;
    for person in [&well, &first_ill, &second_ill] {
        assert_eq!(house.seen(person).await, all, "each once, in order");
    }
    assert_eq!(house.parked().await, (0, 0));
    running.stop().await;
    house.close().await;
}

async fn what_one_of_two_handlers_never_handles_is_dead_for_both(kind: Kind) {
    let settings = MessagingSettings { attempts: 2, ..Default::default() };
    let house = House::planned(kind, Plan { settings, twice: true, ..Plan::default() }).await;
    let running = house.start();
    let ill = person(1);
    house.probe.set(&format!("also {ill}"), Mood::Fail(u32::MAX));
    house.emit(&upserted(&ill, "Ada")).await;
    house.settle().await;
    for _ in 0..3 {
        house.clock.advance(SignedDuration::from_secs(600));
        house.settle().await;
    }
    assert_eq!(house.parked().await, (0, 1), "one dead event, not one for each handler");
    let dead = house.matching_db.parked_list(true, 10).await.expect("listed");
    assert!(dead[0].1.error.contains("not in the mood"), "{}", dead[0].1.error);
    assert!(house.seen(&ill).await.is_empty());

    house.probe.set(&format!("also {ill}"), Mood::Fail(0));
    house.matching_db.parked_replay(None, house.clock.now()).await.expect("replayed");
    house.settle().await;
    assert_eq!(house.seen(&ill).await, ["Ada", "also Ada"]);
    assert_eq!(house.parked().await, (0, 0));
    running.stop().await;
    house.close().await;
}
