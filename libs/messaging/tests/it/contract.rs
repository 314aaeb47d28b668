//! What every broker promises.

use crate::house::{House, Kind, Plan, Through, deactivated, person, upserted};
use contracts::mentor::enrollment::events::v1::{ProgramPublished, ProgramStarted};
use kernel::{Clock, Uuid};
use messaging::{Envelope, Messaging, MessagingSettings};
use std::{collections::BTreeSet, time::Duration};
use testkit::{Fault, FaultProxy, eventually};

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
    what_is_emitted_is_handled,
    nobody_listens,
    an_event_that_comes_again_is_applied_once,
    order_is_kept_per_aggregate_across_event_types,
    two_relays_share_the_work_and_keep_the_order,
    a_crash_between_commit_and_publish_loses_nothing,
    what_is_published_twice_is_applied_once,
    a_handler_s_own_events_follow,
    trace_and_cause_travel_along,
    tenants_stay_apart,
    stopping_finishes_what_is_in_hand,
    a_database_that_was_away_has_everything,
    a_handler_that_is_gone_is_passed_over,
);

async fn what_is_emitted_is_handled(kind: Kind) {
    let house = House::new(kind).await;
    let running = house.start();
    for n in 0..3 {
        house.emit(&upserted(&person(n), "Ada")).await;
    }
    house.settle().await;
    let mut log = house.log().await;
    log.sort();
    assert_eq!(log, (0..3).map(|n| (person(n), "Ada".to_owned())).collect::<Vec<_>>());
    let pending = house.enrollment_db.outbox_depth().await.expect("the database answers").pending;
    assert_eq!(pending, 0, "everything counts as published");
    running.stop().await;
    house.close().await;
}

async fn nobody_listens(kind: Kind) {
    let house = House::new(kind).await;
    let running = house.start();
    house.emit(&ProgramPublished::default()).await;
    house.settle().await;
    assert_eq!(house.count("select count(*) from enrollment.outbox where published_at is null").await, 0);
    running.stop().await;
    house.close().await;
}

async fn an_event_that_comes_again_is_applied_once(kind: Kind) {
    let house = House::new(kind).await;
    let running = house.start();
    let event = Envelope::of(&upserted(&person(1), "Ada"), house.tenant, &*house.clock);
    // Twice in one batch, and again later.
    house.broker.publish(&[event.clone(), event.clone()]).await.expect("published");
    house.settle().await;
    house.broker.publish(&[event]).await.expect("published");
    house.settle().await;
    assert_eq!(house.seen(&person(1)).await, ["Ada"]);
    running.stop().await;
    house.close().await;
}

const PEOPLE: u64 = 120;

/// Three events of each of many people, two of them in one transaction.
async fn emit_lives(house: &House) {
    for n in 0..PEOPLE {
        house.emit(&upserted(&person(n), "first")).await;
    }
    for n in 0..PEOPLE {
        let mut tx = house.tx().await;
        tx.emit(&upserted(&person(n), "second"));
        tx.emit(&deactivated(&person(n)));
        tx.commit().await.expect("committed");
    }
}

async fn assert_lives(house: &House) {
    for n in 0..PEOPLE {
        assert_eq!(house.seen(&person(n)).await, ["first", "second", "deactivated"], "person {n}");
    }
}

async fn order_is_kept_per_aggregate_across_event_types(kind: Kind) {
    let house = House::new(kind).await;
    let running = house.start();
    emit_lives(&house).await;
    house.settle().await;
    assert_lives(&house).await;
    running.stop().await;
    house.close().await;
}

async fn two_relays_share_the_work_and_keep_the_order(kind: Kind) {
    let house = House::new(kind).await;
    // Small windows and claims make them take turns often.
    let settings = MessagingSettings { publish_window: 7, claim_limit: 7, ..Default::default() };
    let relay = || {
        let (broker, db) = (&house.broker, house.enrollment_db.clone());
        Messaging::new(broker, db, crate::probe::Owner, crate::probe::owner::consumers(), settings.clone())
    };
    let matching = house.matching.start();
    let relays: Vec<_> = (0..3).map(|_| relay().start()).collect();
    emit_lives(&house).await;
    house.settle().await;
    assert_lives(&house).await;
    for relay in relays {
        relay.stop().await;
    }
    matching.stop().await;
    house.close().await;
}

async fn a_crash_between_commit_and_publish_loses_nothing(kind: Kind) {
    let house = House::new(kind).await;
    house.emit(&upserted(&person(1), "Ada")).await;
    assert_eq!(house.log().await, []);
    // A relay dies right away, with whatever it has in hand.
    drop(house.start());
    let running = house.start();
    house.settle().await;
    assert_eq!(house.seen(&person(1)).await, ["Ada"]);
    running.stop().await;
    house.close().await;
}

async fn what_is_published_twice_is_applied_once(kind: Kind) {
    let house = House::new(kind).await;
    let running = house.start();
    emit_lives(&house).await;
    house.settle().await;
    // As after a crash between publishing and marking.
    sqlx::query("update enrollment.outbox set published_at = null")
        .execute(house.sql.pool())
        .await
        .expect("updated");
    house.settle().await;
    assert_eq!(house.count("select count(*) from enrollment.outbox where published_at is null").await, 0);
    assert_lives(&house).await;
    running.stop().await;
    house.close().await;
}

