//! Groups of the identity provider and what they mean here: roles of their members, audiences of programs.

mod map_group;
mod mapping;
mod read;
mod store;

pub(crate) use store::{grants, mapping};

use contracts::mentor::gateway::v1::*;

grpc::service! {
    impl GroupService for crate::Gateway in contracts::mentor::gateway::v1::group_service_server {
        write map_group(MapGroupRequest) -> MapGroupResponse = map_group::handle;
        read  list_groups(ListGroupsRequest) -> ListGroupsResponse = read::list_groups;
        read  get_grants(GetGrantsRequest) -> GetGrantsResponse = read::get_grants;
    }
}
