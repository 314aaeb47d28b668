//! Filters, order and pages.

use crate::world::{ENTERPRISE, World, id, names};
use serde_json::{Value, json};

/// Five people and two groups.
async fn organisation() -> World {
    let world = World::start().await;
    let people = [
        json!({ "userName": "Ann", "title": "Engineer", "externalId": "X1", "displayName": "Ann Lee",
            "name": { "familyName": "Lee", "givenName": "Ann" },
            "emails": [{ "value": "Ann@Work.org", "type": "work", "primary": true }, { "value": "ann@home.org", "type": "home" }],
            ENTERPRISE: { "employeeNumber": "7", "department": "Finance", "manager": { "value": "9" } } }),
        json!({ "userName": "bob", "title": "engineer II", "externalId": "x1", "active": false,
            "name": { "familyName": "Ødegård" }, "emails": [{ "value": "bob@home.org", "type": "home", "primary": true }] }),
        json!({ "userName": "cid", "displayName": "100% \"sure\" _", "emails": [{ "value": "cid@work.org", "type": "work" }] }),
        json!({ "userName": "dee", "nickName": "", "title": "Manager" }),
        json!({ "userName": "eve\\", "locale": "en", ENTERPRISE: { "department": "Sales" } }),
    ];
    let mut ids = Vec::new();
    for person in people {
        // A minute, with the moment that passes before each.
        world.suite.advance(jiff::SignedDuration::from_millis(59_999));
        ids.push(id(&world.user("", person).await));
    }
    world.group("Staff", &[&ids[0], &ids[1]]).await;
    world.group("Board", &[&ids[3]]).await;
    world
}

