//! Webhooks as people keep them.

use super::{
    hooks::{Hooks, SOON, reason, settings},
    receiver::Receiver,
};
use contracts::mentor::gateway::v1::{webhook_service_client::WebhookServiceClient, *};
use jiff::SignedDuration;
use kernel::{Clock, Role, TenantId};
use testkit::eventually;

#[tokio::test]
async fn a_webhook_is_changed_listed_and_removed() {
    let hooks = Hooks::start().await;
    let receiver = Receiver::fine().await;
    let (id, _) = hooks.add("Payroll", &receiver, &["*"]).await;
    let taken = hooks.request("PAYROLL", &receiver.url(), &["*"]);
    assert_eq!(reason(hooks.client().create_webhook(taken).await), "ALREADY_EXISTS");
    for types in [&["PersonProvisioned"][..], &["*", "mentor.gateway.events.v1.GroupDeleted"]] {
        let wrong = hooks.request("x", &receiver.url(), types);
        assert_eq!(reason(hooks.client().create_webhook(wrong).await), "FIELD_INVALID");
    }
    let before = hooks.webhook(&id).await;
    let update = |etag: &str, paths: &[&str]| UpdateWebhookRequest {
        request_id: hooks.world.request_id(),
        webhook_id: id.clone(),
        name: "Wages".to_owned(),
        event_types: vec!["mentor.gateway.events.v1.GroupDeleted".to_owned()],
        update_mask: Some(prost_types::FieldMask {
            paths: paths.iter().map(|path| (*path).to_owned()).collect(),
        }),
        etag: etag.to_owned(),
        ..UpdateWebhookRequest::default()
    };
    let changed = hooks.client().update_webhook(update(&before.etag, &["name", "event_types"])).await;
    let changed = changed.expect("current").into_inner().webhook.expect("answered");
    assert_eq!((changed.name.as_str(), changed.event_types.len(), &changed.url), ("Wages", 1, &before.url));
    assert_eq!(reason(hooks.client().update_webhook(update(&before.etag, &["name"])).await), "ETAG_MISMATCH");
    assert_eq!(reason(hooks.client().update_webhook(update("", &["secret"])).await), "FIELD_INVALID");
    assert_eq!(reason(hooks.client().update_webhook(update("", &[])).await), "FIELD_INVALID");
    hooks.add("Rooms", &receiver, &["*"]).await;
    let list = ListWebhooksRequest { page_size: 1, ..ListWebhooksRequest::default() };
    let page = hooks.client().list_webhooks(list.clone()).await.expect("allowed").into_inner();
    assert_eq!(page.webhooks, [changed]);
    let rest = ListWebhooksRequest { page_token: page.next_page_token, ..list };
    let rest = hooks.client().list_webhooks(rest).await.expect("allowed").into_inner();
    assert_eq!((rest.webhooks.len(), rest.next_page_token.as_str()), (1, ""));
    let remove = RemoveWebhookRequest { request_id: hooks.world.request_id(), webhook_id: id.clone() };
    hooks.client().remove_webhook(remove).await.expect("there");
    assert_eq!(reason(hooks.client().get_webhook(GetWebhookRequest { webhook_id: id }).await), "NOT_FOUND");
    assert_eq!(hooks.world.rows("webhook_secret").await, 1);
}

#[tokio::test]
async fn a_test_goes_to_its_webhook_alone() {
    let hooks = Hooks::start().await;
    let (receiver, other) = (Receiver::fine().await, Receiver::fine().await);
    let (id, _) = hooks.add("Payroll", &receiver, &["mentor.gateway.events.v1.GroupDeleted"]).await;
    hooks.add("Rooms", &other, &["*"]).await;
    let test = TestWebhookRequest { request_id: hooks.world.request_id(), webhook_id: id.clone() };
    let waiting =
        hooks.client().test_webhook(test).await.expect("enabled").into_inner().delivery.expect("answered");
    assert_eq!(waiting.state(), DeliveryState::Pending);
    hooks.pump().await;
    hooks.all_delivered(&id, 1).await;
    let body = receiver.received()[0].json();
    assert_eq!(
        (body["type"].as_str(), body["data"]["webhookName"].as_str()),
        (Some("mentor.gateway.v1.TestMessage"), Some("Payroll"))
    );
    assert_eq!((body["id"].as_str(), other.count()), (Some(waiting.event_id.as_str()), 0));
    let disable = DisableWebhookRequest { request_id: hooks.world.request_id(), webhook_id: id.clone() };
    let disabled = hooks.client().disable_webhook(disable).await.expect("there").into_inner().webhook;
    assert!(disabled.is_some_and(|webhook| !webhook.enabled && !webhook.disabled_reason.is_empty()));
}

