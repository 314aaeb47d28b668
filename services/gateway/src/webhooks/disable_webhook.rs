//! Turns a webhook off: nothing is sent and nothing is kept for it until it is on again.

use super::{convert::webhook_out, store};
use crate::Gateway;
use contracts::mentor::gateway::v1::{DisableWebhookRequest, DisableWebhookResponse};
use kernel::{Result, parse_id};
use storage::{Audit, Tx};

pub(crate) async fn handle(
    _: &Gateway,
    tx: &mut Tx,
    request: DisableWebhookRequest,
) -> Result<DisableWebhookResponse> {
    let mut webhook = store::lock(tx, parse_id("webhook_id", &request.webhook_id)?).await?;
    if webhook.disable("disabled by a person") {
        store::save(tx, &mut webhook).await?;
    }
    tx.audit(Audit::of("webhook", webhook.id).because("disabled"));
    Ok(DisableWebhookResponse { webhook: Some(webhook_out(&webhook)) })
}
