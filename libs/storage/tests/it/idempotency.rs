//! One effect per request id.

use crate::house::{House, insert_note, person};
use contracts::mentor::enrollment::events::v1::PersonUpserted;
use kernel::{Clock, Uuid};
use std::sync::Arc;
use storage::Mutation;

const NOTES: &str = "select count(*) from enrollment.note";

/// What a handler of a mutation does, framework included.
async fn create(house: &House, request_id: &str, request: &PersonUpserted) -> kernel::Result<PersonUpserted> {
    match house.db.mutation(&house.ctx(), request_id, request).await? {
        Mutation::Replayed(response) => Ok(response),
        Mutation::Open(mut tx) => {
            let id = insert_note(&mut tx, &request.display_name).await?;
            let response = PersonUpserted { person_id: id.to_string(), ..PersonUpserted::default() };
            tx.emit(&response);
            tx.commit_with(&response).await?;
            Ok(response)
        }
    }
}

fn named(name: &str) -> PersonUpserted {
    PersonUpserted { display_name: name.to_owned(), ..PersonUpserted::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_at_once_have_one_effect_and_one_answer() {
    let house = Arc::new(House::new().await);
    let request_id = house.clock.new_id().to_string();
    let calls: Vec<_> = (0..100)
        .map(|_| {
            let (house, request_id) = (house.clone(), request_id.clone());
            tokio::spawn(async move { create(&house, &request_id, &named("once")).await.expect("answers") })
        })
        .collect();
    let mut answers = Vec::new();
    for call in calls {
        answers.push(call.await.expect("runs"));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "identical answers");
    assert_eq!(house.count(NOTES).await, 1);
    assert_eq!(house.count("select count(*) from enrollment.outbox").await, 1);
    assert_eq!(house.count("select count(*) from enrollment.audit").await, 1);
}

#[tokio::test]
async fn another_body_or_caller_under_the_same_id_is_refused() {
    let house = House::new().await;
    let request_id = house.clock.new_id().to_string();
    create(&house, &request_id, &named("first")).await.expect("answers");
    let reused = create(&house, &request_id, &named("second")).await.expect_err("refused");
    assert_eq!((reused.kind, reused.reason), (kernel::ErrorKind::AlreadyExists, "REQUEST_ID_REUSED"));

    let mut other = house.ctx();
    other.actor.subject = "eve".to_owned();
    let reused = house.db.mutation::<_, PersonUpserted>(&other, &request_id, &named("first")).await;
    assert_eq!(reused.err().map(|error| error.reason), Some("REQUEST_ID_REUSED"));
    let mut other = house.ctx();
    other.operation = "/mentor.enrollment.v1.NoteService/DeleteNote".to_owned();
    let reused = house.db.mutation::<_, PersonUpserted>(&other, &request_id, &named("first")).await;
    assert_eq!(reused.err().map(|error| error.reason), Some("REQUEST_ID_REUSED"));
    assert_eq!(house.count(NOTES).await, 1);
}

#[tokio::test]
async fn the_same_id_in_another_tenant_is_another_request() {
    let house = House::new().await;
    let request_id = house.clock.new_id().to_string();
    create(&house, &request_id, &named("first")).await.expect("answers");
    let other = house.ctx_of(kernel::TenantId(house.clock.new_id()));
    let begun =
        house.db.mutation::<_, PersonUpserted>(&other, &request_id, &named("first")).await.expect("begins");
    assert!(matches!(begun, Mutation::Open(_)));
}

#[tokio::test]
async fn a_refused_request_can_be_corrected_under_its_id() {
    let house = House::new().await;
    create(&house, &house.clock.new_id().to_string(), &named("taken")).await.expect("answers");
    let request_id = house.clock.new_id().to_string();
    let refused = create(&house, &request_id, &named("taken")).await.expect_err("taken");
    assert_eq!(refused.reason, "ALREADY_EXISTS");
    create(&house, &request_id, &named("free")).await.expect("nothing of the first try is left");
}

#[tokio::test]
async fn a_replay_is_possible_for_as_long_as_the_answer_is_kept() {
    let house = House::new().await;
    let request_id = house.clock.new_id().to_string();
    let first = create(&house, &request_id, &named("first")).await.expect("answers");
    assert_eq!(create(&house, &request_id, &named("first")).await.expect("replays"), first);

    house.clock.advance(jiff::SignedDuration::from_hours(25));
    let day_ago = house.clock.now() - jiff::SignedDuration::from_hours(24);
    let retention = storage::Retention { outbox: day_ago, inbox: day_ago, idempotency: day_ago };
    let purged = house.db.purge(&retention).await.expect("purges");
    assert_eq!((purged.idempotency, purged.outbox), (1, 0), "an unpublished event stays");
}

#[tokio::test]
async fn a_malformed_id_names_its_field() {
    let house = House::new().await;
    let error = create(&house, "not an id", &named("x")).await.expect_err("refused");
    assert_eq!(error.violations[0].field, "request_id");
}

#[tokio::test]
async fn hostile_text_in_a_caller_changes_nothing() {
    let house = House::new().await;
    let mut ctx = house.ctx();
    ctx.actor.subject = "'; drop table enrollment.note; --".to_owned();
    ctx.operation = "x', '\\x00'); --".to_owned();
    let id = house.clock.new_id();
    let begun = house.db.mutation::<_, PersonUpserted>(&ctx, &id.to_string(), &person(Uuid::nil(), 0)).await;
    let Mutation::Open(tx) = begun.expect("begins") else { panic!("a new request is not a replay") };
    tx.commit().await.expect("commits");
    assert_eq!(house.count(NOTES).await, 0);
}
