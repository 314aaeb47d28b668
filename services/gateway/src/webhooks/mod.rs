//! Webhooks: events of the suite, posted to addresses of a tenant's choice, signed after Standard Webhooks.
//!
//! ```text
//! event ── on_any_event ──> webhook_delivery, in the inbox transaction
//!                                 └─ send_webhooks, each second ── sender: claim (lease) ── post ── log
//! ```

mod convert;
mod create_webhook;
mod disable_webhook;
mod enable_webhook;
mod envelope;
mod on_any_event;
mod post;
mod read;
mod remove_webhook;
mod resend_deliveries;
mod resend_delivery;
mod rotate_webhook_secret;
mod schedule;
mod seal;
mod sender;
mod settings;
pub(crate) mod store;
mod target;
pub(crate) mod telemetry;
mod test_webhook;
mod update_webhook;
mod webhook;

pub(crate) use on_any_event::consumers;
pub(crate) use settings::Settings;

use crate::keys::Keys;
use contracts::mentor::gateway::v1::*;
use jiff::{SignedDuration, Timestamp};
use kernel::{Error, Result, TenantId, Uuid};
use post::Post;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use storage::Database;
use target::Targets;
use telemetry::{Ages, Waiting};
use tokio::sync::Semaphore;

grpc::service! {
    impl WebhookService for crate::Gateway in contracts::mentor::gateway::v1::webhook_service_server {
        call  create_webhook(CreateWebhookRequest) -> CreateWebhookResponse = create_webhook::handle;
        write update_webhook(UpdateWebhookRequest) -> UpdateWebhookResponse = update_webhook::handle;
        write enable_webhook(EnableWebhookRequest) -> EnableWebhookResponse = enable_webhook::handle;
        write disable_webhook(DisableWebhookRequest) -> DisableWebhookResponse = disable_webhook::handle;
        write remove_webhook(RemoveWebhookRequest) -> RemoveWebhookResponse = remove_webhook::handle;
        call  rotate_webhook_secret(RotateWebhookSecretRequest) -> RotateWebhookSecretResponse = rotate_webhook_secret::handle;
        write test_webhook(TestWebhookRequest) -> TestWebhookResponse = test_webhook::handle;
        write resend_delivery(ResendDeliveryRequest) -> ResendDeliveryResponse = resend_delivery::handle;
        write resend_deliveries(ResendDeliveriesRequest) -> ResendDeliveriesResponse = resend_deliveries::handle;
        read  get_webhook(GetWebhookRequest) -> GetWebhookResponse = read::get_webhook;
        read  list_webhooks(ListWebhooksRequest) -> ListWebhooksResponse = read::list_webhooks;
        read  list_deliveries(ListDeliveriesRequest) -> ListDeliveriesResponse = read::list_deliveries;
    }
}

/// What sending needs. Clones share everything.
#[derive(Clone)]
pub(crate) struct Webhooks(Arc<Inner>);

struct Inner {
    db: Database,
    settings: Settings,
    keys: Arc<Keys>,
    post: Post,
    /// Webhooks that a loop of this process works on, and whether it was asked to look once more.
    at_work: Mutex<HashMap<(TenantId, Uuid), bool>>,
    /// How many of them may send at once.
    turns: Semaphore,
    ages: Mutex<Ages>,
}

impl Webhooks {
    pub(crate) fn new(db: Database, settings: Settings, keys: Arc<Keys>) -> Result<Webhooks> {
        settings.check()?;
        Ok(Webhooks(Arc::new(Inner {
            db,
            post: Post::new(&settings),
            keys,
            at_work: Mutex::default(),
            turns: Semaphore::new(settings.webhooks_at_once),
            ages: Mutex::default(),
            settings,
        })))
    }

    fn db(&self) -> &Database {
        &self.0.db
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    fn targets(&self) -> &Targets {
        self.0.post.targets()
    }

    fn post(&self) -> &Post {
        &self.0.post
    }

    fn at_work(&self) -> &Mutex<HashMap<(TenantId, Uuid), bool>> {
        &self.0.at_work
    }

    fn turns(&self) -> &Semaphore {
        &self.0.turns
    }

    /// What seals and opens secrets.
    ///
    /// # Errors
    /// `WEBHOOK_KEY_MISSING` where the keys would not outlive the process.
    fn keys(&self) -> Result<&Keys> {
        if self.0.keys.last() {
            return Ok(&self.0.keys);
        }
        let message = "services.gateway.keys_file is not set: name a file with 32 random bytes in base64, such as \
                       `openssl rand -base64 32` prints";
        Err(Error::precondition("WEBHOOK_KEY_MISSING", message))
    }

    /// When a delivery that begins now is given up.
    fn give_up_at(&self, now: Timestamp) -> Timestamp {
        let hours = SignedDuration::from_hours(self.0.settings.give_up_hours.into());
        now.checked_add(hours).unwrap_or(Timestamp::MAX)
    }

    /// When a delivery that is given up then began.
    pub(crate) fn began_at(&self, give_up_at: Timestamp) -> Timestamp {
        let hours = SignedDuration::from_hours(self.0.settings.give_up_hours.into());
        give_up_at.checked_sub(hours).unwrap_or(Timestamp::MIN)
    }

    /// Shows how long a tenant's deliveries wait.
    pub(crate) fn observe(&self, tenant: TenantId, waiting: Waiting, now: Timestamp) {
        self.0.ages.lock().unwrap_or_else(PoisonError::into_inner).observe(tenant, waiting, now);
    }
}

/// The full names of all event types.
fn known() -> Vec<&'static str> {
    contracts::event_types().iter().map(|event| event.type_name).collect()
}
