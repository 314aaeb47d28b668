//! Bad input: clear refusals, nothing changed, nothing grown.

use crate::world::{ENTERPRISE, GROUP, USER, World, group_path, id, user_path};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use testkit::Suite;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn filter_bombs_are_refused_before_they_cost_anything() {
    let world = World::start().await;
    world.user("ann", json!({})).await;
    let deep = format!("{}title pr{}", "not (".repeat(60), ")".repeat(60));
    let deeper = format!("{}title pr{}", "(".repeat(1_000), ")".repeat(1_000));
    let wide = vec!["title eq \"x\""; 300].join(" or ");
    let long = format!("title eq \"{}\"", "x".repeat(20_000));
    let nested = format!("emails[{}type pr{}]", "not (".repeat(30), ")".repeat(30));
    for bomb in [
        deep,
        deeper,
        wide,
        long,
        nested,
        "[".repeat(5_000),
        "\"".repeat(5_001),
        "emails[type eq \"w\"].".repeat(200),
    ] {
        // A query string is bounded by the HTTP head; a body is not.
        let search =
            json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": bomb });
        assert_eq!(world.post("/Users/.search", search).await.refused(), (400, "invalidFilter".into()));
    }
    let path = format!("emails[{}type pr{}].value", "not (".repeat(100), ")".repeat(100));
    let user = world.user("bob", json!({})).await;
    let patched = world.patch(&user_path(&user), json!([{ "op": "add", "path": path, "value": "x" }])).await;
    assert_eq!(patched.refused().0, 400);
}

#[tokio::test]
async fn values_that_are_too_long_too_many_or_of_the_wrong_type_are_refused() {
    let world = World::start().await;
    let megabyte = "x".repeat(1_000_000);
    let wrong = [
        json!({ "title": megabyte }),
        json!({ "userName": "x".repeat(501) }),
        json!({ "title": 5 }),
        json!({ "title": ["a", "b"] }),
        json!({ "active": "perhaps" }),
        json!({ "active": 1 }),
        json!({ "name": "Ann" }),
        json!({ "name": [1] }),
        json!({ "emails": 5 }),
        json!({ "emails": [{ "value": { "deep": 1 } }] }),
        json!({ "emails": [{ "value": "a", "primary": true }, { "value": "b", "primary": true }] }),
        json!({ "emails": vec![json!({ "value": "a" }); 501] }),
        json!({ "x509Certificates": [{ "value": "not base64!" }] }),
        json!({ "title": "a\u{0}b" }),
        json!({ "userName": "" }),
        json!({ "userName": null }),
        json!({ ENTERPRISE: "x" }),
        json!({ ENTERPRISE: { "manager": { "value": 5 } } }),
    ];
    for more in wrong {
        let mut body = json!({ "schemas": [USER], "userName": "ann" });
        for (name, value) in more.as_object().expect("an object") {
            body[name] = value.clone();
        }
        let shown: String = more.to_string().chars().take(100).collect();
        assert_eq!(world.post("/Users", body).await.refused(), (400, "invalidValue".into()), "{shown}");
    }
    let syntax = [
        json!({ "userName": "ann" }),
        json!({ "schemas": [], "userName": "ann" }),
        json!({ "schemas": "x", "userName": "ann" }),
        json!({ "schemas": [GROUP], "userName": "ann" }),
        json!({ "schemas": [USER, "urn:example:unknown:2.0:User"], "userName": "ann" }),
        json!({ "schemas": [USER], "userName": "ann", "urn:example:unknown:2.0:User": { "a": 1 } }),
    ];
    for body in syntax {
        assert_eq!(
            world.post("/Users", body.clone()).await.refused(),
            (400, "invalidSyntax".into()),
            "{body}"
        );
    }
    for body in ["", "{", "[]", "null", "\"x\"", "{\"a\":1}}", "\u{feff}{}", &"[".repeat(100_000)] {
        assert_eq!(
            world.raw(Method::POST, "/Users", body.to_owned()).await.refused(),
            (400, "invalidSyntax".into())
        );
    }
    assert_eq!(
        world.raw(Method::POST, "/Users", vec![0xff, 0xfe, 0x00]).await.refused(),
        (400, "invalidSyntax".into())
    );
    assert_eq!((world.rows("resource").await, world.rows("outbox").await), (0, 0));
}

