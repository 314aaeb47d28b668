//! Users and groups: made, read, replaced, changed, deleted.

use crate::world::{ENTERPRISE, GROUP, USER, World, group_path, id, members, names, user_path};
use reqwest::Method;
use serde_json::{Value, json};

/// Every attribute of the core and enterprise schemas.
fn everything() -> Value {
    let typed = |value: &str, kind: &str| json!([{ "value": value, "display": "shown", "type": kind, "primary": true }]);
    json!({
        "schemas": [USER, ENTERPRISE],
        "externalId": "00u1", "userName": "bjensen@example.com",
        "name": {
            "formatted": "Ms. Barbara J Jensen, III", "familyName": "Jensen", "givenName": "Barbara",
            "middleName": "Jane", "honorificPrefix": "Ms.", "honorificSuffix": "III",
        },
        "displayName": "Babs Jensen", "nickName": "Babs", "profileUrl": "https://login.example.com/bjensen",
        "title": "Tour Guide", "userType": "Employee", "preferredLanguage": "en-US", "locale": "en-US",
        "timezone": "America/Los_Angeles", "active": true,
        "emails": [
            { "value": "bjensen@example.com", "type": "work", "primary": true },
            { "value": "babs@jensen.org", "type": "home" },
        ],
        "phoneNumbers": typed("tel:555-555-5555", "work"), "ims": typed("someaimhandle", "aim"),
        "photos": typed("https://photos.example.com/1.jpg", "photo"),
        "addresses": [{
            "type": "work", "streetAddress": "100 Universal City Plaza", "locality": "Hollywood", "region": "CA",
            "postalCode": "91608", "country": "USA", "formatted": "100 Universal City Plaza\nHollywood", "primary": true,
        }],
        "entitlements": typed("parking", "garage"), "roles": typed("guide", "job"),
        "x509Certificates": typed("MIIDQzCCAqygAwIBAgICEAAwDQYJKoZIhvcNAQEFBQAw", "rsa"),
        ENTERPRISE: {
            "employeeNumber": "701984", "costCenter": "4130", "organization": "Universal Studios",
            "division": "Theme Park", "department": "Tour Operations",
            "manager": { "value": "26118915-6090-4610-87e4-49d8ca9f808d", "$ref": "../Users/26118915-6090-4610-87e4-49d8ca9f808d" },
        },
    })
}

#[tokio::test]
async fn every_attribute_is_kept_and_returned_and_passwords_are_dropped() {
    let world = World::start().await;
    let mut sent = everything();
    sent["password"] = "t1meMa$heen".into();
    let created = world.post("/Users", sent).await;
    assert_eq!((created.status, created.media.as_str()), (201, "application/scim+json;charset=utf-8"));
    assert_eq!(created.location, created.body["meta"]["location"]);
    assert_eq!((created.etag.as_str(), &created.body["meta"]["version"]), ("W/\"1\"", &json!("W/\"1\"")));
    let read = world.get(&user_path(&created.body)).await;
    assert_eq!((read.status, read.etag.as_str()), (200, "W/\"1\""));
    assert_eq!(read.body, created.body);
    let mut expected = everything();
    for own in ["id", "meta"] {
        expected[own] = read.body[own].clone();
    }
    assert_eq!(read.body, expected);
    let kept: String = sqlx::query_scalar("select string_agg(attributes::text, '') from gateway.resource")
        .fetch_one(world.suite.sql())
        .await
        .expect("rows");
    assert!(!kept.contains("t1meMa$heen") && kept.contains("bjensen"), "{kept}");
}

#[tokio::test]
async fn a_user_name_belongs_to_one_whatever_its_case() {
    let world = World::start().await;
    let first = world.user("Ann@Example.org", json!({})).await;
    let taken = world.post("/Users", json!({ "schemas": [USER], "userName": "ann@example.ORG" })).await;
    assert_eq!(taken.refused(), (409, "uniqueness".into()));
    let other = world.user("bob", json!({})).await;
    let other_path = user_path(&other);
    let renamed = world
        .patch(&other_path, json!([{ "op": "replace", "path": "userName", "value": "ANN@example.org" }]));
    assert_eq!(renamed.await.refused(), (409, "uniqueness".into()));
    // One's own name in another case is no conflict, and a deleted user's name is free.
    let first_path = user_path(&first);
    let recased = world
        .patch(&first_path, json!([{ "op": "replace", "path": "userName", "value": "ann@example.org" }]));
    assert_eq!(recased.await.ok()["userName"], "ann@example.org");
    assert_eq!(world.delete(&user_path(&first)).await.status, 204);
    world.user("ANN@EXAMPLE.ORG", json!({})).await;
    // Letters beyond ASCII have cases, too, whatever the language of the database.
    world.user("Øystein@example.org", json!({})).await;
    let taken = world.post("/Users", json!({ "schemas": [USER], "userName": "øYSTEIN@example.org" })).await;
    assert_eq!(taken.refused(), (409, "uniqueness".into()));
}

