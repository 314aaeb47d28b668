//! The SQL of clients.

use super::{client::Client, secret};
use crate::rotation::store::of_clients;
use jiff::Timestamp;
use kernel::{Error, ErrorKind, Page, Result, Uuid};
use storage::time::{at, at_some, from_some};
use storage::{DbResult, Tx};

/// Adds a client, without secrets.
pub(crate) async fn insert(tx: &mut Tx, client: &Client) -> Result<()> {
    sqlx::query!(
        "insert into gateway.client (tenant_id, client_id, name, scopes, thumbprint, jwks, created_at) \
         values ($1, $2, $3, $4, $5, $6, $7)",
        tx.tenant(),
        client.id,
        client.name,
        &client.scopes,
        client.thumbprint,
        client.jwks,
        at(client.created_at)
    )
    .execute(tx.conn())
    .await
    .violates("client_name_key", || {
        let message = "a client of this name lives already; choose another name or revoke it";
        Error::new(ErrorKind::AlreadyExists, "ALREADY_EXISTS", message)
    })
    .db()?;
    Ok(())
}

/// Writes the secrets of a client, the newest as its hash.
pub(crate) async fn save_secrets(tx: &mut Tx, client: &Client, newest: Uuid, shown: &str) -> Result<()> {
    let hash = secret::hash(shown).ok_or_else(|| Error::internal("a secret that is none"))?;
    of_clients::save(tx, client.id, &client.secrets, Some((newest, &hash))).await
}

/// Writes the end of a client and drops its secrets.
pub(crate) async fn revoke(tx: &mut Tx, client: &Client) -> Result<()> {
    sqlx::query!(
        "update gateway.client set revoked_at = $3 where tenant_id = $1 and client_id = $2",
        tx.tenant(),
        client.id,
        at_some(client.revoked_at)
    )
    .execute(tx.conn())
    .await
    .db()?;
    of_clients::save(tx, client.id, &client.secrets, None).await
}

/// Reads a client, kept as it is until the commit of a writing transaction.
pub(crate) async fn lock(tx: &mut Tx, id: Uuid) -> Result<Client> {
    sqlx::query!(
        "select from gateway.client where tenant_id = $1 and client_id = $2 for update",
        tx.tenant(),
        id
    )
    .fetch_optional(tx.conn())
    .await
    .db()?;
    find(tx, id).await
}

/// Reads a client with its good secrets.
pub(crate) async fn find(tx: &mut Tx, id: Uuid) -> Result<Client> {
    let row = sqlx::query_as!(
        Row,
        "select client_id, name, scopes, thumbprint, jwks, created_at, revoked_at, last_used_at from gateway.client \
         where tenant_id = $1 and client_id = $2",
        tx.tenant(),
        id
    )
    .fetch_optional(tx.conn())
    .await
    .db()?;
    let mut client = row.ok_or_else(|| Error::not_found("client", id))?.read();
    add_secrets(tx, std::slice::from_mut(&mut client)).await?;
    Ok(client)
}

/// A page of clients, the oldest first.
pub(crate) async fn list(tx: &mut Tx, page: &Page<Uuid>, revoked: bool) -> Result<Vec<Client>> {
    let rows = sqlx::query_as!(
        Row,
        "select client_id, name, scopes, thumbprint, jwks, created_at, revoked_at, last_used_at from gateway.client \
         where tenant_id = $1 and ($2::uuid is null or client_id > $2) and ($3 or revoked_at is null) \
         order by client_id limit $4",
        tx.tenant(),
        page.after,
        revoked,
        page.limit()
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    let mut clients: Vec<Client> = rows.into_iter().map(Row::read).collect();
    add_secrets(tx, &mut clients).await?;
    Ok(clients)
}

struct Row {
    client_id: Uuid,
    name: String,
    scopes: Vec<String>,
    thumbprint: String,
    jwks: String,
    created_at: jiff_sqlx::Timestamp,
    revoked_at: Option<jiff_sqlx::Timestamp>,
    last_used_at: Option<jiff_sqlx::Timestamp>,
}

impl Row {
    fn read(self) -> Client {
        Client {
            id: self.client_id,
            name: self.name,
            scopes: self.scopes,
            thumbprint: self.thumbprint,
            jwks: self.jwks,
            secrets: Vec::new(),
            created_at: self.created_at.to_jiff(),
            revoked_at: from_some(self.revoked_at),
            last_used_at: from_some(self.last_used_at),
        }
    }
}

async fn add_secrets(tx: &mut Tx, clients: &mut [Client]) -> Result<()> {
    let ids: Vec<Uuid> = clients.iter().map(|client| client.id).collect();
    let mut good = of_clients::good(tx, &ids).await?;
    for client in clients {
        client.secrets = good.remove(&client.id).unwrap_or_default();
    }
    Ok(())
}

/// Whether a client that lives has a good secret of this hash.
pub(crate) async fn has_secret(tx: &mut Tx, client: Uuid, hash: &[u8]) -> Result<bool> {
    sqlx::query_scalar!(
        "select exists (select from gateway.client_secret \
         where tenant_id = $1 and client_id = $2 and hash = $3 and (expires_at is null or expires_at > $4)) as \"exists!\"",
        tx.tenant(),
        client,
        hash,
        at(tx.now())
    )
    .fetch_one(tx.conn())
    .await
    .db()
}

/// Notes that a client got a token.
pub(crate) async fn used(tx: &mut Tx, client: Uuid) -> Result<()> {
    sqlx::query!(
        "update gateway.client set last_used_at = $3 where tenant_id = $1 and client_id = $2",
        tx.tenant(),
        client,
        at(tx.now())
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// Takes an assertion; not when it was taken before.
pub(crate) async fn take_assertion(
    tx: &mut Tx,
    client: Uuid,
    token: &str,
    expires: Timestamp,
) -> Result<bool> {
    let taken = sqlx::query!(
        "insert into gateway.client_assertion (tenant_id, client_id, token_id, expires_at) values ($1, $2, $3, $4) \
         on conflict do nothing",
        tx.tenant(),
        client,
        token,
        at(expires)
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(taken.rows_affected() == 1)
}