#[tokio::test]
async fn a_refused_patch_changes_nothing() {
    let world = World::start().await;
    let user = world.user("ann", json!({ "title": "before" })).await;
    let path = user_path(&user);
    let refused = [
        (json!([{ "op": "replace", "path": "id", "value": "x" }]), "mutability"),
        (json!([{ "op": "replace", "path": "meta.created", "value": "x" }]), "mutability"),
        (json!([{ "op": "add", "path": "schemas", "value": ["x"] }]), "mutability"),
        (json!([{ "op": "add", "path": "groups", "value": [{ "value": "x" }] }]), "mutability"),
        (
            json!([{ "op": "replace", "path": format!("{ENTERPRISE}:manager.displayName"), "value": "x" }]),
            "mutability",
        ),
        (json!([{ "op": "remove", "path": "userName" }]), "mutability"),
        (json!([{ "op": "replace", "path": "userName", "value": "" }]), "invalidValue"),
        (json!([{ "op": "add", "path": "shoeSize", "value": 9 }]), "invalidPath"),
        (json!([{ "op": "add", "path": "urn:x:y:title", "value": "x" }]), "invalidPath"),
        (json!([{ "op": "add", "path": "emails[", "value": "x" }]), "invalidPath"),
        (
            json!([{ "op": "add", "path": "name[givenName eq \"x\"].familyName", "value": "x" }]),
            "invalidPath",
        ),
        (json!([{ "op": "add", "path": "emails[shoe eq 1].value", "value": "x" }]), "invalidFilter"),
        (json!([{ "op": "add", "path": 7, "value": "x" }]), "invalidPath"),
        (json!([{ "op": "add", "path": "x".repeat(10_000), "value": "x" }]), "invalidPath"),
        (json!([{ "op": "remove" }]), "noTarget"),
        (json!([{ "op": "add", "path": "title" }]), "invalidValue"),
        (json!([{ "op": "add", "value": "x" }]), "invalidValue"),
        (json!([{ "op": "add", "path": "title", "value": { "a": 1 } }]), "invalidValue"),
        (json!([{ "op": "replace", "path": "active", "value": "maybe" }]), "invalidValue"),
        (json!([{ "op": "move", "path": "title", "value": "x" }]), "invalidSyntax"),
        (json!([]), "invalidSyntax"),
        (json!([5]), "invalidSyntax"),
        (json!({ "op": "add" }), "invalidSyntax"),
        (Value::Null, "invalidSyntax"),
        // The first is sound; the second is not; neither happens.
        (
            json!([{ "op": "replace", "path": "title", "value": "after" }, { "op": "replace", "path": "id", "value": "x" }]),
            "mutability",
        ),
    ];
    for (operations, kind) in refused {
        assert_eq!(
            world.patch(&path, operations.clone()).await.refused(),
            (400, kind.into()),
            "{operations}"
        );
    }
    let wrong = json!({ "schemas": ["urn:x"], "Operations": [{ "op": "remove", "path": "title" }] });
    assert_eq!(
        world.send(Method::PATCH, &path, &[], Some(&wrong)).await.refused(),
        (400, "invalidSyntax".into())
    );
    let after = world.get(&path).await;
    assert_eq!((after.etag.as_str(), &after.body["title"]), ("W/\"1\"", &json!("before")));
    let group = world.group("Team", &[]).await;
    let unnamed = world.patch(&group_path(&group), json!([{ "op": "remove", "path": "displayName" }])).await;
    assert_eq!(unnamed.refused(), (400, "mutability".into()));
    assert_eq!(world.get(&format!("/Users/{}%00", id(&user))).await.refused().0, 404);
}

#[tokio::test]
async fn bodies_are_bounded_in_size_and_kind() {
    let world = World::start().await;
    let large = format!("{{\"schemas\":[\"{USER}\"],\"userName\":\"{}\"}}", "x".repeat(1_100_000));
    assert_eq!(world.raw(Method::POST, "/Users", large).await.refused(), (413, String::new()));
    // Refused while it is still coming: the client may see the answer, or the closed connection first.
    let endless = futures::stream::iter((0..10_000).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1_024])));
    let endless = reqwest::Body::wrap_stream(endless);
    let request = reqwest::Client::new().post(format!("{}/Users", world.root())).bearer_auth(&world.token);
    let status = request.body(endless).send().await.map(|answer| answer.status().as_u16()).unwrap_or(413);
    assert_eq!(status, 413);
    let xml = world.send(Method::POST, "/Users", &[("content-type", "application/xml")], None).await;
    assert_eq!(xml.refused(), (415, String::new()));
    assert_eq!(world.rows("resource").await, 0);
}

