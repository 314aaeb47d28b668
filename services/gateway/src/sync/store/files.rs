//! The SQL of files as they were taken.

use kernel::{Error, Result, Uuid};
use storage::time::at;
use storage::{DbResult, Tx};

/// Bytes of one part.
const PART: usize = 1 << 20;

/// A file, without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) size: i64,
}

/// Keeps a file; the one kept before, where the source sent the same bytes.
pub(crate) async fn keep(
    tx: &mut Tx,
    source: Uuid,
    name: &str,
    digest: &[u8],
    bytes: &[u8],
) -> Result<Stored> {
    let (id, size) = (tx.new_id(), i64::try_from(bytes.len()).unwrap_or(i64::MAX));
    let row = sqlx::query!(
        "insert into gateway.sync_file (tenant_id, file_id, source_id, name, digest, size, created_at) \
         values ($1, $2, $3, $4, $5, $6, $7) \
         on conflict (tenant_id, source_id, digest) do update set created_at = excluded.created_at \
         returning file_id, name, size",
        tx.tenant(),
        id,
        source,
        name,
        digest,
        size,
        at(tx.now())
    )
    .fetch_one(tx.conn())
    .await
    .db()?;
    if row.file_id == id {
        for (number, part) in (0..).zip(bytes.chunks(PART)) {
            add_part(tx, id, number, part).await?;
        }
    }
    Ok(Stored { id: row.file_id, name: row.name, size: row.size })
}

async fn add_part(tx: &mut Tx, file: Uuid, number: i32, bytes: &[u8]) -> Result<()> {
    sqlx::query!(
        "insert into gateway.sync_file_part (tenant_id, file_id, number, bytes) values ($1, $2, $3, $4)",
        tx.tenant(),
        file,
        number,
        bytes
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// A file of a source.
///
/// # Errors
/// `NOT_FOUND`.
pub(crate) async fn find(tx: &mut Tx, source: Uuid, file: Uuid) -> Result<Stored> {
    let row = sqlx::query!(
        "select name, size from gateway.sync_file where tenant_id = $1 and source_id = $2 and file_id = $3",
        tx.tenant(),
        source,
        file
    )
    .fetch_optional(tx.conn())
    .await
    .db()?;
    let row = row.ok_or_else(|| Error::not_found("file", file))?;
    Ok(Stored { id: file, name: row.name, size: row.size })
}

/// The bytes of a file.
pub(crate) async fn bytes(tx: &mut Tx, file: Uuid) -> Result<Vec<u8>> {
    let parts = sqlx::query_scalar!(
        "select bytes from gateway.sync_file_part where tenant_id = $1 and file_id = $2 order by number",
        tx.tenant(),
        file
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    Ok(parts.concat())
}
