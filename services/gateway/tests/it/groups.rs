//! What groups mean: roles and audiences.

use crate::world::{World, group_path, id};
use contracts::mentor::gateway::{
    events::v1::GroupUpserted,
    v1::{GetGrantsRequest, ListGroupsRequest, MapGroupRequest},
};
use serde_json::{Value, json};

async fn map(world: &World, group: &Value, roles: &[&str], audience: &str) -> Result<(), &'static str> {
    let request = MapGroupRequest {
        request_id: world.request_id(),
        group_id: id(group),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        audience: audience.into(),
    };
    world.groups().map_group(request).await.map(|_| ()).map_err(|status| grpc::from_status(status).reason)
}

async fn grants(world: &World, user: &Value) -> (Vec<String>, Vec<String>) {
    let answer =
        world.groups().get_grants(GetGrantsRequest { user_id: id(user) }).await.expect("a user").into_inner();
    (answer.roles, answer.audiences)
}

#[tokio::test]
async fn members_have_the_roles_and_audiences_of_their_groups_and_those_above() {
    let world = World::start().await;
    let (ann, bob) = (world.user("ann", json!({})).await, world.user("bob", json!({})).await);
    let inner = world.group("HR team", &[&id(&ann)]).await;
    let outer = world.group("Everybody", &[&id(&inner), &id(&bob)]).await;
    map(&world, &inner, &["program_manager", "auditor"], "Leaders").await.expect("a group");
    map(&world, &outer, &["employee"], "All staff").await.expect("a group");
    assert_eq!(
        grants(&world, &ann).await,
        (
            vec!["auditor".into(), "employee".into(), "program_manager".into()],
            vec!["All staff".into(), "Leaders".into()]
        )
    );
    assert_eq!(grants(&world, &bob).await, (vec!["employee".into()], vec!["All staff".into()]));
    let listed =
        world.groups().list_groups(ListGroupsRequest::default()).await.expect("allowed").into_inner().groups;
    assert_eq!(
        listed.iter().map(|group| (group.display_name.as_str(), group.members)).collect::<Vec<_>>(),
        [("HR team", 1), ("Everybody", 2)]
    );
    // A new name at the provider keeps the meaning, and is told with it.
    world
        .patch(
            &group_path(&inner),
            json!([{ "op": "replace", "path": "displayName", "value": "People team" }]),
        )
        .await
        .ok();
    let told = world.suite.events::<GroupUpserted>().await;
    let last = told.last().expect("told");
    assert_eq!(
        (last.display_name.as_str(), last.audience.as_str(), last.roles.len()),
        ("People team", "Leaders", 2)
    );
    let count = told.len();
    map(&world, &inner, &["auditor", "program_manager"], "Leaders").await.expect("no news");
    assert_eq!(world.suite.events::<GroupUpserted>().await.len(), count);
    // Gone with the group.
    assert_eq!(world.delete(&group_path(&outer)).await.status, 204);
    assert_eq!(grants(&world, &bob).await, (vec![], vec![]));
}

#[tokio::test]
async fn nobody_is_mapped_to_what_cannot_be_granted() {
    let world = World::start().await;
    let group = world.group("Team", &[]).await;
    for roles in [vec!["system"], vec!["hr_client"], vec!["king"]] {
        assert_eq!(map(&world, &group, &roles, "").await, Err("FIELD_INVALID"), "{roles:?}");
    }
    let user = world.user("ann", json!({})).await;
    assert_eq!(map(&world, &user, &[], "x").await, Err("NOT_FOUND"));
    let nobody = world.groups().get_grants(GetGrantsRequest { user_id: id(&group) }).await;
    assert_eq!(grpc::from_status(nobody.expect_err("no user")).reason, "NOT_FOUND");
}
