//! Expires applications that nobody decided in time, and those of closed programs.

use crate::{Enrollment, applications::store, events};
use kernel::{Context, Result};
use storage::Audit;

/// Applications of one commit.
const BATCH: i64 = 200;

pub(crate) async fn run(service: &Enrollment, ctx: &Context) -> Result<()> {
    loop {
        let mut tx = service.db.write(ctx).await?;
        let now = tx.now();
        let overdue = store::lock_overdue(&mut tx, BATCH).await?;
        if overdue.is_empty() {
            return tx.commit().await;
        }
        for (mut application, closed) in overdue {
            if let Some(event) = application.expire(closed, now) {
                store::save(&mut tx, &mut application).await?;
                events::application(&mut tx, &application, event);
                tx.audit(Audit::of("application", application.id).about(application.person));
            }
        }
        tx.commit().await?;
    }
}
