//! Gives a webhook a new secret; those before sign beside it for the overlap, so that a receiver can change in peace.

use super::{convert::webhook_out, seal, store};
use crate::{
    Gateway,
    rotation::{overlap, store::of_webhooks},
};
use contracts::mentor::gateway::v1::{RotateWebhookSecretRequest, RotateWebhookSecretResponse};
use kernel::{Context, Result, parse_id};
use storage::{Audit, Mutation};

pub(crate) async fn handle(
    service: Gateway,
    ctx: Context,
    request: RotateWebhookSecretRequest,
) -> Result<RotateWebhookSecretResponse> {
    let mut tx = match service.db.mutation(&ctx, &request.request_id, &request).await? {
        Mutation::Replayed(answer) => return Ok(answer),
        Mutation::Open(tx) => tx,
    };
    let mut webhook = store::lock(&mut tx, parse_id("webhook_id", &request.webhook_id)?).await?;
    let (secret, sealed) = seal::new_secret(service.webhooks.keys()?, ctx.tenant(), webhook.id)?;
    let secret_id = tx.new_id();
    webhook.rotate(secret_id, overlap(request.overlap)?, tx.now())?;
    of_webhooks::save(&mut tx, webhook.id, &webhook.secrets, Some((secret_id, &sealed))).await?;
    tx.audit(Audit::of("webhook", webhook.id).because("secret rotated"));
    let mut answer =
        RotateWebhookSecretResponse { webhook: Some(webhook_out(&webhook)), secret: String::new() };
    tx.commit_with(&answer).await?;
    answer.secret = secret;
    Ok(answer)
}
