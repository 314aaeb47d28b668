//! The SQL of secrets that replace each other. Three tables have one shape: one text serves them, and is checked against
//! each. A table's module has `save`, which writes what [`super::rotate`] has made, and `good`, which reads it again.

macro_rules! secrets {
    (
        $(#[$about:meta])*
        $name:ident: $table:tt of $owner:tt,
        id: $id:tt,
        kept: $kept:tt,
        last_used_at: $used:tt
    ) => {
        $(#[$about])*
        pub(crate) mod $name {
            use crate::rotation::Secret;
            use kernel::{Result, Uuid};
            use std::collections::HashMap;
            use storage::time::{at, at_some, from_some};
            use storage::{DbResult, Tx};

            /// Writes the secrets of an owner: ends those before, adds the newest with what is kept of it, drops all others.
            pub(crate) async fn save(
                tx: &mut Tx,
                owner: Uuid,
                secrets: &[Secret],
                newest: Option<(Uuid, &[u8])>,
            ) -> Result<()> {
                for secret in secrets {
                    match newest {
                        Some((id, kept)) if id == secret.id => insert(tx, owner, secret, kept).await?,
                        _ => end(tx, secret).await?,
                    }
                }
                let others: Vec<Uuid> = secrets.iter().map(|secret| secret.id).collect();
                sqlx::query!(
                    "delete from gateway." + $table + " where tenant_id = $1 and " + $owner + " = $2 and " + $id
                        + " <> all($3)",
                    tx.tenant(),
                    owner,
                    &others
                )
                .execute(tx.conn())
                .await
                .db()?;
                Ok(())
            }

            async fn insert(tx: &mut Tx, owner: Uuid, secret: &Secret, kept: &[u8]) -> Result<()> {
                sqlx::query!(
                    "insert into gateway." + $table + " (tenant_id, " + $id + ", " + $owner + ", " + $kept
                        + ", created_at) values ($1, $2, $3, $4, $5)",
                    tx.tenant(),
                    secret.id,
                    owner,
                    kept,
                    at(secret.created_at)
                )
                .execute(tx.conn())
                .await
                .db()?;
                Ok(())
            }

            async fn end(tx: &mut Tx, secret: &Secret) -> Result<()> {
                sqlx::query!(
                    "update gateway." + $table + " set expires_at = $3 where tenant_id = $1 and " + $id + " = $2",
                    tx.tenant(),
                    secret.id,
                    at_some(secret.expires_at)
                )
                .execute(tx.conn())
                .await
                .db()?;
                Ok(())
            }

            /// The good secrets of these owners, the newest first.
            pub(crate) async fn good(tx: &mut Tx, owners: &[Uuid]) -> Result<HashMap<Uuid, Vec<Secret>>> {
                let rows = sqlx::query!(
                    "select " + $id + " as id, " + $owner + " as owner, created_at, expires_at, " + $used
                        + " as \"last_used_at?\" from gateway." + $table + " where tenant_id = $1 and " + $owner
                        + " = any($2) and (expires_at is null or expires_at > $3) order by created_at desc, " + $id
                        + " desc",
                    tx.tenant(),
                    owners,
                    at(tx.now())
                )
                .fetch_all(tx.conn())
                .await
                .db()?;
                let mut good: HashMap<Uuid, Vec<Secret>> = HashMap::new();
                for row in rows {
                    good.entry(row.owner).or_default().push(Secret {
                        id: row.id,
                        created_at: row.created_at.to_jiff(),
                        expires_at: from_some(row.expires_at),
                        last_used_at: from_some(row.last_used_at),
                    });
                }
                Ok(good)
            }
        }
    };
}

secrets! {
    /// Bearer tokens of connections, by their hash.
    tokens: "token" of "connection_id",
    id: "token_id",
    kept: "hash",
    last_used_at: "last_used_at"
}

secrets! {
    /// Secrets of machine clients, by their hash.
    of_clients: "client_secret" of "client_id",
    id: "secret_id",
    kept: "hash",
    last_used_at: "null::timestamptz"
}

secrets! {
    /// Secrets of webhooks, sealed.
    of_webhooks: "webhook_secret" of "webhook_id",
    id: "secret_id",
    kept: "sealed",
    last_used_at: "null::timestamptz"
}
