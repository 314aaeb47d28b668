//! Closes check-ins that nobody answered in time.

use crate::{Evaluation, check_ins::store};
use kernel::{Context, Result};

pub(crate) async fn run(service: &Evaluation, ctx: &Context) -> Result<()> {
    let mut tx = service.db().write(ctx).await?;
    store::close_overdue(&mut tx).await?;
    tx.commit().await
}
