//! The gateway with webhooks that may call this machine.

use super::receiver::Receiver;
use crate::world::World;
use contracts::mentor::gateway::v1::{webhook_service_client::WebhookServiceClient, *};
use grpc::Channel;
use jiff::SignedDuration;
use kernel::{Clock, Role, SystemClock};
use std::time::Duration;
use testkit::{Suite, eventually};
use toml::{Table, Value};

/// How long a delivery may take to come about.
pub(crate) const SOON: Duration = Duration::from_secs(20);

pub(crate) struct Hooks {
    pub(crate) world: World,
}

/// Settings with keys of its own; the caller changes those of webhooks.
pub(crate) fn settings(change: impl FnOnce(&mut Table)) -> Table {
    let keys = std::env::temp_dir().join(format!("mentor-webhooks-{}.keys", SystemClock.new_id()));
    let mut hooks = Table::from_iter([
        ("allowed_networks".to_owned(), vec!["127.0.0.0/8"].into()),
        ("ports".to_owned(), Value::Array(Vec::new())),
        ("timeout_seconds".to_owned(), 2.into()),
    ]);
    change(&mut hooks);
    Table::from_iter([
        ("keys_file".to_owned(), Value::from(keys.display().to_string())),
        ("generate_keys".to_owned(), true.into()),
        ("requests_per_second".to_owned(), 0.into()),
        ("webhooks".to_owned(), hooks.into()),
    ])
}

impl Hooks {
    pub(crate) async fn start() -> Hooks {
        Hooks::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Table)) -> Hooks {
        Hooks::of(settings(change)).await
    }

    /// At the machine's time: receivers refuse old messages.
    pub(crate) async fn of(section: Table) -> Hooks {
        let configure = move |config: &mut runtime::Config| {
            config.services.insert("gateway".to_owned(), section);
        };
        let suite = Suite::builder().service::<gateway::Gateway>().configure(configure).at(SystemClock.now());
        Hooks { world: World::of(suite.start().await).await }
    }

    pub(crate) fn client(&self) -> WebhookServiceClient<Channel> {
        WebhookServiceClient::new(self.world.suite.acting(Role::HrAdmin, None))
    }

    pub(crate) fn request(&self, name: &str, url: &str, types: &[&str]) -> CreateWebhookRequest {
        CreateWebhookRequest {
            request_id: self.world.request_id(),
            name: name.to_owned(),
            url: url.to_owned(),
            event_types: types.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    /// Adds a webhook; its id and its secret.
    pub(crate) async fn add(&self, name: &str, receiver: &Receiver, types: &[&str]) -> (String, String) {
        let request = self.request(name, &receiver.url(), types);
        let answer = self.client().create_webhook(request).await.expect("a good one").into_inner();
        assert!(answer.secret.starts_with("whsec_"), "{}", answer.secret);
        (answer.webhook.expect("answered").webhook_id, answer.secret)
    }

    /// Something happens: a person is provisioned.
    pub(crate) async fn happen(&self, name: &str) {
        self.world.user(name, serde_json::json!({ "displayName": name })).await;
    }

    /// Events are handled, and what is due begins to be sent.
    pub(crate) async fn pump(&self) {
        self.world.suite.settle().await;
        self.tick(SignedDuration::from_secs(1)).await;
    }

    /// Later.
    pub(crate) async fn tick(&self, by: SignedDuration) {
        self.world.suite.advance(by);
        self.world.suite.run_jobs().await;
    }

    pub(crate) async fn webhook(&self, id: &str) -> Webhook {
        let request = GetWebhookRequest { webhook_id: id.to_owned() };
        self.client().get_webhook(request).await.expect("there").into_inner().webhook.expect("answered")
    }

    /// The deliveries of a webhook, the newest first.
    pub(crate) async fn deliveries(&self, id: &str) -> Vec<Delivery> {
        let request = ListDeliveriesRequest {
            webhook_id: id.to_owned(),
            page_size: 1_000,
            ..ListDeliveriesRequest::default()
        };
        self.client().list_deliveries(request).await.expect("there").into_inner().deliveries
    }

    /// The newest delivery, once this many attempts are written down.
    pub(crate) async fn after(&self, id: &str, attempts: usize) -> Delivery {
        eventually!(SOON, {
            let newest = self.deliveries(id).await.into_iter().next();
            newest.filter(|delivery| delivery.recent_attempts.len() == attempts)
        })
    }

    pub(crate) async fn all_delivered(&self, id: &str, count: usize) {
        eventually!(SOON, {
            let deliveries = self.deliveries(id).await;
            deliveries.len() == count && deliveries.iter().all(|one| one.state() == DeliveryState::Delivered)
        });
    }
}

pub(crate) fn reason<T: std::fmt::Debug>(result: Result<T, tonic::Status>) -> &'static str {
    grpc::from_status(result.expect_err("must be refused")).reason
}
