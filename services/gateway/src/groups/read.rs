//! Reads groups and what users have by them.

use super::{mapping::Group, store};
use crate::Gateway;
use contracts::mentor::gateway::v1::{
    self as wire, GetGrantsRequest, GetGrantsResponse, ListGroupsRequest, ListGroupsResponse,
};
use kernel::{Error, Page, Result, parse_id};
use storage::{Audit, Tx};

pub(crate) async fn list_groups(
    _: &Gateway,
    tx: &mut Tx,
    request: ListGroupsRequest,
) -> Result<ListGroupsResponse> {
    let page = Page::read(request.page_size, &request.page_token, "groups")?;
    let (groups, next_page_token) = page.finish(store::list(tx, &page).await?, |group| group.id);
    Ok(ListGroupsResponse { groups: groups.iter().map(group_out).collect(), next_page_token })
}

pub(crate) async fn get_grants(
    _: &Gateway,
    tx: &mut Tx,
    request: GetGrantsRequest,
) -> Result<GetGrantsResponse> {
    let user = parse_id("user_id", &request.user_id)?;
    if !store::is_user(tx, user).await? {
        return Err(Error::not_found("user", user));
    }
    let (roles, audiences) = store::grants(tx, user).await?;
    tx.audit(Audit::of("scim_user", user).about(user));
    Ok(GetGrantsResponse { roles, audiences })
}

/// A group for an answer.
pub(crate) fn group_out(group: &Group) -> wire::Group {
    wire::Group {
        group_id: group.id.to_string(),
        display_name: group.display_name.clone(),
        members: group.members,
        roles: group.roles.clone(),
        audience: group.audience.clone(),
    }
}
