//! What the server says of itself.

use crate::world::{ENTERPRISE, GROUP, USER, World};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn it_tells_what_it_can_do() {
    let world = World::start().await;
    let config = world.get("/ServiceProviderConfig").await.ok();
    for feature in ["patch", "bulk", "filter", "sort", "etag"] {
        assert_eq!(config[feature]["supported"], true, "{feature}");
    }
    assert_eq!(config["changePassword"]["supported"], false);
    let types = world.get("/ResourceTypes").await.ok();
    assert_eq!((&types["totalResults"], &types["Resources"][0]["endpoint"]), (&json!(2), &json!("/Users")));
    assert_eq!(
        types["Resources"][0]["schemaExtensions"],
        json!([{ "schema": ENTERPRISE, "required": false }])
    );
    assert_eq!(world.get("/ResourceTypes/Group").await.ok()["schema"], GROUP);
    assert_eq!(world.get("/ResourceTypes/Robot").await.refused(), (404, String::new()));
    let schemas = world.get("/Schemas").await.ok();
    let ids: Vec<&str> = schemas["Resources"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|one| one["id"].as_str())
        .collect();
    assert_eq!(ids, [USER, ENTERPRISE, GROUP]);
    let user = world.get(&format!("/Schemas/{USER}")).await.ok();
    assert_eq!(user["meta"]["location"], format!("{}/Schemas/{USER}", world.root()));
    assert_eq!(world.get("/Schemas/urn:x").await.refused(), (404, String::new()));
}

#[tokio::test]
async fn it_can_only_be_read_and_only_whole() {
    let world = World::start().await;
    for path in ["/ServiceProviderConfig", "/ResourceTypes", "/Schemas", "/ResourceTypes/User"] {
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let reply = world.send(method.clone(), path, &[], Some(&json!({}))).await;
            assert_eq!(reply.refused(), (405, String::new()), "{method} {path}");
        }
    }
    assert_eq!(world.get("/Schemas?filter=id%20pr").await.refused(), (403, String::new()));
    assert_eq!(world.delete("/Users").await.refused(), (405, String::new()));
    assert_eq!(world.get("/Bulk").await.refused(), (405, String::new()));
    assert_eq!(world.get("/Me").await.refused(), (501, String::new()));
    for path in ["/Robots", "/Robots/1", "/Users/1/2/3"] {
        assert_eq!(world.get(path).await.refused(), (404, String::new()), "{path}");
    }
}
