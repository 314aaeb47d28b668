//! Matches whose planned time is over complete.

use crate::Matching;
use crate::matches::{closing, store};
use kernel::{Context, Result};

/// Matches of one transaction.
const BATCH: i64 = 100;

pub(crate) async fn run(service: &Matching, ctx: &Context) -> Result<()> {
    loop {
        let mut tx = service.db().write(ctx).await?;
        let due = store::outlived(&mut tx, BATCH).await?;
        if due.is_empty() {
            return Ok(());
        }
        for mut open in store::lock_all(&mut tx, &due).await? {
            closing::complete(&mut tx, &mut open).await?;
        }
        tx.commit().await?;
    }
}
