//! RPCs as JSON: by their names, by routes, and what goes with them.

use crate::api_client::{Api, json, send};
use contracts::mentor::gateway::v1::{
    GetConnectionRequest, connection_service_client::ConnectionServiceClient,
};
use kernel::Role;
use reqwest::Method;
use serde_json::{Value, json};

const CREATE: &str = "/api/mentor.gateway.v1.ConnectionService/CreateConnection";

async fn create(api: &Api, name: &str) -> Value {
    let body = json!({ "requestId": api.id(), "name": name });
    api.post("/api/v1/connections", body).await.ok()["connection"].take()
}

#[tokio::test]
async fn a_connection_lives_by_name_and_by_route() {
    let api = Api::start().await;
    let made = api.post(CREATE, json!({ "requestId": api.id(), "name": "Okta" })).await.ok();
    assert!(made["token"].as_str().is_some_and(|token| token.starts_with("mentor_scim_")), "{made}");
    let id = made["connection"]["connectionId"].as_str().expect("an id").to_owned();

    let by_route = api.get(&format!("/api/v1/connections/{id}")).await.ok();
    let get = "/api/mentor.gateway.v1.ConnectionService/GetConnection";
    assert_eq!(
        by_route,
        api.post(get, json!({ "connection_id": id })).await.ok(),
        "proto names are fine, too"
    );
    assert_eq!(by_route["connection"], made["connection"]);
    // gRPC says the same.
    let mut grpc = ConnectionServiceClient::new(api.suite.acting(Role::HrAdmin, None));
    let same = grpc.get_connection(GetConnectionRequest { connection_id: id.clone() }).await.expect("there");
    let same = same.into_inner().connection.expect("answered");
    assert_eq!((by_route["connection"]["name"].as_str(), same.name.as_str()), (Some("Okta"), "Okta"));
    let instant = contracts::time::from_timestamp(&same.created_at.expect("set")).expect("valid");
    let shown: jiff::Timestamp =
        by_route["connection"]["createdAt"].as_str().expect("a time").parse().expect("RFC 3339");
    assert_eq!(shown, instant);

    create(&api, "Entra ID").await;
    let list = api.get("/api/v1/connections?pageSize=1&include_revoked=true").await.ok();
    assert_eq!(list["connections"].as_array().map(Vec::len), Some(1));
    let token = list["nextPageToken"].as_str().expect("another page");
    let rest = format!("/api/v1/connections?pageSize=1&includeRevoked=true&pageToken={token}");
    assert_eq!(api.get(&rest).await.ok()["connections"].as_array().map(Vec::len), Some(1));

    let revoke = format!("/api/v1/connections/{id}:revoke");
    let revoked = api.post(&revoke, json!({ "requestId": api.id() })).await.ok();
    assert!(revoked["connection"]["revokedAt"].is_string(), "{revoked}");
    let refused = api.post(&revoke, json!({ "requestId": api.id() })).await;
    assert_eq!(refused.refused(), (400, 9, "CONNECTION_STATE"));
}

#[tokio::test]
async fn a_repeated_change_is_made_once() {
    let api = Api::start().await;
    let body = json!({ "requestId": api.id(), "name": "Okta" });
    let first = api.post(CREATE, body.clone()).await.ok();
    let again = api.post("/api/v1/connections", body.clone()).await.ok();
    assert_eq!(first["connection"], again["connection"]);
    let other = json!({ "requestId": body["requestId"], "name": "Entra ID" });
    assert_eq!(api.post(CREATE, other).await.refused(), (409, 6, "REQUEST_ID_REUSED"));
}