#[tokio::test]
async fn a_tenant_hears_of_itself_alone() {
    let hooks = Hooks::start().await;
    let (mine, theirs) = (Receiver::fine().await, Receiver::fine().await);
    let (id, _) = hooks.add("Payroll", &mine, &["*"]).await;
    let other = TenantId(hooks.world.suite.clock.new_id());
    let token = hooks.world.suite.token_for(other, Role::HrAdmin, None);
    let mut stranger = WebhookServiceClient::new(hooks.world.suite.authorized(token));
    let request = hooks.request("Payroll", &theirs.url(), &["*"]);
    stranger.create_webhook(request).await.expect("another tenant's names are free");
    hooks.happen("ann").await;
    hooks.pump().await;
    hooks.all_delivered(&id, 1).await;
    assert_eq!(theirs.count(), 0);
    let get = GetWebhookRequest { webhook_id: id.clone() };
    assert_eq!(reason(stranger.get_webhook(get).await), "NOT_FOUND");
    let list = ListDeliveriesRequest { webhook_id: id.clone(), ..ListDeliveriesRequest::default() };
    assert_eq!(reason(stranger.list_deliveries(list).await), "NOT_FOUND");
    let replay = ResendDeliveriesRequest {
        request_id: hooks.world.request_id(),
        webhook_id: id,
        ..ResendDeliveriesRequest::default()
    };
    assert_eq!(reason(stranger.resend_deliveries(replay).await), "NOT_FOUND");
}

#[tokio::test]
async fn without_a_key_nothing_can_be_signed_and_the_error_says_what_to_set() {
    let mut section = settings(|_| {});
    section.remove("keys_file");
    let hooks = Hooks::of(section).await;
    let request = hooks.request("Payroll", "https://example.com/hook", &["*"]);
    let refused = hooks.client().create_webhook(request).await.expect_err("no key");
    assert!(refused.message().contains("services.gateway.keys_file"), "{refused}");
    assert_eq!(grpc::from_status(refused).reason, "WEBHOOK_KEY_MISSING");
}

#[tokio::test]
async fn the_log_goes_after_its_time_and_what_nobody_could_try_is_given_up() {
    let hooks = Hooks::start().await;
    let receiver = Receiver::fine().await;
    let (id, _) = hooks.add("Payroll", &receiver, &["*"]).await;
    let (off, _) = hooks.add("Rooms", &receiver, &["*"]).await;
    hooks.happen("ann").await;
    hooks.world.suite.settle().await;
    let disable = DisableWebhookRequest { request_id: hooks.world.request_id(), webhook_id: off.clone() };
    hooks.client().disable_webhook(disable).await.expect("there");
    hooks.pump().await;
    hooks.all_delivered(&id, 1).await;
    assert_eq!(hooks.deliveries(&off).await[0].state(), DeliveryState::Pending);
    hooks.tick(SignedDuration::from_hours(25)).await;
    assert_eq!(hooks.deliveries(&off).await[0].state(), DeliveryState::Dead);
    hooks.tick(SignedDuration::from_hours(24 * 13)).await;
    assert_eq!(hooks.world.rows("webhook_message").await, 1);
    hooks.tick(SignedDuration::from_hours(24 * 2)).await;
    for table in ["webhook_message", "webhook_delivery", "webhook_attempt"] {
        assert_eq!(hooks.world.rows(table).await, 0, "{table}");
    }
    // Without its deliveries a message goes sooner: nobody needs what it says of people.
    hooks.happen("bob").await;
    hooks.pump().await;
    hooks.all_delivered(&id, 1).await;
    let remove = RemoveWebhookRequest { request_id: hooks.world.request_id(), webhook_id: id };
    hooks.client().remove_webhook(remove).await.expect("there");
    hooks.tick(SignedDuration::from_hours(2)).await;
    eventually!(SOON, hooks.world.rows("webhook_message").await == 0);
}
