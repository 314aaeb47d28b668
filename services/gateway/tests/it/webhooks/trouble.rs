//! Receivers that are slow, large, gone or somewhere else.

use super::{
    hooks::{Hooks, SOON, reason},
    receiver::{Receiver, Reply},
};
use contracts::mentor::gateway::v1::*;
use jiff::SignedDuration;
use std::time::{Duration, Instant};
use testkit::eventually;

#[tokio::test]
async fn gone_disables_until_somebody_enables_it() {
    let hooks = Hooks::start().await;
    let receiver = Receiver::start(|nth, _| Reply::Status(if nth == 0 { 410 } else { 200 })).await;
    let (id, _) = hooks.add("Payroll", &receiver, &["*"]).await;
    hooks.happen("ann").await;
    hooks.pump().await;
    assert_eq!(hooks.after(&id, 1).await.state(), DeliveryState::Dead);
    let webhook = hooks.webhook(&id).await;
    assert!(!webhook.enabled && webhook.disabled_reason.contains("410"), "{webhook:?}");
    hooks.happen("bob").await;
    hooks.pump().await;
    assert_eq!(hooks.deliveries(&id).await.len(), 1, "nothing is kept for one that is off");
    let test = TestWebhookRequest { request_id: hooks.world.request_id(), webhook_id: id.clone() };
    assert_eq!(reason(hooks.client().test_webhook(test).await), "WEBHOOK_STATE");
    let enable = EnableWebhookRequest { request_id: hooks.world.request_id(), webhook_id: id.clone() };
    let enabled = hooks.client().enable_webhook(enable).await.expect("there").into_inner();
    assert!(enabled.webhook.expect("answered").enabled);
    hooks.happen("eve").await;
    hooks.pump().await;
    eventually!(SOON, receiver.count() == 2);
}

#[tokio::test]
async fn no_answer_a_huge_one_and_a_redirect_end_in_time() {
    let hooks = Hooks::start().await;
    let (silent, huge) =
        (Receiver::start(|_, _| Reply::Never).await, Receiver::start(|_, _| Reply::Endless).await);
    let metadata = "http://169.254.169.254/latest/meta-data/";
    let redirecting = Receiver::start(move |_, _| Reply::With(307, "location", metadata)).await;
    let (never, _) = hooks.add("silent", &silent, &["*"]).await;
    let (endless, _) = hooks.add("huge", &huge, &["*"]).await;
    let (elsewhere, _) = hooks.add("redirecting", &redirecting, &["*"]).await;
    hooks.happen("ann").await;
    hooks.pump().await;
    let began = Instant::now();
    let delivered = hooks.after(&endless, 1).await;
    assert_eq!(delivered.state(), DeliveryState::Delivered);
    assert_eq!(delivered.recent_attempts[0].answer.len(), 1_024, "the rest is not read");
    let moved = hooks.after(&elsewhere, 1).await;
    assert_eq!((moved.state(), moved.recent_attempts[0].status), (DeliveryState::Pending, 307));
    assert!(moved.recent_attempts[0].error.contains("redirects are not followed"));
    let late = hooks.after(&never, 1).await;
    assert_eq!((late.state(), late.recent_attempts[0].status), (DeliveryState::Pending, 0));
    assert!(late.recent_attempts[0].error.contains("no answer in time"), "{late:?}");
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
}

#[tokio::test]
async fn one_that_is_down_holds_up_nobody_and_is_left_alone() {
    let hooks = Hooks::with(|hooks| drop(hooks.insert("webhooks_at_once".to_owned(), 2.into()))).await;
    let (silent, fine) = (Receiver::start(|_, _| Reply::Never).await, Receiver::fine().await);
    let (down, _) = hooks.add("down", &silent, &["*"]).await;
    let (up, _) = hooks.add("up", &fine, &["*"]).await;
    for n in 0..30 {
        hooks.happen(&format!("user{n}")).await;
    }
    hooks.pump().await;
    hooks.all_delivered(&up, 30).await;
    // Eight at once have failed; then it pauses.
    eventually!(SOON, hooks.webhook(&down).await.paused_until.is_some());
    eventually!(SOON, hooks.webhook(&down).await.failures >= 8);
    let tried = silent.count();
    assert!(tried <= 16, "{tried} attempts at one that is down");
    // After the pause it is tried by one.
    hooks.tick(SignedDuration::from_secs(700)).await;
    eventually!(SOON, silent.count() == tried + 1);
    eventually!(SOON, hooks.webhook(&down).await.failures > 8);
    assert_eq!(silent.count(), tried + 1);
}

#[tokio::test]
async fn no_more_at_once_than_set_and_of_one_aggregate_in_order() {
    let hooks = Hooks::with(|hooks| drop(hooks.insert("concurrency".to_owned(), 3.into()))).await;
    // Each waits until three are here: they do come at once.
    let receiver = Receiver::start(|_, _| Reply::Together(2)).await;
    let (id, _) = hooks.add("Payroll", &receiver, &["*"]).await;
    for n in 0..6 {
        hooks.happen(&format!("user{n}")).await;
    }
    let ann = hooks.world.user("ann", serde_json::json!({})).await;
    for n in 0..5 {
        let change = serde_json::json!([{ "op": "replace", "path": "title", "value": format!("{n}") }]);
        hooks.world.patch(&crate::world::user_path(&ann), change).await.ok();
    }
    hooks.pump().await;
    hooks.all_delivered(&id, 12).await;
    assert_eq!(receiver.most(), 3);
    let titles: Vec<String> = receiver
        .received()
        .iter()
        .map(|one| one.json()["data"].clone())
        .filter(|data| data["userName"] == "ann")
        .map(|data| data["jobTitle"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(titles, ["", "0", "1", "2", "3", "4"]);
}

#[tokio::test]
async fn inner_addresses_are_never_called() {
    let hooks = Hooks::with(|hooks| drop(hooks.remove("allowed_networks"))).await;
    let receiver = Receiver::fine().await;
    let port = receiver.port();
    for url in [
        receiver.url(),
        format!("https://127.0.0.1:{port}/"),
        format!("https://[::ffff:7f00:1]:{port}/"),
        "https://169.254.169.254/latest/meta-data/".to_owned(),
        "https://2130706433/".to_owned(),
        "https://10.1.2.3/".to_owned(),
        "https://[64:ff9b::a00:1]/".to_owned(),
        "https://user:secret@example.com/".to_owned(),
        "gopher://example.com/".to_owned(),
    ] {
        let request = hooks.request("x", &url, &["*"]);
        assert_eq!(reason(hooks.client().create_webhook(request).await), "WEBHOOK_TARGET_REFUSED", "{url}");
    }
    // A name is looked up when it is called.
    let request = hooks.request("local", &format!("https://localhost:{port}/"), &["*"]);
    let added = hooks.client().create_webhook(request).await.expect("a name").into_inner();
    let id = added.webhook.expect("answered").webhook_id;
    hooks.happen("ann").await;
    hooks.pump().await;
    let blocked = hooks.after(&id, 1).await;
    assert!(blocked.recent_attempts[0].error.contains("no public address"), "{blocked:?}");
    let update = UpdateWebhookRequest {
        request_id: hooks.world.request_id(),
        webhook_id: id,
        url: receiver.url(),
        update_mask: Some(prost_types::FieldMask { paths: vec!["url".to_owned()] }),
        ..UpdateWebhookRequest::default()
    };
    assert_eq!(reason(hooks.client().update_webhook(update).await), "WEBHOOK_TARGET_REFUSED");
    assert_eq!(receiver.count(), 0);
}
