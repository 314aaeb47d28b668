//! Nothing is lost, doubled or out of order on the way out.

use crate::house::{House, insert_note, person};
use contracts::mentor::enrollment::events::v1::PersonUpserted;
use kernel::{Clock, Uuid};
use prost::Message;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use storage::{Database, OutboxRow};
use testkit::eventually;

const AGGREGATES: usize = 20;
const WRITERS: usize = 8;
const EACH: usize = 40;

#[tokio::test]
async fn what_is_emitted_is_claimed_with_everything_it_carries() {
    let house = House::new().await;
    let ctx = house.ctx();
    let id = Uuid::from_u128(3);
    let mut tx = house.db.write(&ctx).await.expect("begins");
    tx.emit(&person(id, 0));
    tx.emit(&person(id, 1));
    tx.commit().await.expect("commits");

    let mut claim = house.db.outbox_claim(1_000).await.expect("claims").expect("something is there");
    let rows = claim.next(10).await.expect("reads");
    let sent: Vec<PersonUpserted> =
        rows.iter().map(|row| PersonUpserted::decode(&*row.payload).expect("decodes")).collect();
    assert_eq!(sent, [person(id, 0), person(id, 1)]);
    let row = &rows[0];
    assert_eq!(row.type_name, "mentor.enrollment.events.v1.PersonUpserted");
    assert_eq!((&*row.routing_key, &*row.aggregate), ("enrollment.v1.person_upserted", "person"));
    assert_eq!((row.tenant, row.subject.clone()), (house.tenant, id.to_string()));
    assert_eq!((&*row.actor, row.correlation, row.occurred_at), ("ada", ctx.correlation, ctx.now));
    assert_eq!(row.traceparent, ctx.traceparent);
    assert!(claim.next(10).await.expect("reads").is_empty(), "handed out once");
}

#[tokio::test]
async fn what_rolls_back_is_not_told() {
    let house = House::new().await;
    let mut tx = house.db.write(&house.ctx()).await.expect("begins");
    tx.emit(&person(Uuid::from_u128(3), 0));
    drop(tx);
    assert!(house.db.outbox_claim(1_000).await.expect("claims").is_none());
}

#[tokio::test]
async fn what_was_not_marked_comes_again_and_what_was_marked_does_not() {
    let house = House::new().await;
    let mut tx = house.db.write(&house.ctx()).await.expect("begins");
    (0..5).for_each(|n| tx.emit(&person(Uuid::from_u128(3), n)));
    tx.commit().await.expect("commits");

    let mut claim = house.db.outbox_claim(1_000).await.expect("claims").expect("something is there");
    let first = claim.next(2).await.expect("reads");
    let second = claim.next(10).await.expect("reads while the first is on its way");
    assert_eq!((first.len(), second.len()), (2, 3));
    claim.mark_published(&[first[0].seq, first[1].seq]).await.expect("marks");
    claim.release().await.expect("commits");
    assert_eq!(house.db.outbox_depth().await.expect("counts").pending, 3);

    let mut claim = house.db.outbox_claim(1_000).await.expect("claims").expect("something is there");
    assert_eq!(claim.next(10).await.expect("reads"), second);
    drop(claim);
    let mut claim = eventually!(Duration::from_secs(5), house.db.outbox_claim(1_000).await.expect("claims"));
    assert_eq!(claim.next(10).await.expect("a dropped claim changes nothing"), second);
}

/// A row that commits later than a claim begins may have a lower sequence than one that was handed out, but a later one
/// of its aggregate must not pass it.
#[tokio::test]
async fn a_claim_hands_out_what_there_was_when_it_began() {
    let house = House::new().await;
    let emit = async |n| {
        let mut tx = house.db.write(&house.ctx()).await.expect("begins");
        tx.emit(&person(Uuid::from_u128(3), n));
        tx.commit().await.expect("commits");
    };
    for n in 0..3 {
        emit(n).await;
    }
    let mut claim = house.db.outbox_claim(1_000).await.expect("claims").expect("something is there");
    let mut rows = claim.next(1).await.expect("reads");
    emit(3).await;
    rows.extend(claim.next(10).await.expect("reads"));
    assert!(claim.next(10).await.expect("reads").is_empty());
    let seqs: Vec<i64> = rows.iter().map(|row| row.seq).collect();
    assert_eq!(seqs.len(), 3, "not the one that came later");
    claim.mark_published(&seqs).await.expect("marks");
    claim.release().await.expect("commits");
    let mut claim = house.db.outbox_claim(1_000).await.expect("claims").expect("the later one");
    let rows = claim.next(10).await.expect("reads");
    assert_eq!(rows.len(), 1);
    assert!(rows[0].seq > seqs[2]);
}

#[tokio::test]
async fn a_claim_takes_about_as_much_as_it_is_told_and_something_of_every_lane() {
    let house = House::new().await;
    let mut tx = house.db.write(&house.ctx()).await.expect("begins");
    (0..400).for_each(|n| tx.emit(&person(Uuid::from_u128(n), 0)));
    tx.commit().await.expect("commits");
    let mut left = 400;
    while left > 0 {
        let mut claim = house.db.outbox_claim(48).await.expect("claims").expect("something is there");
        let mut seqs: Vec<i64> = Vec::new();
        loop {
            let rows = claim.next(10).await.expect("reads");
            if rows.is_empty() {
                break;
            }
            seqs.extend(rows.iter().map(|row| row.seq));
        }
        assert!((1..=48).contains(&seqs.len()), "{} at once", seqs.len());
        assert!(seqs.is_sorted(), "aggregates take turns");
        left -= seqs.len();
        claim.mark_published(&seqs).await.expect("marks");
        claim.release().await.expect("commits");
    }
    assert!(house.db.outbox_claim(48).await.expect("claims").is_none());
}

