//! Adds a connection with its first token. The token is in the first answer only: what is kept for repetitions holds
//! no secret.

use super::{connection::Connection, convert::connection_out, store, token};
use crate::{Gateway, rotation::store::tokens};
use contracts::mentor::gateway::v1::{CreateConnectionRequest, CreateConnectionResponse};
use kernel::{Context, Result};
use ring::rand::SystemRandom;
use storage::{Audit, Mutation};

pub(crate) async fn handle(
    service: Gateway,
    ctx: Context,
    request: CreateConnectionRequest,
) -> Result<CreateConnectionResponse> {
    let mut tx = match service.db.mutation(&ctx, &request.request_id, &request).await? {
        Mutation::Replayed(answer) => return Ok(answer),
        Mutation::Open(tx) => tx,
    };
    let mut connection = Connection::new(tx.new_id(), &request.name, tx.now())?;
    let (id, secret) = (tx.new_id(), token::new(ctx.tenant(), &SystemRandom::new())?);
    connection.rotate(id, None, tx.now())?;
    store::insert(&mut tx, &connection).await?;
    tokens::save(&mut tx, connection.id, &connection.tokens, Some((id, &token::hash(&secret)))).await?;
    tx.audit(Audit::of("connection", connection.id).because("added"));
    let mut answer =
        CreateConnectionResponse { connection: Some(connection_out(&connection)), token: String::new() };
    tx.commit_with(&answer).await?;
    answer.token = secret;
    Ok(answer)
}
