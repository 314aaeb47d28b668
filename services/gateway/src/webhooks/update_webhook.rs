//! Changes what people say of a webhook.

use super::{
    convert::{change, webhook_out},
    known, store,
};
use crate::Gateway;
use contracts::mentor::gateway::v1::{UpdateWebhookRequest, UpdateWebhookResponse};
use kernel::{Result, parse_id};
use storage::{Audit, Tx, check_etag};

pub(crate) async fn handle(
    service: &Gateway,
    tx: &mut Tx,
    request: UpdateWebhookRequest,
) -> Result<UpdateWebhookResponse> {
    let (id, etag) = (parse_id("webhook_id", &request.webhook_id)?, request.etag.clone());
    let change = change(request, service.webhooks.targets())?;
    let mut webhook = store::lock(tx, id).await?;
    check_etag("webhook", &etag, webhook.version)?;
    if webhook.update(change, &known())? {
        store::save(tx, &mut webhook).await?;
    }
    tx.audit(Audit::of("webhook", id).because("changed"));
    Ok(UpdateWebhookResponse { webhook: Some(webhook_out(&webhook)) })
}
