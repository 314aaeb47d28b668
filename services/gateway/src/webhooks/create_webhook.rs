//! Adds a webhook with its first secret. The secret is in the first answer only: what is kept for repetitions holds none.

use super::{convert::webhook_out, known, seal, store, webhook::Webhook};
use crate::{Gateway, rotation::store::of_webhooks};
use contracts::mentor::gateway::v1::{CreateWebhookRequest, CreateWebhookResponse};
use kernel::{Context, Result};
use storage::{Audit, Mutation};

pub(crate) async fn handle(
    service: Gateway,
    ctx: Context,
    request: CreateWebhookRequest,
) -> Result<CreateWebhookResponse> {
    let mut tx = match service.db.mutation(&ctx, &request.request_id, &request).await? {
        Mutation::Replayed(answer) => return Ok(answer),
        Mutation::Open(tx) => tx,
    };
    let keys = service.webhooks.keys()?;
    let url = service.webhooks.targets().read(&request.url)?.into();
    let id = tx.new_id();
    let mut webhook = Webhook::new(id, &request.name, url, request.event_types, &known(), tx.now())?;
    store::must_have_room(&mut tx).await?;
    let (secret, sealed) = seal::new_secret(keys, ctx.tenant(), id)?;
    let secret_id = tx.new_id();
    webhook.rotate(secret_id, None, tx.now())?;
    store::insert(&mut tx, &webhook).await?;
    of_webhooks::save(&mut tx, id, &webhook.secrets, Some((secret_id, &sealed))).await?;
    tx.audit(Audit::of("webhook", id).because("added"));
    let mut answer = CreateWebhookResponse { webhook: Some(webhook_out(&webhook)), secret: String::new() };
    tx.commit_with(&answer).await?;
    answer.secret = secret;
    Ok(answer)
}
