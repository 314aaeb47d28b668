//! Removes a webhook with all that was kept for it.

use super::store;
use crate::Gateway;
use contracts::mentor::gateway::v1::{RemoveWebhookRequest, RemoveWebhookResponse};
use kernel::{Result, parse_id};
use storage::{Audit, Tx};

pub(crate) async fn handle(
    _: &Gateway,
    tx: &mut Tx,
    request: RemoveWebhookRequest,
) -> Result<RemoveWebhookResponse> {
    let webhook = store::lock(tx, parse_id("webhook_id", &request.webhook_id)?).await?;
    store::remove(tx, webhook.id).await?;
    tx.audit(Audit::of("webhook", webhook.id).because("removed"));
    Ok(RemoveWebhookResponse {})
}