#[tokio::test]
async fn slow_clients_hold_nothing() {
    let suite = Suite::builder()
        .service::<gateway::Gateway>()
        .configure(|config| {
            config.http.header_timeout = Duration::from_millis(300);
            let mut section = toml::Table::new();
            section.insert("body_seconds".into(), 1.into());
            config.services.insert("gateway".into(), section);
        })
        .start()
        .await;
    let world = World::of(suite).await;
    let address = world.suite.host().http_address().expect("served");
    // The head never ends.
    let mut head = tokio::net::TcpStream::connect(address).await.expect("open");
    head.write_all(b"GET /scim/v2/Users HTTP/1.1\r\nHost: x\r\n").await.expect("sent");
    let mut answer = Vec::new();
    head.read_to_end(&mut answer).await.expect("closed by the server");
    // The body never comes.
    let mut body = tokio::net::TcpStream::connect(address).await.expect("open");
    let request = format!(
        "POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{{",
        world.token
    );
    body.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    body.read_to_string(&mut answer).await.expect("answered");
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert_eq!(world.get("/Users").await.ok()["totalResults"], 0);
}

#[tokio::test]
async fn too_many_requests_are_told_when_to_come_back() {
    let suite = Suite::builder()
        .service::<gateway::Gateway>()
        .configure(|config| {
            let mut section = toml::Table::new();
            section.insert("requests_per_second".into(), 1.into());
            section.insert("burst".into(), 5.into());
            config.services.insert("gateway".into(), section);
        })
        .start()
        .await;
    let world = World::of(suite).await;
    let replies = futures::future::join_all((0..30).map(|_| world.get("/Users"))).await;
    let refused: Vec<_> = replies.into_iter().filter(|reply| reply.status == 429).collect();
    assert!(refused.len() >= 10, "{}", refused.len());
    assert!(refused.iter().all(|reply| reply.retry_after.parse::<u64>().is_ok_and(|seconds| seconds >= 1)));
    // Guessing tokens is slowed down, too.
    let guess = [("authorization", "Bearer x")];
    let guesses = (0..80).map(|_| world.send(Method::GET, "/Users", &guess, None));
    let slowed =
        futures::future::join_all(guesses).await.into_iter().filter(|reply| reply.status == 429).count();
    assert!(slowed > 0);
}

#[tokio::test]
async fn parallel_creates_of_one_name_make_one_user() {
    let world = World::start().await;
    let create = |n: usize| {
        let name = if n.is_multiple_of(2) { "same" } else { "SAME" };
        let world = &world;
        async move { world.post("/Users", json!({ "schemas": [USER], "userName": name })).await.status }
    };
    let statuses = futures::future::join_all((0..100).map(create)).await;
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1);
    assert!(statuses.iter().all(|status| [201, 409].contains(status)), "{statuses:?}");
    assert_eq!(world.rows("resource").await, 1);
}

#[tokio::test]
async fn a_resource_does_not_grow_by_one_patch_after_another() {
    let world = World::start().await;
    let user = world.user("ann", json!({})).await;
    let path = user_path(&user);
    let emails = |from: usize| -> Vec<Value> {
        (from..from + 300)
            .map(|n| json!({ "value": format!("ann{n}@example.org"), "type": "other" }))
            .collect()
    };
    let add = |attribute: &str, value: Value| json!([{ "op": "add", "path": attribute, "value": value }]);
    world.patch(&path, add("emails", json!(emails(0)))).await.ok();
    let many = world.patch(&path, add("emails", json!(emails(300)))).await;
    assert!(
        many.body["detail"].as_str().is_some_and(|detail| detail.contains("600 values")),
        "{}",
        many.body
    );
    assert_eq!(many.refused(), (400, "invalidValue".into()));
    // Each fits; together they are more than a resource may be.
    let certificates = |seed: usize| -> Vec<Value> {
        let value = |n: usize| json!({ "value": format!("{:A<60000}", format!("{}", 100_000 + seed + n)) });
        (0..10).map(value).collect()
    };
    world.patch(&path, add("x509Certificates", json!(certificates(0)))).await.ok();
    let large = world.patch(&path, add("x509Certificates", json!(certificates(10)))).await;
    assert!(large.body["detail"].as_str().is_some_and(|detail| detail.contains("bytes")), "{}", large.body);
    assert_eq!(large.refused(), (400, "invalidValue".into()));
    let after = world.get(&path).await;
    assert_eq!(after.etag, "W/\"3\"", "what was refused changed nothing");
    let count = |name: &str| after.body[name].as_array().map(Vec::len);
    assert_eq!((count("emails"), count("x509Certificates")), (Some(300), Some(10)));
}
