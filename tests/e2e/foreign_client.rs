//! A client that has none of our code: Python's grpcio, which learns everything by reflection.

use contracts::mentor::enrollment::v1::ImportMode;
use kernel::Role;
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    process::Command,
};
use testkit::TestDatabase;
use tests::{
    life::row,
    process::{Fleet, Servers},
    reflect,
};

/// What the client needs.
const PACKAGES: [&str; 3] = ["grpcio", "grpcio-reflection", "protobuf"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_learns_the_api_by_reflection() {
    let python = python();
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

/// The interpreter of `MENTOR_TEST_PYTHON`, else of an environment that is made once below `target/`.
fn python() -> PathBuf {
    if let Some(python) = std::env::var_os("MENTOR_TEST_PYTHON").filter(|path| !path.is_empty()) {
        return PathBuf::from(python);
    }
    let test = std::env::current_exe().expect("a running test knows its own path");
    // target/<profile>/deps/<test>
    let target = test.ancestors().nth(3).expect("tests lie below target/");
    let home = target.join("tools/python");
    let python = home.join("bin/python3");
    let has_all = |python: &Path| {
        let import = ["-c", "import grpc, google.protobuf, grpc_reflection"];
        Command::new(python).args(import).output().is_ok_and(|output| output.status.success())
    };
    if !has_all(&python) {
        run(Command::new("python3").args(["-m", "venv"]).arg(&home));
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(PACKAGES));
    }
    python
}

fn run(command: &mut Command) {
    let output = command.output().expect("Python 3 with venv: apt install python3-venv");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
