//! What Entra ID sends, shape by shape.

use crate::world::{ENTERPRISE, GROUP, USER, World, group_path, id, members, names, user_path};
use serde_json::{Value, json};

#[tokio::test]
async fn the_connection_test_finds_nobody() {
    let world = World::start().await;
    let found =
        world.query("/Users", &[("filter", "userName eq \"1bd12b5b-3d8e-4e5e-a8a0-7ea2a4c3d0f5\"")]).await;
    assert_eq!(found.status, 200);
    assert_eq!((&found.body["totalResults"], &found.body["Resources"]), (&json!(0), &json!([])));
    let by_id = world.query("/Users", &[("filter", "externalId eq \"1bd12b5b\" or id eq \"x\"")]).await;
    assert_eq!(by_id.ok()["totalResults"], 0);
}

#[tokio::test]
async fn people_and_groups_are_matched() {
    let world = World::start().await;
    let user = json!({
        "schemas": [USER, ENTERPRISE], "externalId": "58342554-38d6-4ec8-948c-50044d0a33fd", "userName": "Test_User@contoso.com",
        "active": true, "displayName": "Test User", "emails": [{ "primary": true, "type": "work", "value": "test@contoso.com" }],
        "meta": { "resourceType": "User" }, "name": { "formatted": "givenName familyName", "familyName": "familyName", "givenName": "givenName" },
        "roles": [], "title": null, "nickName": null, ENTERPRISE: null,
    });
    let created = world.post("/Users", user).await;
    assert_eq!(created.status, 201, "{}", created.body);
    assert!(created.body.get("title").is_none() && created.body.get(ENTERPRISE).is_none());
    for filter in [
        "emails[type eq \"work\"].value eq \"TEST@contoso.com\"",
        "externalId eq \"58342554-38d6-4ec8-948c-50044d0a33fd\"",
        "userName eq \"test_user@contoso.com\"",
    ] {
        assert_eq!(
            names(&world.query("/Users", &[("filter", filter)]).await.ok()),
            ["Test_User@contoso.com"],
            "{filter}"
        );
    }
    let group = json!({ "schemas": [GROUP, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
        "externalId": "8aa1a0c0", "displayName": "Marketing", "meta": { "resourceType": "Group" } });
    assert_eq!(
        world.post("/Groups", group).await.refused(),
        (400, "invalidSyntax".into()),
        "the schema is not ours"
    );
    let group = world.group("Marketing", &[&id(&created.body)]).await;
    let found = world
        .query("/Groups", &[("excludedAttributes", "members"), ("filter", "displayName eq \"marketing\"")])
        .await
        .ok();
    assert_eq!((&found["Resources"][0]["id"], found["Resources"][0].get("members")), (&group["id"], None));
    let read = world.query(&group_path(&group), &[("excludedAttributes", "members")]).await.ok();
    assert!(read.get("members").is_none());
    let (member, id) = (id(&created.body), id(&group));
    let is_member = format!("id eq \"{id}\" and members eq \"{member}\"");
    assert_eq!(world.query("/Groups", &[("filter", is_member.as_str())]).await.ok()["totalResults"], 1);
}

#[tokio::test]
async fn operations_are_capitalised_and_booleans_are_text() {
    let world = World::start().await;
    let user = world.user("ann", json!({ "title": "x" })).await;
    let changed = world
        .patch(
            &user_path(&user),
            json!([
                { "op": "Replace", "path": "active", "value": "False" },
                { "op": "Add", "path": "nickName", "value": "Annie" },
                { "op": "Remove", "path": "title" },
            ]),
        )
        .await
        .ok();
    assert_eq!(
        (&changed["active"], &changed["nickName"], changed.get("title")),
        (&json!(false), &json!("Annie"), None)
    );
    // Whoever is inactive stays readable.
    assert_eq!(world.get(&user_path(&user)).await.ok()["active"], false);
    assert_eq!(names(&world.query("/Users", &[("filter", "active eq \"False\"")]).await.ok()), ["ann"]);
    let back = world
        .patch(&user_path(&user), json!([{ "op": "Replace", "path": "active", "value": "True" }]))
        .await
        .ok();
    assert_eq!(back["active"], true);
}

#[tokio::test]
async fn an_address_that_is_not_there_is_created_by_add() {
    let world = World::start().await;
    let user = world.user("ann", json!({})).await;
    let path = user_path(&user);
    let added = world
        .patch(
            &path,
            json!([
                { "op": "Add", "path": "emails[type eq \"work\"].value", "value": "ann@work.org" },
                { "op": "Add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "555" },
                { "op": "Add", "path": "addresses[type eq \"work\"].country", "value": "GB" },
                { "op": "Add", "path": "roles[primary eq \"True\"].value", "value": "lead" },
                { "op": "Add", "path": "name.givenName", "value": "Ann" },
            ]),
        )
        .await
        .ok();
    assert_eq!(added["emails"], json!([{ "type": "work", "value": "ann@work.org" }]));
    assert_eq!(added["phoneNumbers"], json!([{ "type": "mobile", "value": "555" }]));
    assert_eq!(added["addresses"], json!([{ "type": "work", "country": "GB" }]));
    assert_eq!(added["roles"], json!([{ "primary": true, "value": "lead" }]));
    assert_eq!(added["name"], json!({ "givenName": "Ann" }));
    let replaced = world
        .patch(
            &path,
            json!([{ "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "lee@work.org" }]),
        )
        .await
        .ok();
    assert_eq!(replaced["emails"], json!([{ "type": "work", "value": "lee@work.org" }]));
    let missing = world
        .patch(&path, json!([{ "op": "Replace", "path": "emails[type eq \"home\"].value", "value": "x" }]))
        .await;
    assert_eq!(missing.refused(), (400, "noTarget".into()));
    let removed =
        world.patch(&path, json!([{ "op": "Remove", "path": "emails[type eq \"work\"]" }])).await.ok();
    assert!(removed.get("emails").is_none());
}

#[tokio::test]
async fn a_manager_comes_in_every_form() {
    let world = World::start().await;
    let user = world.user("ann", json!({})).await;
    let (path, manager) = (user_path(&user), format!("{ENTERPRISE}:manager"));
    let forms = [json!("boss"), json!({ "value": "boss" }), json!([{ "value": "boss" }])];
    for form in forms {
        let set = world.patch(&path, json!([{ "op": "Add", "path": manager, "value": form }])).await.ok();
        assert_eq!(set[ENTERPRISE], json!({ "manager": { "value": "boss" } }), "{form}");
        let cleared = world
            .patch(&path, json!([{ "op": "Replace", "path": manager, "value": { "value": "" } }]))
            .await
            .ok();
        assert!(cleared.get(ENTERPRISE).is_none(), "{cleared}");
    }
    for gone in [
        json!([{ "op": "Replace", "path": manager, "value": "" }]),
        json!([{ "op": "Replace", "path": manager, "value": null }]),
        json!([{ "op": "Remove", "path": manager }]),
        json!([{ "op": "Replace", "path": format!("{manager}.value"), "value": "" }]),
    ] {
        world
            .patch(&path, json!([{ "op": "Replace", "path": format!("{manager}.value"), "value": "boss" }]))
            .await
            .ok();
        let cleared = world.patch(&path, gone.clone()).await.ok();
        assert!(cleared.get(ENTERPRISE).is_none(), "{gone}: {cleared}");
    }
}

#[tokio::test]
async fn a_list_of_members_is_removed_and_nobody_else() {
    let world = World::start().await;
    let mut people = Vec::new();
    for name in ["ann", "bob", "cid", "dee"] {
        people.push(id(&world.user(name, json!({})).await));
    }
    let ids: Vec<&str> = people.iter().map(String::as_str).collect();
    let group = world.group("Team", &ids).await;
    let path = group_path(&group);
    let left = world
        .patch(&path, json!([{ "op": "Remove", "path": "members", "value": [{ "value": ids[0] }, { "value": ids[2] }, { "value": "never" }] }]))
        .await
        .ok();
    assert_eq!(members(&left), [ids[1], ids[3]]);
    let one = world
        .patch(&path, json!([{ "op": "Remove", "path": "members", "value": { "value": ids[1] } }]))
        .await
        .ok();
    assert_eq!(members(&one), [ids[3]]);
    let added = world
        .patch(&path, json!([{ "op": "Add", "path": "members", "value": [{ "$ref": null, "value": ids[0] }, { "value": ids[3] }] }]))
        .await
        .ok();
    assert_eq!(members(&added), [ids[3], ids[0]]);
    let none = world.patch(&path, json!([{ "op": "Remove", "path": "members" }])).await.ok();
    assert_eq!(members(&none), Vec::<String>::new());
}

#[tokio::test]
async fn a_replace_without_path_has_dotted_and_urn_keys() {
    let world = World::start().await;
    let user = world.user("ann", json!({ "emails": [{ "type": "work", "value": "old@x.org" }] })).await;
    let mut value = json!({
        "displayName": "Bjfe", "name.givenName": "Kim", "name.familyName": "Lee", "active": "True",
        "emails[type eq \"work\"].value": "new@x.org", "id": "ignored", "meta.version": "ignored",
    });
    value[format!("{ENTERPRISE}:department")] = "Sales".into();
    value[format!("{ENTERPRISE}:manager")] = "boss".into();
    value[ENTERPRISE] = json!({ "costCenter": "7" });
    let changed = world.patch(&user_path(&user), json!([{ "op": "replace", "value": value }])).await.ok();
    assert_eq!(changed["name"], json!({ "givenName": "Kim", "familyName": "Lee" }));
    assert_eq!(
        changed[ENTERPRISE],
        json!({ "department": "Sales", "costCenter": "7", "manager": { "value": "boss" } })
    );
    assert_eq!(changed["emails"], json!([{ "type": "work", "value": "new@x.org" }]));
    assert_eq!(
        (&changed["id"], &changed["active"], &changed["displayName"]),
        (&user["id"], &json!(true), &json!("Bjfe"))
    );
}

#[tokio::test]
async fn a_new_primary_takes_the_place_of_the_old() {
    let world = World::start().await;
    let user = world
        .user("ann", json!({ "emails": [{ "type": "work", "value": "a@x.org", "primary": true }] }))
        .await;
    let changed = world
        .patch(&user_path(&user), json!([{ "op": "add", "path": "emails", "value": [{ "type": "home", "value": "b@x.org", "primary": true }] }]))
        .await
        .ok();
    assert_eq!(changed["emails"][0]["primary"], false);
    assert_eq!(changed["emails"][1]["primary"], true);
    let extension = world
        .patch(
            &user_path(&user),
            json!([{ "op": "add", "path": ENTERPRISE, "value": { "department": "Sales" } }]),
        )
        .await
        .ok();
    assert_eq!(extension[ENTERPRISE], json!({ "department": "Sales" }));
    let gone = world.patch(&user_path(&user), json!([{ "op": "remove", "path": ENTERPRISE }])).await.ok();
    assert!(gone.get(ENTERPRISE).is_none() && gone["schemas"] == json!([USER]));
}

#[tokio::test]
async fn twenty_five_requests_a_second_and_more_are_served() {
    let world = World::start().await;
    let user = world.user("ann", json!({})).await;
    let path = user_path(&user);
    // Redis counts by its own clock: 300 at once is the burst, 100 a second for ever.
    let replies = futures::future::join_all((0..100).map(|_| world.get(&path))).await;
    let refused: Vec<Value> =
        replies.into_iter().filter(|reply| reply.status != 200).map(|reply| reply.body).collect();
    assert_eq!(refused, Vec::<Value>::new());
}
