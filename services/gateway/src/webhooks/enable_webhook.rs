//! Turns a webhook on, as if it had never failed.

use super::{convert::webhook_out, store};
use crate::Gateway;
use contracts::mentor::gateway::v1::{EnableWebhookRequest, EnableWebhookResponse};
use kernel::{Result, parse_id};
use storage::{Audit, Tx};

pub(crate) async fn handle(
    _: &Gateway,
    tx: &mut Tx,
    request: EnableWebhookRequest,
) -> Result<EnableWebhookResponse> {
    let mut webhook = store::lock(tx, parse_id("webhook_id", &request.webhook_id)?).await?;
    webhook.enable();
    store::save(tx, &mut webhook).await?;
    tx.audit(Audit::of("webhook", webhook.id).because("enabled"));
    Ok(EnableWebhookResponse { webhook: Some(webhook_out(&webhook)) })
}
