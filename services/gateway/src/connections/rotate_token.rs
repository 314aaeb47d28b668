//! Gives a connection a new token; those before stay good for the overlap.

use super::{convert::connection_out, store, token};
use crate::Gateway;
use contracts::mentor::gateway::v1::{RotateTokenRequest, RotateTokenResponse};
use jiff::SignedDuration;
use kernel::{Context, Error, Result, parse_id};
use ring::rand::SystemRandom;
use storage::{Audit, Mutation};

pub(crate) async fn handle(
    service: Gateway,
    ctx: Context,
    request: RotateTokenRequest,
) -> Result<RotateTokenResponse> {
    let mut tx = match service.db.mutation(&ctx, &request.request_id, &request).await? {
        Mutation::Replayed(answer) => return Ok(answer),
        Mutation::Open(tx) => tx,
    };
    let mut connection = store::lock(&mut tx, parse_id("connection_id", &request.connection_id)?).await?;
    let (id, secret) = (tx.new_id(), token::new(ctx.tenant(), &SystemRandom::new())?);
    connection.rotate(id, request.overlap.map(overlap).transpose()?, tx.now())?;
    store::save_tokens(&mut tx, &connection, id, &token::hash(&secret)).await?;
    tx.audit(Audit::of("connection", connection.id).because("token rotated"));
    let mut answer =
        RotateTokenResponse { connection: Some(connection_out(&connection)), token: String::new() };
    tx.commit_with(&answer).await?;
    answer.token = secret;
    Ok(answer)
}

fn overlap(sent: prost_types::Duration) -> Result<SignedDuration> {
    let sound = (0..1_000_000_000).contains(&sent.nanos) && sent.seconds >= 0;
    if sound {
        Ok(SignedDuration::new(sent.seconds, sent.nanos))
    } else {
        Err(Error::field("overlap", "must lie between 0 and 30 days"))
    }
}
