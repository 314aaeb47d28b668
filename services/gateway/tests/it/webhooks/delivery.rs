//! What is sent, and that it arrives.

use super::{
    foreign::verifies,
    hooks::{Hooks, SOON, reason},
    receiver::{Receiver, Reply},
};
use contracts::mentor::gateway::v1::*;
use jiff::SignedDuration;
use kernel::Clock;
use testkit::eventually;

const PROVISIONED: &str = "mentor.gateway.events.v1.PersonProvisioned";

#[tokio::test]
async fn an_event_arrives_signed_and_is_in_the_log() {
    let hooks = Hooks::start().await;
    let (receiver, other) = (Receiver::fine().await, Receiver::fine().await);
    let (id, secret) = hooks.add("Payroll", &receiver, &[PROVISIONED]).await;
    let (uninterested, _) = hooks.add("Rooms", &other, &["mentor.matching.events.v1.MatchActivated"]).await;
    hooks.happen("ann").await;
    hooks.pump().await;
    hooks.all_delivered(&id, 1).await;
    let message = receiver.received().remove(0);
    assert!(verifies(&secret, &message).await);
    let wrong = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    assert!(!verifies(wrong, &message).await, "the foreign library can say no");
    let mut changed = message.clone();
    changed.body.push(' ');
    assert!(!verifies(&secret, &changed).await);
    assert_eq!(message.header("content-type"), "application/json");
    let body = message.json();
    assert_eq!((body["specversion"].as_str(), body["type"].as_str()), (Some("1.0"), Some(PROVISIONED)));
    assert_eq!(
        (body["id"].as_str(), body["source"].as_str()),
        (Some(message.id()), Some("//mentor/gateway"))
    );
    assert_eq!(
        (body["data"]["userName"].as_str(), body["data"]["displayName"].as_str()),
        (Some("ann"), Some("ann"))
    );
    assert_eq!(body["subject"], body["data"]["userId"]);
    assert!(body.get("actor").is_none(), "who did it stays here");
    let delivery = hooks.after(&id, 1).await;
    assert_eq!((delivery.event_id.as_str(), delivery.event_type.as_str()), (message.id(), PROVISIONED));
    let attempt = &delivery.recent_attempts[0];
    assert_eq!((attempt.number, attempt.status, attempt.error.as_str()), (1, 200, ""));
    assert!(attempt.answer.starts_with("thanks") && delivery.finished_at.is_some());
    assert!(hooks.deliveries(&uninterested).await.is_empty() && other.count() == 0);
}

#[tokio::test]
async fn a_secret_is_shown_once_and_lies_sealed() {
    let hooks = Hooks::start().await;
    let receiver = Receiver::fine().await;
    let request = hooks.request("Payroll", &receiver.url(), &["*"]);
    let first = hooks.client().create_webhook(request.clone()).await.expect("good").into_inner();
    let again = hooks.client().create_webhook(request).await.expect("repeated").into_inner();
    assert_eq!((again.webhook, again.secret.as_str()), (first.webhook, ""));
    let secret = first.secret.strip_prefix("whsec_").expect("the prefix");
    let raw = base64_decoded(secret);
    let found: bool = sqlx::query_scalar(
        "select exists (select from gateway.webhook_secret where position($1 in sealed) > 0)",
    )
    .bind(&raw)
    .fetch_one(hooks.world.suite.sql())
    .await
    .expect("read");
    let answers: Vec<Vec<u8>> =
        sqlx::query_scalar("select response from gateway.idempotency where response is not null")
            .fetch_all(hooks.world.suite.sql())
            .await
            .expect("read");
    let told = answers.iter().any(|answer| String::from_utf8_lossy(answer).contains(secret));
    assert!(!found && !told && !answers.is_empty());
}

fn base64_decoded(text: &str) -> Vec<u8> {
    base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text).expect("base64")
}

#[tokio::test]
async fn both_secrets_sign_during_the_overlap() {
    let hooks = Hooks::start().await;
    let receiver = Receiver::fine().await;
    let (id, old) = hooks.add("Payroll", &receiver, &["*"]).await;
    let rotate = RotateWebhookSecretRequest {
        request_id: hooks.world.request_id(),
        webhook_id: id.clone(),
        overlap: Some(prost_types::Duration { seconds: 60, nanos: 0 }),
    };
    let new = hooks.client().rotate_webhook_secret(rotate).await.expect("there").into_inner();
    assert_eq!(new.webhook.expect("answered").secrets.len(), 2);
    hooks.happen("ann").await;
    hooks.pump().await;
    hooks.all_delivered(&id, 1).await;
    let message = receiver.received().remove(0);
    assert_eq!(message.header("webhook-signature").split(' ').count(), 2);
    assert!(verifies(&old, &message).await && verifies(&new.secret, &message).await);
    hooks.world.suite.advance(SignedDuration::from_secs(60));
    hooks.happen("bob").await;
    hooks.pump().await;
    hooks.all_delivered(&id, 2).await;
    let message = receiver.received().remove(1);
    assert!(!verifies(&old, &message).await && verifies(&new.secret, &message).await);
    assert_eq!(hooks.webhook(&id).await.secrets.len(), 1);
}