#[tokio::test]
async fn refusals_say_what_is_wrong_and_with_which_field() {
    let api = Api::start().await;
    let unknown = api.post(CREATE, json!({ "requestId": api.id(), "nmae": "Okta" })).await;
    assert_eq!((unknown.refused(), unknown.fields()), ((400, 3, "FIELD_INVALID"), vec!["nmae"]));
    let typed = api.post(CREATE, json!({ "requestId": api.id(), "name": 7 })).await;
    assert_eq!((typed.refused(), typed.fields()), ((400, 3, "FIELD_INVALID"), vec!["name"]));
    // The rules beside the fields are the service's.
    let ruled = api.post(CREATE, json!({ "requestId": "7", "name": "" })).await;
    assert_eq!((ruled.refused(), ruled.fields()), ((400, 3, "FIELD_INVALID"), vec!["request_id", "name"]));
    let route = api.get("/api/v1/connections?pageSize=many").await;
    assert_eq!((route.refused(), route.fields()), ((400, 3, "FIELD_INVALID"), vec!["pageSize"]));
    let absent = api.get(&format!("/api/v1/connections/{}", api.id())).await;
    assert_eq!(absent.refused(), (404, 5, "NOT_FOUND"));
    let nowhere = api.get("/api/v1/nothing").await;
    assert_eq!(nowhere.refused(), (404, 5, "NOT_FOUND"));
    let verb = send(api.request(Method::PUT, "/api/v1/connections")).await;
    assert_eq!((verb.refused(), verb.header("allow")), ((405, 3, "FIELD_INVALID"), "GET, POST"));
    let verb = api.get(CREATE).await;
    assert_eq!((verb.refused(), verb.header("allow")), ((405, 3, "FIELD_INVALID"), "POST"));
    let media = send(api.request(Method::POST, CREATE).header("content-type", "text/plain").body("{}")).await;
    assert_eq!(media.refused(), (415, 3, "FIELD_INVALID"));
    for broken in ["{", "[]", "7", "{}{}", "\u{0}"] {
        let request = api.request(Method::POST, CREATE).header("content-type", "application/json");
        assert_eq!(send(request.body(broken)).await.refused(), (400, 3, "FIELD_INVALID"), "{broken}");
    }
}

#[tokio::test]
async fn the_service_decides_who_may() {
    let api = Api::start().await;
    let path = "/api/v1/connections";
    let stranger = send(api.strange(Method::GET, path)).await;
    assert_eq!(
        (stranger.refused(), stranger.header("www-authenticate")),
        ((401, 16, "TOKEN_INVALID"), "Bearer")
    );
    let forged = send(api.strange(Method::GET, path).bearer_auth("e30.e30.AAAA")).await;
    assert_eq!(forged.refused(), (401, 16, "TOKEN_INVALID"));
    let token = api.suite.token(Role::Employee, None);
    let employee = send(api.strange(Method::GET, path).bearer_auth(token)).await;
    assert_eq!(employee.refused(), (403, 7, "PERMISSION_DENIED"));
    // What was made in one tenant is not there in another.
    let id = create(&api, "Okta").await["connectionId"].as_str().expect("an id").to_owned();
    let other = kernel::TenantId(kernel::Clock::new_id(api.suite.clock.as_ref()));
    let token = api.suite.token_for(other, Role::HrAdmin, None);
    let foreign = send(api.strange(Method::GET, &format!("{path}/{id}")).bearer_auth(token)).await;
    assert_eq!(foreign.refused(), (404, 5, "NOT_FOUND"));
}

#[tokio::test]
async fn a_request_keeps_its_name_and_its_trace() {
    let api = Api::start().await;
    let id = api.id();
    let body = json!({ "requestId": api.id(), "name": "Okta" });
    let request = json(api.request(Method::POST, CREATE), &body).header("x-request-id", &id);
    let answer = send(request).await;
    assert_eq!((answer.status, answer.header("x-request-id")), (200, id.as_str()));
    assert_eq!(answer.header("cache-control"), "no-store");
    let trail = "/api/v1/audit-records?operation=/mentor.gateway.v1.ConnectionService/CreateConnection";
    let trail = api.get(trail).await.ok();
    assert_eq!(trail["records"][0]["correlationId"], id.as_str(), "{trail}");
    // A name of its own where the client gives none, or nonsense; also for refusals.
    for given in ["", "seven"] {
        let answer =
            send(api.strange(Method::GET, "/api/v1/connections").header("x-request-id", given)).await;
        assert!(answer.header("x-request-id").parse::<kernel::Uuid>().is_ok(), "{answer:?}");
    }
    let world = api.scim().await;
    let group = world.group("Mentors", &[]).await;
    let api = Api::of(world.suite);
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let map = format!("/api/v1/groups/{}/mapping", crate::world::id(&group));
    let body = json!({ "requestId": api.id(), "roles": ["program_manager"] });
    send(json(api.request(Method::PUT, &map), &body).header("traceparent", parent)).await.ok();
    let sql = "select traceparent from gateway.outbox order by seq desc limit 1";
    let kept: Option<String> = sqlx::query_scalar(sql).fetch_one(api.suite.sql()).await.expect("an event");
    let kept = kept.expect("a trace");
    assert!(kept.starts_with("00-0af7651916cd43dd8448eb211c80319c-"), "{kept}");
}