#[tokio::test]
async fn what_is_deleted_is_gone_for_everybody() {
    let world = World::start().await;
    let user = world.user("ann", json!({})).await;
    let group = world.group("Team", &[&id(&user)]).await;
    assert_eq!(world.delete(&user_path(&user)).await.status, 204);
    for reply in [
        world.get(&user_path(&user)).await,
        world.put(&user_path(&user), json!({ "schemas": [USER], "userName": "ann" })).await,
        world.patch(&user_path(&user), json!([{ "op": "add", "path": "title", "value": "x" }])).await,
        world.delete(&user_path(&user)).await,
        world.get("/Users/nonexistent").await,
        world.get(&format!("/Groups/{}", id(&user))).await,
    ] {
        assert_eq!(reply.refused(), (404, String::new()));
    }
    assert_eq!(world.get("/Users").await.ok()["totalResults"], 0);
    let left = world.get(&group_path(&group)).await;
    assert_eq!((members(&left.body), left.etag.as_str()), (vec![], "W/\"2\""));
}

#[tokio::test]
async fn a_change_is_made_on_the_version_that_was_read() {
    let world = World::start().await;
    let user = world.user("ann", json!({})).await;
    let path = user_path(&user);
    let titled = |title: &str| json!({ "schemas": [USER], "userName": "ann", "title": title });
    let put = |etag: &'static str, title: &'static str| {
        let (world, path) = (&world, path.clone());
        async move { world.send(Method::PUT, &path, &[("if-match", etag)], Some(&titled(title))).await }
    };
    assert_eq!(put("W/\"1\"", "first").await.etag, "W/\"2\"");
    assert_eq!(put("W/\"1\"", "late").await.refused(), (412, String::new()));
    assert_eq!(put("*", "any").await.etag, "W/\"3\"");
    let patch =
        json!({ "schemas": [crate::world::PATCH], "Operations": [{ "op": "remove", "path": "title" }] });
    let stale = world.send(Method::PATCH, &path, &[("if-match", "W/\"2\"")], Some(&patch)).await;
    assert_eq!(stale.refused(), (412, String::new()));
    assert_eq!(
        world.send(Method::DELETE, &path, &[("if-match", "W/\"2\"")], None).await.refused(),
        (412, String::new())
    );
    let unchanged = world.send(Method::GET, &path, &[("if-none-match", "W/\"3\"")], None).await;
    assert_eq!((unchanged.status, unchanged.body), (304, Value::Null));
    // What changes nothing writes nothing.
    assert_eq!(world.put(&path, titled("any")).await.etag, "W/\"3\"");
    assert_eq!(world.send(Method::DELETE, &path, &[("if-match", "W/\"3\"")], None).await.status, 204);
}

#[tokio::test]
async fn a_put_replaces_and_passes_over_what_is_read_only() {
    let world = World::start().await;
    let created = world.post("/Users", everything()).await.body;
    let mut sent = json!({ "schemas": [USER], "userName": "bjensen@example.com", "title": "Guide", "nickName": null, "emails": [] });
    sent["id"] = "00000000-0000-0000-0000-000000000000".into();
    sent["meta"] = json!({ "version": "W/\"99\"", "created": "1999-01-01T00:00:00Z" });
    sent["groups"] = json!([{ "value": "x" }]);
    let replaced = world.put(&user_path(&created), sent).await.ok();
    assert_eq!(replaced["id"], created["id"]);
    assert_eq!(replaced["meta"]["created"], created["meta"]["created"]);
    let mut kept: Vec<&str> = replaced.as_object().expect("an object").keys().map(String::as_str).collect();
    kept.sort_unstable();
    assert_eq!(kept, ["active", "id", "meta", "schemas", "title", "userName"]);
}