#[tokio::test]
async fn a_failed_message_comes_again_the_same_and_not_too_soon() {
    let hooks = Hooks::start().await;
    let receiver = Receiver::start(|nth, _| match nth {
        0 => Reply::With(503, "retry-after", "120"),
        1 => Reply::Status(500),
        _ => Reply::Status(204),
    })
    .await;
    let (id, secret) = hooks.add("Payroll", &receiver, &[PROVISIONED]).await;
    hooks.happen("ann").await;
    hooks.pump().await;
    let first = hooks.after(&id, 1).await;
    assert_eq!((first.state(), first.recent_attempts[0].status), (DeliveryState::Pending, 503));
    let webhook = hooks.webhook(&id).await;
    assert!(webhook.failures == 1 && webhook.paused_until.is_some(), "it asked to be left alone");
    hooks.tick(SignedDuration::from_secs(100)).await;
    hooks.tick(SignedDuration::from_secs(25)).await;
    hooks.after(&id, 2).await;
    hooks.tick(SignedDuration::from_secs(40)).await;
    let delivered = hooks.after(&id, 3).await;
    assert_eq!(delivered.state(), DeliveryState::Delivered);
    assert_eq!(delivered.recent_attempts.iter().map(|one| one.status).collect::<Vec<_>>(), [204, 500, 503]);
    let received = receiver.received();
    assert!(received.iter().all(|one| one.id() == received[0].id() && one.body == received[0].body));
    assert!(verifies(&secret, &received[2]).await, "each attempt is signed anew");
    assert_eq!(hooks.webhook(&id).await.failures, 0);
}

#[tokio::test]
async fn after_a_day_it_is_dead_and_can_be_replayed() {
    let hooks = Hooks::start().await;
    let receiver =
        Receiver::start(|nth, _| if nth < 40 { Reply::Status(500) } else { Reply::Status(200) }).await;
    let (id, _) = hooks.add("Payroll", &receiver, &[PROVISIONED]).await;
    hooks.happen("ann").await;
    hooks.world.suite.settle().await;
    let (mut attempts, mut wait) = (0, SignedDuration::from_secs(1));
    let dead = loop {
        hooks.tick(wait).await;
        attempts += 1;
        let delivery = hooks.after(&id, attempts).await;
        let Some(next) = delivery.next_attempt_at else { break delivery };
        // Exactly then: the webhook's own pauses are shorter, and later it could be given up untried.
        let next = contracts::time::from_timestamp(&next).expect("in range");
        wait = next.duration_since(hooks.world.suite.clock.now());
    };
    assert_eq!(dead.state(), DeliveryState::Dead);
    assert!((9..=14).contains(&attempts), "{attempts} attempts");
    let list = ListDeliveriesRequest {
        webhook_id: id.clone(),
        state: DeliveryState::Dead.into(),
        ..ListDeliveriesRequest::default()
    };
    let letters = hooks.client().list_deliveries(list.clone()).await.expect("there").into_inner().deliveries;
    assert_eq!(letters.len(), 1);
    let before = receiver.count();
    let replay = ResendDeliveryRequest {
        request_id: hooks.world.request_id(),
        webhook_id: id.clone(),
        event_id: dead.event_id.clone(),
    };
    let waiting = hooks.client().resend_delivery(replay.clone()).await.expect("dead").into_inner();
    assert_eq!(waiting.delivery.expect("answered").state(), DeliveryState::Pending);
    let again = ResendDeliveryRequest { request_id: hooks.world.request_id(), ..replay };
    assert_eq!(reason(hooks.client().resend_delivery(again).await), "WEBHOOK_STATE");
    // The pause of one that has always failed is over, too.
    hooks.tick(SignedDuration::from_hours(1)).await;
    eventually!(SOON, receiver.count() > before);
    let received = receiver.received();
    assert_eq!(received[before].id(), received[0].id(), "known by its id");
}

#[tokio::test]
async fn a_range_is_replayed() {
    let hooks = Hooks::start().await;
    let receiver = Receiver::fine().await;
    let (id, _) = hooks.add("Payroll", &receiver, &[PROVISIONED]).await;
    for name in ["ann", "bob", "eve"] {
        hooks.happen(name).await;
        hooks.pump().await;
    }
    hooks.all_delivered(&id, 3).await;
    let deliveries = hooks.deliveries(&id).await;
    let replay = ResendDeliveriesRequest {
        request_id: hooks.world.request_id(),
        webhook_id: id.clone(),
        from: deliveries[1].created_at,
        ..ResendDeliveriesRequest::default()
    };
    let answer = hooks.client().resend_deliveries(replay.clone()).await.expect("there").into_inner();
    assert_eq!((answer.resent, answer.more, answer.continue_from), (2, false, deliveries[0].created_at));
    hooks.tick(SignedDuration::from_secs(1)).await;
    eventually!(SOON, receiver.count() == 5);
    hooks.all_delivered(&id, 3).await;
    let twice: Vec<String> =
        receiver.received()[3..].iter().map(|one| one.json()["data"]["userName"].to_string()).collect();
    assert!(twice.contains(&"\"bob\"".to_owned()) && twice.contains(&"\"eve\"".to_owned()), "{twice:?}");
    let dead_only =
        ResendDeliveriesRequest { request_id: hooks.world.request_id(), only_dead: true, ..replay };
    assert_eq!(hooks.client().resend_deliveries(dead_only).await.expect("there").into_inner().resent, 0);
}
