//! One effect per request id.
//!
//! The request's row is written first, in the round trip that opens the transaction. A second caller with the
//! same id waits on that row's unique key until the first has committed, and then reads the stored answer;
//! if the first rolled back, the second goes on as if it were the first.

use crate::{
    Database, DbResult, Tx,
    database::set_tenant,
    error::{unavailable, violated},
    tx::Mode,
};
use kernel::{Context, Error, ErrorKind, Result, Uuid, parse_id};
use prost::Message;
use sha2::{Digest, Sha256};

/// Tries to open before giving up: a row can vanish between the collision and the look at it.
const ATTEMPTS: u32 = 5;

/// A mutation that was begun.
#[expect(clippy::large_enum_variant, reason = "it is nearly always the open one, and lives shortly")]
pub enum Mutation<Res> {
    /// New: do it and commit.
    Open(Tx),
    /// Done before: the first answer.
    Replayed(Res),
}

impl Database {
    /// Begins what a caller asked for under a request id. Who asks, for what and with which body belongs to the
    /// id. Requests have no map fields: their encoding has to be the same each time.
    ///
    /// # Errors
    /// `FIELD_INVALID` for a malformed id, `REQUEST_ID_REUSED` for an id that was used for something else,
    /// else as [`Database::read`].
    pub async fn mutation<Req: Message, Res: Message + Default>(
        &self,
        ctx: &Context,
        request_id: &str,
        req: &Req,
    ) -> Result<Mutation<Res>> {
        let id = parse_id("request_id", request_id)?;
        let fingerprint = fingerprint(ctx, req);
        let begin = self.begin_mutation(ctx, id, &fingerprint);
        for _ in 0..ATTEMPTS {
            match self.begin(&begin).await {
                Ok(session) => return Ok(Mutation::Open(Tx::new(self, session, ctx, Mode::Mutation(id)))),
                Err(error) if violated(&error) == Some("idempotency_pkey") => {
                    if let Some(response) = self.replay(ctx, id, &fingerprint).await? {
                        return Ok(Mutation::Replayed(response));
                    }
                }
                Err(error) => return Err(error).db(),
            }
        }
        Err(unavailable("the request is being worked on elsewhere; try again"))
    }

    /// All parts of this text are ids, an instant and a hash: nothing in it is the caller's to choose.
    fn begin_mutation(&self, ctx: &Context, id: Uuid, fingerprint: &[u8]) -> String {
        let hex: String = fingerprint.iter().map(|byte| format!("{byte:02x}")).collect();
        format!(
            "BEGIN; {}; INSERT INTO \"{}\".idempotency (tenant_id, request_id, fingerprint, created_at) \
             VALUES ('{}', '{id}', '\\x{hex}', '{}')",
            set_tenant(ctx.tenant()),
            self.service(),
            ctx.tenant(),
            ctx.now,
        )
    }

    async fn replay<Res: Message + Default>(
        &self,
        ctx: &Context,
        id: Uuid,
        fingerprint: &[u8],
    ) -> Result<Option<Res>> {
        let mut tx = self.read(ctx).await?;
        let sql = self.sql(
            "select fingerprint, response from {s}.idempotency where tenant_id = $1 and request_id = $2",
        );
        let tenant = tx.tenant();
        let row: Option<(Vec<u8>, Option<Vec<u8>>)> =
            sqlx::query_as(sql).bind(tenant).bind(id).fetch_optional(tx.conn()).await.db()?;
        match row {
            None => Ok(None),
            Some((stored, _)) if stored != fingerprint => Err(Error::new(
                ErrorKind::AlreadyExists,
                "REQUEST_ID_REUSED",
                "request_id was used before for another request; send a new one",
            )),
            Some((_, response)) => {
                let response = response.unwrap_or_default();
                Res::decode(response.as_slice()).map(Some).map_err(Error::internal)
            }
        }
    }
}

fn fingerprint(ctx: &Context, req: &impl Message) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [ctx.operation.as_bytes(), ctx.actor.subject.as_bytes()] {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    hash.update(req.encode_to_vec());
    hash.finalize().into()
}