const FOUND: [(&str, &[&str]); 50] = [
    (r#"userName eq "ann""#, &["Ann"]),
    (r#"USERNAME EQ "BOB""#, &["bob"]),
    (r#"userName ne "ann""#, &["bob", "cid", "dee", "eve\\"]),
    (r#"externalId eq "X1""#, &["Ann"]),
    (r#"userName co "e""#, &["dee", "eve\\"]),
    (r#"title sw "ENGINEER""#, &["Ann", "bob"]),
    (r#"userName ew "\\""#, &["eve\\"]),
    (r#"displayName co "% \"sure\" _""#, &["cid"]),
    (r#"displayName co "%\"sure""#, &[]),
    (r#"title pr"#, &["Ann", "bob", "dee"]),
    (r#"not (title pr)"#, &["cid", "eve\\"]),
    (r#"nickName pr"#, &[]),
    (r#"title eq null"#, &["cid", "eve\\"]),
    (r#"title ne null and active eq true"#, &["Ann", "dee"]),
    (r#"active eq false"#, &["bob"]),
    (r#"active eq "False""#, &["bob"]),
    (r#"active ne true"#, &["bob"]),
    (r#"name.familyName eq "lee" or name.familyName eq "ØDEGÅRD""#, &["Ann", "bob"]),
    (r#"name.familyName gt "M""#, &["bob"]),
    (r#"userName ge "bob" and userName lt "dee""#, &["bob", "cid"]),
    (r#"userName eq "ann" or userName eq "bob" and title eq "nobody""#, &["Ann"]),
    (r#"(userName eq "ann" or userName eq "bob") and title co "II""#, &["bob"]),
    (r#"emails eq "ann@work.org""#, &["Ann"]),
    (r#"emails.value eq "ANN@home.org""#, &["Ann"]),
    (r#"emails co "@work.org""#, &["Ann", "cid"]),
    (r#"emails[type eq "work" and value co "@home.org"]"#, &[]),
    (r#"emails[type eq "home" and value co "@home.org"]"#, &["Ann", "bob"]),
    (r#"emails[type eq "work"].value eq "ann@work.org""#, &["Ann"]),
    (r#"emails[type eq "home"].value eq "ann@work.org""#, &[]),
    (r#"emails[not (type eq "work")]"#, &["Ann", "bob"]),
    (r#"emails[primary eq true and type eq "home"]"#, &["bob"]),
    (r#"emails pr"#, &["Ann", "bob", "cid"]),
    (r#"not (emails pr) and userName sw "d""#, &["dee"]),
    (r#"emails eq null"#, &["dee", "eve\\"]),
    (r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "finance""#, &["Ann"]),
    (r#"department eq "sales" or employeeNumber eq "7""#, &["Ann", "eve\\"]),
    (r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq "9""#, &["Ann"]),
    (r#"urn:ietf:params:scim:schemas:core:2.0:User:userName eq "cid""#, &["cid"]),
    (r#"schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User""#, &["Ann", "eve\\"]),
    (r#"groups.display eq "staff""#, &["Ann", "bob"]),
    (r#"groups[display eq "board"]"#, &["dee"]),
    (r#"meta.resourceType eq "User" and userName eq "cid""#, &["cid"]),
    (r#"meta.resourceType eq "Group""#, &[]),
    (r#"meta.created gt "2025-01-06T09:03:30Z""#, &["dee", "eve\\"]),
    (r#"meta.lastModified le "2025-01-06T09:01:00Z""#, &["Ann"]),
    (r#"meta.created eq "2025-01-06T10:02:00+01:00""#, &["bob"]),
    (r#"id eq "00000000-0000-0000-0000-000000000000""#, &[]),
    (r#"id eq "no-uuid""#, &[]),
    (r#"userName eq "a' or '1'='1""#, &[]),
    (r#"userName eq "a\"); drop table gateway.resource; --""#, &[]),
];

#[tokio::test]
async fn a_filter_finds_what_it_says() {
    let world = organisation().await;
    for (filter, expected) in FOUND {
        let found = world.query("/Users", &[("filter", filter)]).await.ok();
        assert_eq!(names(&found), expected, "{filter}");
        assert_eq!(found["totalResults"], expected.len());
    }
    let groups: [(&str, &[&str]); 3] = [
        (r#"displayName eq "staff""#, &["Staff"]),
        (r#"displayName sw "b" or members pr"#, &["Staff", "Board"]),
        (r#"not (members.value pr)"#, &[]),
    ];
    for (filter, expected) in groups {
        assert_eq!(names(&world.query("/Groups", &[("filter", filter)]).await.ok()), expected, "{filter}");
    }
}

const NONSENSE: [&str; 22] = [
    "userName",
    "userName eq",
    "userName eq ann",
    "userName is \"ann\"",
    "(userName eq \"ann\"",
    "userName eq \"ann\" and",
    "shoeSize eq \"9\"",
    "userName eq 5",
    "userName eq true",
    "active eq \"perhaps\"",
    "active gt true",
    "name eq \"Lee\"",
    "title gt null",
    "password eq \"x\"",
    "emails[shoe eq \"x\"]",
    "name[givenName eq \"x\"]",
    "emails[type eq \"work\"",
    "meta.created gt \"yesterday\"",
    "meta.created co \"2025-01-01T00:00:00Z\"",
    "urn:x:userName eq \"a\"",
    "members eq \"x\"",
    "\u{0}",
];

#[tokio::test]
async fn nonsense_is_refused() {
    let world = World::start().await;
    for filter in NONSENSE {
        let refused = world.query("/Users", &[("filter", filter)]).await.refused();
        assert_eq!(refused, (400, "invalidFilter".into()), "{filter}");
    }
}

const SORTED: [(&str, bool, [&str; 5]); 7] = [
    ("userName", false, ["Ann", "bob", "cid", "dee", "eve\\"]),
    ("userName", true, ["eve\\", "dee", "cid", "bob", "Ann"]),
    ("title", false, ["Ann", "bob", "dee", "cid", "eve\\"]),
    ("emails", false, ["Ann", "bob", "cid", "dee", "eve\\"]),
    ("emails.value", true, ["dee", "eve\\", "cid", "bob", "Ann"]),
    ("meta.created", true, ["eve\\", "dee", "cid", "bob", "Ann"]),
    (
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
        false,
        ["Ann", "eve\\", "bob", "cid", "dee"],
    ),
];

#[tokio::test]
async fn a_list_is_sorted() {
    let world = organisation().await;
    for (by, descending, expected) in SORTED {
        let order = if descending { "descending" } else { "ascending" };
        let found = world.query("/Users", &[("sortBy", by), ("sortOrder", order)]).await.ok();
        assert_eq!(names(&found), expected, "{by}");
    }
}

#[tokio::test]
async fn pages_are_one_based_and_stable() {
    let world = organisation().await;
    let all = names(&world.get("/Users").await.ok());
    let mut seen = Vec::new();
    for start in ["1", "3", "5", "7"] {
        let page = world.query("/Users", &[("startIndex", start), ("count", "2")]).await.ok();
        assert_eq!((&page["totalResults"], page["startIndex"].to_string().as_str()), (&json!(5), start));
        assert_eq!(page["itemsPerPage"], page["Resources"].as_array().map_or(0, Vec::len));
        seen.extend(names(&page));
    }
    assert_eq!(seen, all);
    let none = world.query("/Users", &[("count", "0")]).await.ok();
    assert_eq!((&none["totalResults"], names(&none)), (&json!(5), vec![]));
    let early = world.query("/Users", &[("startIndex", "-3"), ("count", "1")]).await.ok();
    assert_eq!(names(&early), ["Ann"]);
    let far = world.query("/Users", &[("startIndex", "9223372036854775807")]).await.ok();
    assert_eq!(names(&far), Vec::<String>::new());
    assert_eq!(world.query("/Users", &[("count", "ten")]).await.refused(), (400, "invalidValue".into()));
    assert_eq!(world.query("/Users", &[("sortBy", "groups")]).await.refused(), (400, "invalidPath".into()));
}

#[tokio::test]
async fn a_search_is_a_query_in_a_body_over_one_kind_or_all() {
    let world = organisation().await;
    let search = |more: Value| {
        let mut body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"] });
        for (name, value) in more.as_object().expect("an object") {
            body[name] = value.clone();
        }
        body
    };
    let of_kind = world
        .post(
            "/Users/.search",
            search(
                json!({ "filter": "title pr", "sortBy": "userName", "count": 2, "attributes": ["userName"] }),
            ),
        )
        .await
        .ok();
    assert_eq!(
        (names(&of_kind), &of_kind["totalResults"]),
        (vec!["Ann".to_owned(), "bob".to_owned()], &json!(3))
    );
    assert!(of_kind["Resources"][0].get("title").is_none());
    let over_all = world.post("/.search", search(json!({ "filter": "displayName pr", "sortBy": "displayName", "excludedAttributes": ["members"] }))).await.ok();
    assert_eq!(names(&over_all), ["cid", "Ann", "Board", "Staff"]);
    let groups =
        world.post("/.search", search(json!({ "filter": "meta.resourceType eq \"Group\"" }))).await.ok();
    assert_eq!(groups["totalResults"], 2);
    // A filter that makes sense for users only finds users.
    let users = world.post("/.search", search(json!({ "filter": "userName eq \"ann\"" }))).await.ok();
    assert_eq!(names(&users), ["Ann"]);
    assert_eq!(
        world.post("/.search", search(json!({ "filter": "shoeSize pr" }))).await.refused(),
        (400, "invalidFilter".into())
    );
    assert_eq!(
        world.post("/.search", json!({ "filter": "title pr" })).await.refused(),
        (400, "invalidSyntax".into())
    );
    assert_eq!(
        world.post("/Users/.search", search(json!({ "count": "2" }))).await.refused(),
        (400, "invalidValue".into())
    );
}
