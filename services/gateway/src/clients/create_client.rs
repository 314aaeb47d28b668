//! Adds a client, with its first secret unless it has a key. The secret is in the first answer only.

use super::{client::Client, convert::client_out, secret, store};
use crate::{Gateway, keys, signin::discovery::ALGORITHMS};
use contracts::mentor::gateway::v1::{CreateClientRequest, CreateClientResponse};
use grpc::KeySet;
use kernel::{Context, Error, Result};
use storage::{Audit, Mutation};

pub(crate) async fn handle(
    service: Gateway,
    ctx: Context,
    request: CreateClientRequest,
) -> Result<CreateClientResponse> {
    let mut tx = match service.db.mutation(&ctx, &request.request_id, &request).await? {
        Mutation::Replayed(answer) => return Ok(answer),
        Mutation::Open(tx) => tx,
    };
    let (id, now) = (tx.new_id(), tx.now());
    let mut client =
        Client::new(id, &request.name, &request.scopes, &request.certificate_thumbprint, &request.jwks, now)?;
    if !client.jwks.is_empty() {
        check_keys(&client.jwks)?;
    }
    store::insert(&mut tx, &client).await?;
    let mut shown = String::new();
    if client.jwks.is_empty() {
        let secret_id = tx.new_id();
        client.rotate(secret_id, None, now)?;
        shown = secret::secret(&keys::random()?);
        store::save_secrets(&mut tx, &client, secret_id, &shown).await?;
    }
    tx.audit(Audit::of("client", id).because(format!("added, for {}", client.scopes.join(" "))));
    let mut answer = CreateClientResponse {
        client: Some(client_out(ctx.tenant(), &client)),
        client_secret: String::new(),
    };
    tx.commit_with(&answer).await?;
    answer.client_secret = shown;
    Ok(answer)
}

fn check_keys(jwks: &str) -> Result<()> {
    let private = serde_json::from_str::<serde_json::Value>(jwks)
        .ok()
        .and_then(|document| document["keys"].as_array().cloned())
        .is_some_and(|keys| keys.iter().any(|key| key.get("d").is_some() || key.get("k").is_some()));
    if private {
        return Err(Error::field("jwks", "holds a private key; send public keys only, and make a new pair"));
    }
    let allowed = ALGORITHMS.map(|(algorithm, _)| algorithm);
    KeySet::parse(jwks.as_bytes(), &allowed).map(|_| ()).map_err(|_| {
        let what =
            "must be a JWKS document with a public key for RS256 (2048 bits or more), PS256, ES256 or EdDSA";
        Error::field("jwks", what)
    })
}
