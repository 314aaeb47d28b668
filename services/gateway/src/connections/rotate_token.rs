//! Gives a connection a new token; those before stay good for the overlap.

use super::{convert::connection_out, store, token};
use crate::{
    Gateway,
    rotation::{overlap, store::tokens},
};
use contracts::mentor::gateway::v1::{RotateTokenRequest, RotateTokenResponse};
use kernel::{Context, Result, parse_id};
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
    connection.rotate(id, overlap(request.overlap)?, tx.now())?;
    tokens::save(&mut tx, connection.id, &connection.tokens, Some((id, &token::hash(&secret)))).await?;
    tx.audit(Audit::of("connection", connection.id).because("token rotated"));
    let mut answer =
        RotateTokenResponse { connection: Some(connection_out(&connection)), token: String::new() };
    tx.commit_with(&answer).await?;
    answer.token = secret;
    Ok(answer)
}
