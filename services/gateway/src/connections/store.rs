//! The SQL of connections.

use super::connection::Connection;
use crate::rotation::store::tokens;
use kernel::{Error, ErrorKind, Page, Result, Uuid};
use storage::time::{at, at_some, from_some};
use storage::{DbResult, Tx};

/// Adds a connection, without tokens.
pub(crate) async fn insert(tx: &mut Tx, connection: &Connection) -> Result<()> {
    sqlx::query!(
        "insert into gateway.connection (tenant_id, connection_id, name, created_at) values ($1, $2, $3, $4)",
        tx.tenant(),
        connection.id,
        connection.name,
        at(connection.created_at)
    )
    .execute(tx.conn())
    .await
    .violates("connection_name_key", || {
        let message = "a connection of this name lives already; choose another name or revoke it";
        Error::new(ErrorKind::AlreadyExists, "ALREADY_EXISTS", message)
    })
    .db()?;
    Ok(())
}

/// Writes the end of a connection and drops its tokens.
pub(crate) async fn revoke(tx: &mut Tx, connection: &Connection) -> Result<()> {
    sqlx::query!(
        "update gateway.connection set revoked_at = $3 where tenant_id = $1 and connection_id = $2",
        tx.tenant(),
        connection.id,
        at_some(connection.revoked_at)
    )
    .execute(tx.conn())
    .await
    .db()?;
    tokens::save(tx, connection.id, &connection.tokens, None).await
}

/// Reads a connection, kept as it is until the commit of a writing transaction.
pub(crate) async fn lock(tx: &mut Tx, id: Uuid) -> Result<Connection> {
    sqlx::query!(
        "select from gateway.connection where tenant_id = $1 and connection_id = $2 for update",
        tx.tenant(),
        id
    )
    .fetch_optional(tx.conn())
    .await
    .db()?;
    find(tx, id).await
}

/// Reads a connection with its good tokens.
pub(crate) async fn find(tx: &mut Tx, id: Uuid) -> Result<Connection> {
    let row = sqlx::query!(
        "select name, created_at, revoked_at, last_used_at from gateway.connection \
         where tenant_id = $1 and connection_id = $2",
        tx.tenant(),
        id
    )
    .fetch_optional(tx.conn())
    .await
    .db()?;
    let row = row.ok_or_else(|| Error::not_found("connection", id))?;
    let mut connection = Connection {
        id,
        name: row.name,
        created_at: row.created_at.to_jiff(),
        revoked_at: from_some(row.revoked_at),
        last_used_at: from_some(row.last_used_at),
        tokens: Vec::new(),
    };
    add_tokens(tx, std::slice::from_mut(&mut connection)).await?;
    Ok(connection)
}

/// A page of connections, the oldest first.
pub(crate) async fn list(tx: &mut Tx, page: &Page<Uuid>, revoked: bool) -> Result<Vec<Connection>> {
    let rows = sqlx::query!(
        "select connection_id, name, created_at, revoked_at, last_used_at from gateway.connection \
         where tenant_id = $1 and ($2::uuid is null or connection_id > $2) and ($3 or revoked_at is null) \
         order by connection_id limit $4",
        tx.tenant(),
        page.after,
        revoked,
        page.limit()
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    let mut connections: Vec<Connection> = rows
        .into_iter()
        .map(|row| Connection {
            id: row.connection_id,
            name: row.name,
            created_at: row.created_at.to_jiff(),
            revoked_at: from_some(row.revoked_at),
            last_used_at: from_some(row.last_used_at),
            tokens: Vec::new(),
        })
        .collect();
    add_tokens(tx, &mut connections).await?;
    Ok(connections)
}

async fn add_tokens(tx: &mut Tx, connections: &mut [Connection]) -> Result<()> {
    let ids: Vec<Uuid> = connections.iter().map(|connection| connection.id).collect();
    let mut good = tokens::good(tx, &ids).await?;
    for connection in connections {
        connection.tokens = good.remove(&connection.id).unwrap_or_default();
    }
    Ok(())
}

/// A token that was found good.
pub(crate) struct Good {
    pub(crate) token: Uuid,
    pub(crate) connection: Uuid,
    pub(crate) last_used_at: Option<jiff::Timestamp>,
}

/// The good token of this hash.
pub(crate) async fn find_token(tx: &mut Tx, hash: &[u8]) -> Result<Option<Good>> {
    let row = sqlx::query!(
        "select t.token_id, t.connection_id, t.last_used_at from gateway.token t \
         join gateway.connection c on c.tenant_id = t.tenant_id and c.connection_id = t.connection_id \
         where t.tenant_id = $1 and t.hash = $2 and (t.expires_at is null or t.expires_at > $3) \
           and c.revoked_at is null",
        tx.tenant(),
        hash,
        at(tx.now())
    )
    .fetch_optional(tx.conn())
    .await
    .db()?;
    Ok(row.map(|row| Good {
        token: row.token_id,
        connection: row.connection_id,
        last_used_at: from_some(row.last_used_at),
    }))
}

/// Notes that a token was used: its connection keeps that when the token is gone.
pub(crate) async fn used(tx: &mut Tx, good: &Good) -> Result<()> {
    let now = at(tx.now());
    sqlx::query!(
        "update gateway.token set last_used_at = $3 where tenant_id = $1 and token_id = $2",
        tx.tenant(),
        good.token,
        now
    )
    .execute(tx.conn())
    .await
    .db()?;
    sqlx::query!(
        "update gateway.connection set last_used_at = $3 where tenant_id = $1 and connection_id = $2",
        tx.tenant(),
        good.connection,
        now
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}
