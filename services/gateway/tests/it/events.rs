//! What the gateway tells, and that it tells nothing else.

use crate::world::{ENTERPRISE, World, group_path, id, user_path};
use contracts::mentor::gateway::events::v1::{
    GroupDeleted, GroupMembersChanged, PersonDeprovisioned, PersonProvisioned,
};
use serde_json::json;

#[tokio::test]
async fn the_directory_hears_of_people_once_and_of_what_concerns_it() {
    let world = World::start().await;
    let ann = world
        .user("ann@x.org", json!({
            "externalId": "e1", "displayName": "Ann Lee", "title": "Lead", "emails": [{ "value": "ann@x.org", "type": "work" }],
            ENTERPRISE: { "employeeNumber": "7", "department": "Finance", "division": "Money", "organization": "Org", "manager": { "value": "8" } },
        }))
        .await;
    let told = world.suite.events::<PersonProvisioned>().await;
    let expected = PersonProvisioned {
        user_id: id(&ann),
        external_id: "7".into(),
        user_name: "ann@x.org".into(),
        provider_id: "e1".into(),
        display_name: "Ann Lee".into(),
        email: "ann@x.org".into(),
        manager: "8".into(),
        unit: "Finance".into(),
        job_title: "Lead".into(),
        organisation: "Org".into(),
        division: "Money".into(),
        grade: None,
        profession: None,
        fte_percent: None,
    };
    assert_eq!(told, [expected]);
    let path = user_path(&ann);
    // Nothing changed, and nothing that the directory keeps.
    world.put(&path, world.get(&path).await.ok()).await.ok();
    world.patch(&path, json!([{ "op": "replace", "path": "nickName", "value": "Annie" }])).await.ok();
    assert_eq!(world.suite.events::<PersonProvisioned>().await.len(), 1);
    world.patch(&path, json!([{ "op": "replace", "path": "title", "value": "Head" }])).await.ok();
    assert_eq!(world.suite.events::<PersonProvisioned>().await.len(), 2);
    for _ in 0..2 {
        world.patch(&path, json!([{ "op": "replace", "path": "active", "value": false }])).await.ok();
    }
    world.patch(&path, json!([{ "op": "replace", "path": "title", "value": "Gone" }])).await.ok();
    assert_eq!(world.suite.events::<PersonDeprovisioned>().await.len(), 1);
    world.patch(&path, json!([{ "op": "replace", "path": "active", "value": true }])).await.ok();
    assert_eq!(world.suite.events::<PersonProvisioned>().await.len(), 3);
    assert_eq!(world.delete(&path).await.status, 204);
    let gone = world.suite.events::<PersonDeprovisioned>().await;
    assert_eq!((gone.len(), gone[1].external_id.as_str()), (2, "7"));
}

#[tokio::test]
async fn members_are_told_by_what_changed() {
    let world = World::start().await;
    let ann = world.user("ann", json!({})).await;
    let group = world.group("Team", &[&id(&ann), "later"]).await;
    world
        .patch(&group_path(&group), json!([{ "op": "remove", "path": "members[value eq \"later\"]" }]))
        .await
        .ok();
    assert_eq!(world.delete(&user_path(&ann)).await.status, 204);
    let told = world.suite.events::<GroupMembersChanged>().await;
    let changes: Vec<(usize, Vec<String>)> =
        told.into_iter().map(|told| (told.added.len(), told.removed)).collect();
    assert_eq!(changes, [(2, vec![]), (0, vec!["later".into()]), (0, vec![id(&ann)])]);
    assert_eq!(world.delete(&group_path(&group)).await.status, 204);
    assert_eq!(world.suite.events::<GroupDeleted>().await.len(), 1);
    let audited: i64 = sqlx::query_scalar(
        "select count(*) from gateway.audit where object in ('scim_user', 'scim_group') and not is_read",
    )
    .fetch_one(world.suite.sql())
    .await
    .expect("the trail");
    assert_eq!(audited, 5);
}
