//! Sends a message that says only which webhook it is for.

use super::{
    convert::delivery_out,
    envelope::{self, Message},
    store,
};
use crate::Gateway;
use contracts::mentor::gateway::v1::{TestMessage, TestWebhookRequest, TestWebhookResponse};
use kernel::{Result, TenantId, parse_id};
use prost::Message as _;
use storage::{Audit, Tx};

/// Full name of the message.
const TYPE: &str = "mentor.gateway.v1.TestMessage";

pub(crate) async fn handle(
    service: &Gateway,
    tx: &mut Tx,
    request: TestWebhookRequest,
) -> Result<TestWebhookResponse> {
    let webhook = store::lock(tx, parse_id("webhook_id", &request.webhook_id)?).await?;
    webhook.must_be_enabled()?;
    let subject = webhook.id.to_string();
    let test = TestMessage { webhook_id: subject.clone(), webhook_name: webhook.name };
    let message = Message {
        id: tx.new_id(),
        tenant: TenantId(tx.tenant()),
        type_name: TYPE,
        aggregate: "webhook",
        subject: &subject,
        sequence: 0,
        occurred_at: tx.now(),
        correlation: tx.ctx().correlation,
        payload: &test.encode_to_vec(),
    };
    let body = envelope::body(&message)?;
    let give_up_at = service.webhooks.give_up_at(tx.now());
    store::queue::add(tx, &message, &body, Some(webhook.id), give_up_at).await?;
    tx.audit(Audit::of("webhook", webhook.id).because("tested"));
    let delivery = store::log::find(tx, webhook.id, message.id).await?;
    Ok(TestWebhookResponse { delivery: Some(delivery_out(delivery)) })
}