#[tokio::test]
async fn a_deadline_ends_the_call() {
    let api = Api::start().await;
    let mut held = api.suite.sql().begin().await.expect("a transaction");
    sqlx::query("lock table gateway.connection in access exclusive mode")
        .execute(&mut *held)
        .await
        .expect("held");
    for (name, value) in [("x-timeout", "0.05"), ("x-timeout", "50ms"), ("grpc-timeout", "50m")].repeat(7) {
        let late = send(api.request(Method::GET, "/api/v1/connections").header(name, value)).await;
        assert_eq!(late.refused(), (504, 4, "DEADLINE_EXCEEDED"), "{name}: {value}");
    }
    held.rollback().await.expect("let go");
    let wrong = send(api.request(Method::GET, "/api/v1/connections").header("x-timeout", "soon")).await;
    assert_eq!((wrong.refused(), wrong.fields()), ((400, 3, "FIELD_INVALID"), vec!["x-timeout"]));
    api.get("/api/v1/connections").await.ok();
}

#[tokio::test]
async fn a_service_that_is_nowhere_is_named() {
    let api = Api::set(r#"upstreams = { matching = "http://127.0.0.1:9" }"#).await;
    let unset = api.post("/api/mentor.enrollment.v1.ProgramService/ListPrograms", json!({})).await;
    assert_eq!(unset.refused(), (503, 14, "DEPENDENCY_UNAVAILABLE"));
    assert!(unset.text.contains("services.gateway.api.upstreams.enrollment"), "{}", unset.text);
    let away = api.get("/api/v1/matches").await;
    assert_eq!(away.refused(), (503, 14, "DEPENDENCY_UNAVAILABLE"));
    // A stream of requests is sent as a whole, and refused as one.
    let import = "/api/mentor.enrollment.v1.DirectoryService/ImportPeople";
    assert_eq!(api.post(import, json!([{ "options": {} }])).await.refused().0, 503);
    assert_eq!(api.post(import, json!({ "options": {} })).await.refused(), (400, 3, "FIELD_INVALID"));
    let lines = api.request(Method::POST, import).header("content-type", "application/x-ndjson");
    let answer = send(lines.body("{\"options\": {}}\n{\"rowz\": 1}\n")).await;
    assert_eq!(answer.fields(), ["rowz"]);
    // What every service has is asked of the one that is named.
    let trail = api.request(Method::GET, "/api/v1/audit-records").header("x-mentor-service", "scheduling");
    let unknown = send(trail).await;
    assert_eq!((unknown.refused(), unknown.fields()), ((400, 3, "FIELD_INVALID"), vec!["x-mentor-service"]));
    let trail = api.request(Method::GET, "/api/v1/audit-records").header("x-mentor-service", "gateway");
    send(trail).await.ok();
}

#[tokio::test]
async fn wrong_settings_are_named_at_the_start() {
    for (settings, named) in [
        (r#"upstreams = { enrollment = "enrollment:50051" }"#, "services.gateway.api.upstreams.enrollment"),
        (r#"origins = ["mentor.example.com/x"]"#, "services.gateway.api.origins"),
        (r#"ca_file = "/nowhere""#, "services.gateway.api.ca_file"),
        (r#"upstream = {}"#, "api"),
    ] {
        let start = tokio::spawn(Api::set(settings));
        let error = start.await.err().unwrap_or_else(|| panic!("{settings} starts"));
        let panic = error.into_panic();
        let said = panic.downcast_ref::<String>().expect("a text");
        assert!(said.contains(named), "{settings}: {said}");
    }
}
