//! PATCH of a user or group. Answers 200 with the resource as it is then.

use super::{answer::Answer, patch, request::Target, write::Change};
use axum::body::Body;

pub(crate) async fn handle(target: Target, body: Body) -> Answer {
    let projection = target.projection()?;
    let operations = patch::read(&target.sent(body).await?)?;
    let changed = target.change(Change::Patch(&operations)).await?;
    Ok(target.shown(&changed, &projection))
}