#[tokio::test]
async fn groups_show_on_their_users_directly_and_through_others() {
    let world = World::start().await;
    let ann = world.user("ann", json!({})).await;
    let inner = world.group("Inner", &[&id(&ann)]).await;
    let outer = world.group("Outer", &[&id(&inner)]).await;
    let shown = world.get(&user_path(&ann)).await.ok();
    let expected = json!([
        { "value": id(&inner), "display": "Inner", "type": "direct", "$ref": format!("{}/Groups/{}", world.root(), id(&inner)) },
        { "value": id(&outer), "display": "Outer", "type": "indirect", "$ref": format!("{}/Groups/{}", world.root(), id(&outer)) },
    ]);
    assert_eq!(shown["groups"], expected);
    let listed = world.get("/Users").await.ok();
    assert_eq!(listed["Resources"][0]["groups"], expected);
    // A circle of groups is no trap.
    world
        .patch(
            &group_path(&inner),
            json!([{ "op": "add", "path": "members", "value": [{ "value": id(&outer) }] }]),
        )
        .await
        .ok();
    assert_eq!(world.get(&user_path(&ann)).await.ok()["groups"].as_array().map(Vec::len), Some(2));
    // Nobody writes them on the user.
    let written = world.patch(&user_path(&ann), json!([{ "op": "remove", "path": "groups" }])).await;
    assert_eq!(written.refused(), (400, "mutability".into()));
}

#[tokio::test]
async fn an_answer_holds_what_was_asked_for() {
    let world = World::start().await;
    let created = world.post("/Users", everything()).await.body;
    let path = user_path(&created);
    let keys =
        |value: &Value| -> Vec<String> { value.as_object().expect("an object").keys().cloned().collect() };
    let only = world.query(&path, &[("attributes", "USERNAME, name.givenName,emails.value")]).await.ok();
    assert_eq!(keys(&only), ["emails", "id", "name", "schemas", "userName"]);
    assert_eq!(
        (&only["name"], &only["emails"][1]),
        (&json!({ "givenName": "Barbara" }), &json!({ "value": "babs@jensen.org" }))
    );
    let manager = format!("{ENTERPRISE}:manager,{ENTERPRISE}:department");
    let extended = world.query(&path, &[("attributes", manager.as_str())]).await.ok();
    assert_eq!(keys(&extended[ENTERPRISE]), ["department", "manager"]);
    let without =
        world.query(&path, &[("excludedAttributes", "emails,name.familyName,id,password,nosuch")]).await.ok();
    assert!(without.get("emails").is_none() && without["name"].get("familyName").is_none());
    assert_eq!(without["id"], created["id"]);
    let whole = world.query(&path, &[("excludedAttributes", ENTERPRISE)]).await.ok();
    assert!(whole.get(ENTERPRISE).is_none());
    let both = world.query(&path, &[("attributes", "id"), ("excludedAttributes", "name")]).await;
    assert_eq!(both.refused(), (400, "invalidValue".into()));
    let titled = json!({ "schemas": [USER], "userName": "zoe", "title": "x" });
    let narrow = world.send(Method::POST, "/Users?attributes=userName", &[], Some(&titled));
    assert_eq!(keys(&narrow.await.ok()), ["id", "schemas", "userName"]);
}

#[tokio::test]
async fn tenants_do_not_see_each_other() {
    let world = World::start().await;
    let ours = world.user("ann", json!({})).await;
    let team = world.group("Team", &[&id(&ours)]).await;
    let other = kernel::TenantId(kernel::Clock::new_id(world.suite.clock.as_ref()));
    let admin = world.suite.authorized(world.suite.token_for(other, kernel::Role::HrAdmin, None));
    let request = contracts::mentor::gateway::v1::CreateConnectionRequest {
        request_id: world.request_id(),
        name: "Entra ID".into(),
    };
    let mut client =
        contracts::mentor::gateway::v1::connection_service_client::ConnectionServiceClient::new(admin);
    let token = client.create_connection(request).await.expect("their own name").into_inner().token;
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    for path in [user_path(&ours), group_path(&team)] {
        assert_eq!(world.send(Method::GET, &path, &headers, None).await.refused(), (404, String::new()));
        assert_eq!(world.send(Method::DELETE, &path, &headers, None).await.refused(), (404, String::new()));
    }
    let listed =
        world.send(Method::GET, "/Users?filter=userName%20eq%20%22ann%22", &headers, None).await.ok();
    assert_eq!(listed["totalResults"], 0);
    // The same name is free there, and a foreign member is a name and nothing else.
    let theirs = json!({ "schemas": [GROUP], "displayName": "Theirs", "members": [{ "value": id(&ours) }] });
    let theirs = world.send(Method::POST, "/Groups", &headers, Some(&theirs)).await.ok();
    assert_eq!(members(&theirs), [id(&ours)]);
    let named = json!({ "schemas": [USER], "userName": "ann" });
    assert_eq!(world.send(Method::POST, "/Users", &headers, Some(&named)).await.status, 201);
    assert_eq!(names(&world.get("/Users").await.ok()), ["ann"]);
    let groups = world.get(&user_path(&ours)).await.ok();
    assert_eq!(groups["groups"].as_array().map(Vec::len), Some(1), "{groups}");
}
