//! Gives a client a new secret; those before stay good for the overlap.

use super::{convert::client_out, secret, store};
use crate::{Gateway, keys, rotation::overlap};
use contracts::mentor::gateway::v1::{RotateClientSecretRequest, RotateClientSecretResponse};
use kernel::{Context, Result, parse_id};
use storage::{Audit, Mutation};

pub(crate) async fn handle(
    service: Gateway,
    ctx: Context,
    request: RotateClientSecretRequest,
) -> Result<RotateClientSecretResponse> {
    let mut tx = match service.db.mutation(&ctx, &request.request_id, &request).await? {
        Mutation::Replayed(answer) => return Ok(answer),
        Mutation::Open(tx) => tx,
    };
    let mut client = store::lock(&mut tx, parse_id("client_id", &request.client_id)?).await?;
    let secret_id = tx.new_id();
    client.rotate(secret_id, overlap(request.overlap)?, tx.now())?;
    let shown = secret::secret(&keys::random()?);
    store::save_secrets(&mut tx, &client, secret_id, &shown).await?;
    tx.audit(Audit::of("client", client.id).because("secret rotated"));
    let client = Some(client_out(ctx.tenant(), &client));
    let mut answer = RotateClientSecretResponse { client, client_secret: String::new() };
    tx.commit_with(&answer).await?;
    answer.client_secret = shown;
    Ok(answer)
}
