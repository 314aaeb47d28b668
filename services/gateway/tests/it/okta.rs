//! What Okta sends, shape by shape.

use crate::world::{ENTERPRISE, GROUP, PATCH, USER, World, group_path, id, members, names, user_path};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn a_user_is_looked_for_created_and_found_again() {
    let world = World::start().await;
    let look = async || {
        world
            .query(
                "/Users",
                &[("filter", "userName eq \"test.user@okta.local\""), ("startIndex", "1"), ("count", "100")],
            )
            .await
            .ok()
    };
    let nobody = look().await;
    assert_eq!((&nobody["totalResults"], &nobody["Resources"]), (&json!(0), &json!([])));
    let sent = json!({
        "schemas": [USER], "userName": "test.user@okta.local", "name": { "givenName": "Test", "familyName": "User" },
        "emails": [{ "primary": true, "value": "test.user@okta.local", "type": "work" }],
        "displayName": "Test User", "locale": "en-US", "externalId": "00ujl29u0le5T6Aj10h7", "groups": [],
        "password": "1mz050nq", "active": true,
    });
    let created = world.post("/Users", sent.clone()).await;
    assert_eq!(created.status, 201);
    let found = world.query("/Users", &[("filter", "userName eq \"TEST.USER@okta.local\"")]).await.ok();
    assert_eq!(found["Resources"][0]["id"], created.body["id"]);
    assert_eq!(world.post("/Users", sent).await.refused(), (409, "uniqueness".into()));
}

#[tokio::test]
async fn everybody_is_read_in_pages_of_a_hundred() {
    let world = World::start().await;
    let people: Vec<_> = (0..230)
        .map(|n| json!({ "method": "POST", "path": "/Users", "bulkId": n.to_string(), "data": { "schemas": [USER], "userName": format!("user{n}") } }))
        .collect();
    let bulk =
        json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": people });
    world.post("/Bulk", bulk).await.ok();
    let mut seen = Vec::new();
    for start in ["1", "101", "201"] {
        let page = world.query("/Users", &[("startIndex", start), ("count", "100")]).await.ok();
        assert_eq!(page["totalResults"], 230);
        seen.extend(names(&page));
    }
    let mut expected: Vec<String> = (0..230).map(|n| format!("user{n}")).collect();
    // In whatever order they came within a moment: everybody once.
    expected.sort();
    seen.sort();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_user_is_got_and_put_back_whole_with_what_is_read_only() {
    let world = World::start().await;
    let user = world
        .user("ann", json!({ "emails": [{ "value": "a@x.org", "type": "work", "primary": true }] }))
        .await;
    world.group("Team", &[&id(&user)]).await;
    let mut whole = world.get(&user_path(&user)).await.ok();
    assert!(whole["groups"].is_array() && whole["meta"].is_object());
    whole["name"] = json!({ "givenName": "Another", "familyName": "User" });
    let replaced = world.put(&user_path(&user), whole).await.ok();
    assert_eq!(replaced["name"]["givenName"], "Another");
    assert_eq!((&replaced["id"], replaced["groups"].as_array().map(Vec::len)), (&user["id"], Some(1)));
}

#[tokio::test]
async fn a_user_is_deactivated_by_a_replace_without_path_or_by_a_put() {
    let world = World::start().await;
    let user = world.user("ann", json!({})).await;
    let path = user_path(&user);
    let changed = world.patch(&path, json!([{ "op": "replace", "value": { "active": false } }])).await.ok();
    assert_eq!(changed["active"], false);
    let back = world.patch(&path, json!([{ "op": "replace", "value": { "active": true } }])).await.ok();
    assert_eq!(back["active"], true);
    let mut whole = world.get(&path).await.ok();
    whole["active"] = false.into();
    assert_eq!(world.put(&path, whole.clone()).await.ok()["active"], false);
    // Readable still, and nobody comes back because a PUT left the word out.
    assert_eq!(world.get(&path).await.ok()["active"], false);
    whole.as_object_mut().expect("an object").remove("active");
    whole["title"] = "x".into();
    assert_eq!(world.put(&path, whole).await.ok()["active"], false);
}

#[tokio::test]
async fn a_group_is_renamed_with_its_id_in_the_value() {
    let world = World::start().await;
    let group = world.group("Test SCIMv2", &[]).await;
    let renamed = world
        .patch(
            &group_path(&group),
            json!([{ "op": "replace", "value": { "id": id(&group), "displayName": "Test SCIMv2 renamed" } }]),
        )
        .await;
    assert_eq!((renamed.status, &renamed.body["displayName"]), (200, &json!("Test SCIMv2 renamed")));
    assert_eq!(renamed.body["id"], group["id"]);
}

#[tokio::test]
async fn members_come_and_go_one_by_one() {
    let world = World::start().await;
    let (ann, bob) = (world.user("ann", json!({})).await, world.user("bob", json!({})).await);
    let group = world.group("Team", &[]).await;
    let path = group_path(&group);
    let add = |user: &serde_json::Value, name: &str| json!([{ "op": "add", "path": "members", "value": [{ "value": id(user), "display": name }] }]);
    world.patch(&path, add(&ann, "ann@x.org")).await.ok();
    let both = world.patch(&path, add(&bob, "bob@x.org")).await.ok();
    assert_eq!(members(&both), [id(&ann), id(&bob)]);
    assert_eq!(both["members"][0]["display"], "ann@x.org");
    let again = world
        .patch(&path, json!([{ "op": "add", "path": "members", "value": [{ "value": id(&ann) }] }]))
        .await;
    assert_eq!((members(&again.body).len(), again.etag.as_str()), (2, "W/\"3\""));
    let remove = json!([{ "op": "remove", "path": format!("members[value eq \"{}\"]", id(&ann)) }]);
    assert_eq!(members(&world.patch(&path, remove.clone()).await.ok()), [id(&bob)]);
    assert_eq!(members(&world.patch(&path, remove).await.ok()), [id(&bob)]);
    // A whole group at once.
    let all = json!({ "schemas": [PATCH], "Operations": [
        { "op": "replace", "path": "members", "value": [{ "value": id(&ann) }, { "value": id(&bob) }] },
    ] });
    assert_eq!(members(&world.send(Method::PATCH, &path, &[], Some(&all)).await.ok()).len(), 2);
    let put = json!({ "schemas": [GROUP], "id": id(&group), "displayName": "Team", "members": [{ "value": id(&ann), "display": "ann" }] });
    assert_eq!(members(&world.put(&path, put).await.ok()), [id(&ann)]);
    assert_eq!(world.delete(&path).await.status, 204);
    assert_eq!(world.get(&user_path(&ann)).await.ok().get("groups"), None);
}

#[tokio::test]
async fn profile_updates_reach_the_extension() {
    let world = World::start().await;
    let user = world.user("ann", json!({ ENTERPRISE: { "department": "Finance", "costCenter": "1" } })).await;
    let changed = world
        .patch(
            &user_path(&user),
            json!([{ "op": "replace", "value": { ENTERPRISE: { "department": "Sales" }, "title": "Lead" } }]),
        )
        .await
        .ok();
    assert_eq!(changed[ENTERPRISE], json!({ "department": "Sales", "costCenter": "1" }));
    assert_eq!(changed["title"], "Lead");
}
