//! PUT of a user or group: the whole resource as it shall be; what is read-only in it is passed over.

use super::{answer::Answer, request::Target, write::Change};
use axum::body::Body;

pub(crate) async fn handle(target: Target, body: Body) -> Answer {
    let projection = target.projection()?;
    let sent = target.sent(body).await?;
    let changed = target.change(Change::Replace(&sent)).await?;
    Ok(target.shown(&changed, &projection))
}
