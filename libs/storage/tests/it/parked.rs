//! What could not be handled is kept, in order.

use crate::house::House;
use jiff::{SignedDuration, Timestamp};
use kernel::{Clock, Uuid};
use std::collections::HashSet;
use storage::{Parked, ParkedCounts, ParkedEvent, ParkedKey};

fn parked(house: &House, id: Uuid, subject: &str, next_at: Timestamp) -> Parked {
    Parked {
        event: ParkedEvent {
            id,
            type_name: "mentor.matching.events.v1.MatchActivated".to_owned(),
            aggregate: "match".to_owned(),
            subject: subject.to_owned(),
            payload: vec![1, 2, 3],
            occurred_at: house.clock.now(),
            correlation: Uuid::from_u128(5),
            causation: None,
            actor: "system:matching".to_owned(),
            traceparent: None,
        },
        attempts: 1,
        next_at,
        dead: false,
        error: "a fault".to_owned(),
    }
}

async fn park(house: &House, events: &[Parked]) {
    let mut tx = house.db.write(&house.ctx()).await.expect("begins");
    for event in events {
        tx.park(event).await.expect("parks");
    }
    tx.commit().await.expect("commits");
}

#[tokio::test]
async fn only_the_first_of_an_aggregate_is_due_and_it_comes_back_whole() {
    let house = House::new().await;
    let now = house.clock.now();
    let later = now + SignedDuration::from_secs(60);
    let ids: Vec<Uuid> = (0..3).map(|_| house.clock.new_id()).collect();
    let a = parked(&house, ids[0], "a", later);
    let b = parked(&house, ids[1], "a", now);
    let c = parked(&house, ids[2], "b", now);
    park(&house, &[a.clone(), b.clone(), c.clone(), a.clone()]).await;

    let key = |subject: &str| ParkedKey {
        tenant: house.tenant,
        aggregate: "match".to_owned(),
        subject: subject.to_owned(),
    };
    assert_eq!(
        house.db.parked_due(now, 10).await.expect("lists"),
        [key("b")],
        "the head of a is not due yet"
    );
    assert_eq!(house.db.parked_due(later, 10).await.expect("lists"), [key("b"), key("a")]);
    assert_eq!(house.db.parked_counts().await.expect("counts"), ParkedCounts { waiting: 3, dead: 0 });

    let mut tx = house.db.write(&house.ctx()).await.expect("begins");
    let subjects = ["a".to_owned(), "z".to_owned()];
    assert_eq!(tx.parked_subjects("match", &subjects).await.expect("lists"), HashSet::from(["a".to_owned()]));
    assert_eq!(tx.parked_head("match", "a").await.expect("reads"), Some(a.clone()));

    let mut other = house.db.write(&house.ctx()).await.expect("begins");
    assert_eq!(
        other.parked_head("match", "a").await.expect("reads"),
        None,
        "in another's hand, and not the second"
    );
    drop(other);
    tx.parked_remove(a.event.id).await.expect("removes");
    assert_eq!(tx.parked_head("match", "a").await.expect("reads"), Some(b));
    tx.commit().await.expect("commits");
    assert_eq!(house.db.parked_list(false, 10).await.expect("lists").len(), 2);
}

#[tokio::test]
async fn a_dead_one_blocks_its_aggregate_until_it_is_replayed() {
    let house = House::new().await;
    let now = house.clock.now();
    let ids: Vec<Uuid> = (0..2).map(|_| house.clock.new_id()).collect();
    park(&house, &[parked(&house, ids[0], "a", now), parked(&house, ids[1], "a", now)]).await;
    let mut tx = house.db.write(&house.ctx()).await.expect("begins");
    tx.parked_failed(ids[0], 9, now, true, "still").await.expect("notes");
    tx.commit().await.expect("commits");

    assert_eq!(house.db.parked_due(now, 10).await.expect("lists"), []);
    assert_eq!(house.db.parked_counts().await.expect("counts"), ParkedCounts { waiting: 1, dead: 1 });
    let dead = house.db.parked_list(true, 10).await.expect("lists");
    assert_eq!(
        dead.iter().map(|(tenant, row)| (*tenant, row.event.id)).collect::<Vec<_>>(),
        [(house.tenant, ids[0])]
    );
    let (_, shown) = house.db.parked_show(ids[0]).await.expect("reads").expect("there");
    assert_eq!((shown.attempts, &*shown.error), (9, "still"));

    assert_eq!(house.db.parked_replay(Some(ids[1]), now).await.expect("updates"), 0, "it is not dead");
    assert_eq!(house.db.parked_replay(None, now).await.expect("updates"), 1);
    assert_eq!(house.db.parked_due(now, 10).await.expect("lists").len(), 1);
}
