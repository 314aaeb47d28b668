//! Says what a group means.

use super::{read::group_out, store};
use crate::{Gateway, events};
use contracts::mentor::gateway::v1::{MapGroupRequest, MapGroupResponse};
use kernel::{Result, parse_id};
use storage::{Audit, Tx};

pub(crate) async fn handle(_: &Gateway, tx: &mut Tx, request: MapGroupRequest) -> Result<MapGroupResponse> {
    let mut group = store::lock(tx, parse_id("group_id", &request.group_id)?).await?;
    if group.map(&request.roles, &request.audience)? {
        store::save(tx, &group).await?;
        events::group_upserted(tx, group.id, &group.display_name, &group.roles, &group.audience);
    }
    let what = format!("roles: {}; audience: {}", group.roles.join(" "), group.audience);
    tx.audit(Audit::of("scim_group", group.id).because(what));
    Ok(MapGroupResponse { group: Some(group_out(&group)) })
}
