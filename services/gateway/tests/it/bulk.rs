//! Many changes in one request.

use crate::world::{GROUP, PATCH, USER, World, id, members, names};
use serde_json::{Value, json};

fn bulk(operations: Value) -> Value {
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations })
}

fn post_user(bulk_id: &str, name: &str) -> Value {
    json!({ "method": "POST", "path": "/Users", "bulkId": bulk_id, "data": { "schemas": [USER], "userName": name } })
}

fn statuses(answer: &Value) -> Vec<&str> {
    answer["Operations"].as_array().into_iter().flatten().filter_map(|one| one["status"].as_str()).collect()
}

#[tokio::test]
async fn references_lead_backwards_forwards_and_in_a_circle() {
    let world = World::start().await;
    let group = |bulk_id: &str, members: Value| {
        json!({ "method": "POST", "path": "/Groups", "bulkId": bulk_id,
        "data": { "schemas": [GROUP], "displayName": bulk_id, "members": members } })
    };
    let answer = world
        .post("/Bulk", bulk(json!([
            group("one", json!([{ "value": "bulkId:ann" }, { "value": "bulkId:two" }])),
            post_user("ann", "ann"),
            group("two", json!([{ "value": "bulkId:one" }])),
            { "method": "PATCH", "path": "/Users/bulkId:ann", "data": { "schemas": [PATCH], "Operations": [{ "op": "add", "path": "title", "value": "x" }] } },
        ])))
        .await
        .ok();
    assert_eq!(answer["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:BulkResponse"]));
    assert_eq!(statuses(&answer), ["201", "201", "201", "200"]);
    assert_eq!(answer["Operations"][1]["bulkId"], "ann");
    let users = world.get("/Users").await.ok();
    let ann = id(&users["Resources"][0]);
    assert_eq!(answer["Operations"][1]["location"], format!("{}/Users/{ann}", world.root()));
    assert_eq!(
        (&answer["Operations"][3]["version"], &users["Resources"][0]["title"]),
        (&json!("W/\"2\""), &json!("x"))
    );
    let groups = world.query("/Groups", &[("sortBy", "displayName")]).await.ok();
    let [one, two] = [&groups["Resources"][0], &groups["Resources"][1]];
    assert_eq!(members(one), [ann, id(two)]);
    assert_eq!(members(two), [id(one)]);
}

#[tokio::test]
async fn each_operation_has_its_result_and_too_many_errors_end_it() {
    let world = World::start().await;
    let existing = world.user("taken", json!({})).await;
    let operations = json!([
        post_user("a", "ann"),
        post_user("b", "TAKEN"),
        { "method": "PUT", "path": format!("/Users/{}", id(&existing)), "version": "W/\"9\"", "data": { "schemas": [USER], "userName": "taken" } },
        { "method": "DELETE", "path": format!("/Users/{}", id(&existing)) },
        post_user("c", "cid"),
    ]);
    let mut whole = bulk(operations.clone());
    let answer = world.post("/Bulk", whole.clone()).await.ok();
    assert_eq!(statuses(&answer), ["201", "409", "412", "204", "201"]);
    let refused = &answer["Operations"][1];
    assert_eq!((&refused["response"]["scimType"], refused.get("location")), (&json!("uniqueness"), None));
    assert!(answer["Operations"][2]["location"].is_string());
    whole["failOnErrors"] = 1.into();
    let answer = world.post("/Bulk", whole).await.ok();
    assert_eq!(statuses(&answer), ["409"]);
    assert_eq!(names(&world.get("/Users?sortBy=userName").await.ok()), ["ann", "cid"]);
}

#[tokio::test]
async fn what_depends_on_a_failure_fails() {
    let world = World::start().await;
    world.user("taken", json!({})).await;
    let group = json!({ "method": "POST", "path": "/Groups", "bulkId": "g", "data": { "schemas": [GROUP], "displayName": "g", "members": [{ "value": "bulkId:b" }] } });
    let answer = world
        .post(
            "/Bulk",
            bulk(json!([
                post_user("b", "taken"), group,
                { "method": "DELETE", "path": "/Users/bulkId:nobody" },
                { "method": "POST", "path": "/Users", "data": { "schemas": [USER], "userName": "x" } },
                { "method": "PATCH", "path": "/Users" },
                { "method": "GET", "path": "/Users/1" },
                post_user("x", "xan"), post_user("x", "yan"),
            ])),
        )
        .await
        .ok();
    assert_eq!(statuses(&answer), ["409", "409", "409", "400", "400", "404", "201", "400"]);
    assert_eq!(names(&world.get("/Users?sortBy=userName").await.ok()), ["taken", "xan"]);
    assert_eq!(world.rows("member").await, 0);
}

#[tokio::test]
async fn a_bulk_is_bounded() {
    let world = World::start().await;
    let many: Vec<Value> = (0..1001).map(|n| post_user(&n.to_string(), &format!("u{n}"))).collect();
    assert_eq!(world.post("/Bulk", bulk(many.into())).await.refused(), (413, "tooMany".into()));
    let mut nonsense = bulk(json!([]));
    nonsense["failOnErrors"] = 0.into();
    assert_eq!(world.post("/Bulk", nonsense).await.refused(), (400, "invalidValue".into()));
    assert_eq!(
        world.post("/Bulk", json!({ "Operations": [] })).await.refused(),
        (400, "invalidSyntax".into())
    );
    assert_eq!(world.post("/Bulk", bulk(json!([1]))).await.refused(), (400, "invalidSyntax".into()));
    assert_eq!(world.rows("resource").await, 0);
}