#[tokio::test]
async fn two_relays_never_hold_the_same_lane() {
    let house = House::new().await;
    let mut tx = house.db.write(&house.ctx()).await.expect("begins");
    (0..100).for_each(|n| tx.emit(&person(Uuid::from_u128(n), 0)));
    tx.commit().await.expect("commits");
    let claim = house.db.outbox_claim(1_000).await.expect("claims");
    assert!(claim.is_some());
    assert!(
        house.replica().await.outbox_claim(1_000).await.expect("claims").is_none(),
        "every lane is taken"
    );
}

/// Bumps an aggregate under its row's lock and tells it, as services do.
async fn write(db: &Database, house: &House, slug: &str) {
    let mut tx = db.write(&house.ctx()).await.expect("begins");
    let sql = "update enrollment.note set version = version + 1 where tenant_id = $1 and slug = $2 returning version, id";
    let tenant = tx.tenant();
    let (version, id): (i64, Uuid) =
        sqlx::query_as(sql).bind(tenant).bind(slug).fetch_one(tx.conn()).await.expect("updates");
    tx.emit(&person(id, usize::try_from(version).expect("positive")));
    tx.commit().await.expect("commits");
}

async fn relay(db: Database, published: Arc<Mutex<Vec<OutboxRow>>>) {
    loop {
        let Some(mut claim) = db.outbox_claim(1_000).await.expect("claims") else {
            if published.lock().expect("not poisoned").len() == WRITERS * EACH {
                return;
            }
            tokio::task::yield_now().await;
            continue;
        };
        for size in [7, 5] {
            let rows = claim.next(size).await.expect("reads");
            let seqs: Vec<i64> = rows.iter().map(|row| row.seq).collect();
            published.lock().expect("not poisoned").extend(rows);
            tokio::task::yield_now().await;
            claim.mark_published(&seqs).await.expect("marks");
        }
        claim.release().await.expect("commits");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn order_within_an_aggregate_holds_with_many_writers_and_two_relays() {
    let house = Arc::new(House::new().await);
    let mut tx = house.db.write(&house.ctx()).await.expect("begins");
    for n in 0..AGGREGATES {
        insert_note(&mut tx, &n.to_string()).await.expect("inserted");
    }
    tx.commit().await.expect("commits");

    let published = Arc::new(Mutex::new(Vec::new()));
    let relays =
        [house.replica().await, house.replica().await].map(|db| tokio::spawn(relay(db, published.clone())));
    let writers: Vec<_> = (0..WRITERS)
        .map(|w| {
            let house = house.clone();
            tokio::spawn(async move {
                for n in 0..EACH {
                    write(&house.db, &house, &((w + n * 3) % AGGREGATES).to_string()).await;
                }
            })
        })
        .collect();
    for task in writers.into_iter().chain(relays) {
        task.await.expect("runs");
    }
    let mut versions: HashMap<String, Vec<i64>> = HashMap::new();
    for row in published.lock().expect("not poisoned").iter() {
        let event = PersonUpserted::decode(&*row.payload).expect("decodes");
        versions.entry(row.subject.clone()).or_default().push(event.grade.parse().expect("a version"));
    }
    for (subject, seen) in &versions {
        let expected: Vec<i64> = (2..).take(seen.len()).collect();
        assert_eq!(*seen, expected, "{subject}: each once and in order");
    }
    assert_eq!(house.db.outbox_depth().await.expect("counts").pending, 0);
}

#[tokio::test]
async fn news_reach_this_process_and_others() {
    let house = House::new().await;
    let elsewhere = house.replica().await;
    let mut near = house.db.outbox_listen().await.expect("listens");
    let mut far = elsewhere.outbox_listen().await.expect("listens");
    // The first call of the far one may come from its own connecting.
    far.wait().await.expect("connected");
    near.wait().await.expect("connected");
    let mut tx = house.db.write(&house.ctx()).await.expect("begins");
    tx.emit(&person(Uuid::from_u128(3), 0));
    tx.commit().await.expect("commits");
    let limit = Duration::from_secs(5);
    tokio::time::timeout(limit, near.wait()).await.expect("in time").expect("news");
    tokio::time::timeout(limit, far.wait()).await.expect("in time").expect("news");
}

#[tokio::test]
async fn an_event_can_be_shown_and_published_again() {
    let house = House::new().await;
    let mut tx = house.db.write(&house.ctx()).await.expect("begins");
    tx.emit(&person(Uuid::from_u128(3), 0));
    tx.commit().await.expect("commits");
    let waiting = house.db.outbox_list(10).await.expect("lists");
    let mut claim = house.db.outbox_claim(1_000).await.expect("claims").expect("something is there");
    let rows = claim.next(10).await.expect("reads");
    assert_eq!(rows, waiting);
    claim.mark_published(&[rows[0].seq]).await.expect("marks");
    claim.release().await.expect("commits");
    let (row, published) = house.db.outbox_show(rows[0].id).await.expect("reads").expect("kept");
    assert_eq!((&row, published), (&rows[0], Some(house.clock.now())));
    assert!(house.db.outbox_republish(row.id).await.expect("updates"));
    assert_eq!(house.db.outbox_depth().await.expect("counts").pending, 1);
    assert!(!house.db.outbox_republish(Uuid::nil()).await.expect("updates"));
}
