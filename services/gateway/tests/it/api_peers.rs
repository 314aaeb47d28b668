//! Clients and validators that have none of our code: openapi-spec-validator, schemathesis, `buf curl` over gRPC-Web.

use crate::{
    api_client::{Api, send},
    peers::{environment, text},
};
use reqwest::Method;
use serde_json::{Value, json};
use std::process::Command;

/// What the environment holds.
const PACKAGES: [&str; 3] = ["openapi-spec-validator==0.9.0", "schemathesis==4.32.5", "buf-bin==1.75.0"];

fn tool(name: &str) -> Command {
    let tools =
        environment("MENTOR_TEST_API", "api", &PACKAGES, &["openapi-spec-validator", "schemathesis", "buf"]);
    let mut command = Command::new(tools.join(name));
    command.env("NO_COLOR", "1");
    command
}

async fn run(make: impl FnOnce() -> Command + Send + 'static) -> (bool, String) {
    let work = move || make().output().expect("the peer runs");
    let output = tokio::task::spawn_blocking(work).await.expect("the peer ends");
    let said = text(&output);
    println!("{said}");
    (output.status.success(), said)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_document_is_valid_openapi() {
    let api = Api::start().await;
    let document = send(api.strange(Method::GET, "/api/openapi.json")).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("openapi.json");
    std::fs::write(&file, &document.text).expect("written");
    let (valid, said) = run(move || {
        let mut command = tool("openapi-spec-validator");
        command.arg("--schema").arg("3.1.0").arg(file);
        command
    })
    .await;
    assert!(valid && said.contains("OK"), "{said}");
}

/// Cases made from the document, valid and not: none may bring the service down, and each answer is as documented.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cases_made_from_the_document_are_answered_as_it_says() {
    let api = Api::start().await;
    let (url, token) = (api.url("/api/openapi.json"), api.token.clone());
    // It keeps notes where it runs.
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path().to_owned();
    let (passed, said) = run(move || {
        let mut command = tool("schemathesis");
        command.current_dir(home);
        command.args(["run", &url, "--header", &format!("Authorization: Bearer {token}")]);
        // Time enough, whatever the machine is busy with.
        command.args(["--header", "x-timeout: 30"]);
        for tag in ["ConnectionService", "GroupService", "AuditService"] {
            command.args(["--include-tag", tag]);
        }
        command.args(["--phases", "coverage,fuzzing", "--max-examples", "15", "--seed", "7"]);
        command.args(["--generation-database", "none", "--workers", "1", "--no-color"]);
        let checks =
            "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";
        command.args(["--checks", checks]);
        command
    })
    .await;
    assert!(passed, "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn buf_calls_by_grpc_web() {
    let api = Api::start().await;
    let made = api.post("/api/v1/connections", json!({ "requestId": api.id(), "name": "Okta" })).await.ok();
    let protos = concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto");
    let curl = |method: &str, body: Value, token: Option<String>| {
        let url = api.url(&format!("/mentor.gateway.v1.ConnectionService/{method}"));
        move || {
            let mut command = tool("buf");
            command.args(["curl", "--protocol", "grpcweb", "--schema", protos, "--data", &body.to_string()]);
            if let Some(token) = token {
                command.args(["--header", &format!("Authorization: Bearer {token}")]);
            }
            command.arg(url);
            command
        }
    };
    let token = Some(api.token.clone());
    let (done, said) = run(curl("ListConnections", json!({}), token.clone())).await;
    assert!(done, "{said}");
    let list: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(list["connections"], json!([made["connection"]]));
    let (done, said) = run(curl("GetConnection", json!({ "connectionId": api.id() }), token)).await;
    assert!(!done && said.contains("not_found"), "{said}");
    let (done, said) = run(curl("ListConnections", json!({}), None)).await;
    assert!(!done && said.contains("unauthenticated") && said.contains("google.rpc.ErrorInfo"), "{said}");
}