async fn a_handler_s_own_events_follow(kind: Kind) {
    let house = House::new(kind).await;
    let running = house.start();
    house.emit(&ProgramStarted { program_id: person(9), ..Default::default() }).await;
    house.settle().await;
    let back: Vec<(String, Uuid)> = sqlx::query_as("select subject, correlation from enrollment.log")
        .fetch_all(house.sql.pool())
        .await
        .expect("the log is there");
    assert_eq!(back.len(), 1, "matching answered and enrollment heard it, in one settle");
    assert_eq!(back[0].0, person(9));
    running.stop().await;
    house.close().await;
}

async fn trace_and_cause_travel_along(kind: Kind) {
    let house = House::new(kind).await;
    let running = house.start();
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let mut ctx = house.ctx();
    ctx.traceparent = Some(trace.to_owned());
    let mut tx = house.enrollment_db.write(&ctx).await.expect("the database answers");
    tx.emit(&upserted(&person(1), "Ada"));
    tx.commit().await.expect("committed");
    house.settle().await;
    let emitted: Uuid = sqlx::query_scalar("select id from enrollment.outbox")
        .fetch_one(house.sql.pool())
        .await
        .expect("the row is there");
    let seen: (Uuid, Uuid, Option<String>) =
        sqlx::query_as("select causation, correlation, traceparent from matching.log")
            .fetch_one(house.sql.pool())
            .await
            .expect("the row is there");
    assert_eq!(seen, (emitted, ctx.correlation, Some(trace.to_owned())));
    running.stop().await;
    house.close().await;
}

async fn tenants_stay_apart(kind: Kind) {
    let house = House::new(kind).await;
    let running = house.start();
    let tenants: Vec<_> = (0..3).map(|_| kernel::TenantId(house.clock.new_id())).collect();
    let events: Vec<_> = (0..30)
        .map(|n: usize| Envelope::of(&upserted(&person(1), &n.to_string()), tenants[n % 3], &*house.clock))
        .collect();
    house.broker.publish(&events).await.expect("published");
    house.settle().await;
    for (n, tenant) in tenants.iter().enumerate() {
        let seen: Vec<String> =
            sqlx::query_scalar("select what from matching.log where tenant_id = $1 order by n")
                .bind(tenant.0)
                .fetch_all(house.sql.pool())
                .await
                .expect("the log is there");
        let expected: Vec<String> = (0..30).filter(|i| i % 3 == n).map(|i: usize| i.to_string()).collect();
        assert_eq!(seen, expected);
    }
    running.stop().await;
    house.close().await;
}

async fn stopping_finishes_what_is_in_hand(kind: Kind) {
    let house = House::new(kind).await;
    let running = house.start();
    emit_lives(&house).await;
    running.stop().await;
    let so_far = house.log().await;
    let again = house.start();
    house.settle().await;
    assert_lives(&house).await;
    assert_eq!(house.log().await[..so_far.len()], so_far, "what was handled is handled once");
    again.stop().await;
    house.close().await;
}

async fn a_database_that_was_away_has_everything(kind: Kind) {
    let target = testkit::servers::postgres().await;
    let proxy = FaultProxy::to(host(&target)).await;
    let address = proxy.address();
    let through: Through = Box::new(move |url| {
        let name = url.rsplit('/').next().expect("a database name");
        format!("postgres://{address}/{name}")
    });
    let plan = Plan { database_url: Some(through), ..Plan::default() };
    let house = House::planned(kind, plan).await;
    let running = house.start();
    house.emit(&upserted(&person(1), "before")).await;
    house.settle().await;
    proxy.set(Fault::Reset);
    emit_lives(&house).await;
    proxy.set(Fault::None);
    house.settle().await;
    let people: BTreeSet<String> = house.log().await.into_iter().map(|(subject, _)| subject).collect();
    assert_eq!(people.len() as u64, PEOPLE);
    for n in (0..PEOPLE).filter(|n| *n != 1) {
        assert_eq!(house.seen(&person(n)).await, ["first", "second", "deactivated"], "person {n}");
    }
    assert_eq!(house.parked().await, (0, 0), "nobody is blamed for the database");
    running.stop().await;
    house.close().await;
}

/// `host:port` of a URL.
fn host(url: &str) -> String {
    let rest = url.split_once("://").expect("a URL").1;
    let authority = rest.split('/').next().expect("an authority");
    authority.rsplit('@').next().expect("a host").to_owned()
}

async fn a_handler_that_is_gone_is_passed_over(kind: Kind) {
    let house = House::new(kind).await;
    // An older version had a handler, and so a binding, for this type.
    let running = house.start();
    house.emit(&upserted(&person(1), "Ada")).await;
    let deadline = Duration::from_secs(20);
    eventually!(deadline, house.seen(&person(1)).await == ["Ada"]);
    running.stop().await;
    let newer = Messaging::new(
        &house.broker,
        house.matching_db.clone(),
        house.probe.clone(),
        crate::probe::consumers()
            .into_iter()
            .filter(|consumer| !consumer.type_name.ends_with("PersonDeactivated"))
            .collect(),
        MessagingSettings::default(),
    );
    newer.declare().await.expect("the broker answers");
    let running = (newer.start(), house.enrollment.start());
    house.emit(&deactivated(&person(1))).await;
    house.emit(&upserted(&person(1), "Ada again")).await;
    messaging::settle(&[newer, house.enrollment.clone()]).await.expect("everything comes to rest");
    assert_eq!(house.seen(&person(1)).await, ["Ada", "Ada again"]);
    running.0.stop().await;
    running.1.stop().await;
    house.close().await;
}
