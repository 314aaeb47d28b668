//! Conformance suites that have none of our code: scim2-tester (by `scim2 test`) and scim-sanity.

use crate::world::World;
use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// What the environment holds.
const PACKAGES: [&str; 3] = ["scim2-cli==0.6.0", "scim2-tester==0.5.2", "scim-sanity==0.7.4"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scim2_test_finds_no_error() {
    let world = World::start().await;
    let (root, header) = (world.root(), format!("Authorization: Bearer {}", world.token));
    let output = run(move |tools| {
        let mut command = Command::new(tools.join("scim2"));
        command.args(["--url", &root, "--header", &header, "test"]);
        command
    })
    .await;
    let said = text(&output);
    println!("{said}");
    let count = |word: &str| said.lines().filter(|line| line.trim_start().starts_with(word)).count();
    assert!(output.status.success(), "{said}");
    assert!(count("SUCCESS") > 50, "{said}");
    assert_eq!((count("ERROR"), count("CRITICAL")), (0, 0), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scim_sanity_finds_no_failure() {
    let world = World::start().await;
    let (root, token) = (world.root(), world.token.clone());
    let output = run(move |tools| {
        let mut command = Command::new(tools.join("scim-sanity"));
        command.args(["probe", &root, "--token", &token, "--strict", "--i-accept-side-effects"]);
        command
    })
    .await;
    let said = text(&output);
    println!("{said}");
    assert!(output.status.success(), "{said}");
    assert!(said.contains("All tests passed"), "{said}");
}

pub(crate) fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

async fn run(command: impl FnOnce(&Path) -> Command + Send + 'static) -> Output {
    let work = move || command(&tools()).env("NO_COLOR", "1").output().expect("the peer runs");
    tokio::task::spawn_blocking(work).await.expect("the peer ends")
}

/// The programs of `MENTOR_TEST_SCIM`, else of an environment that is made once below `target/`.
fn tools() -> PathBuf {
    environment("MENTOR_TEST_SCIM", "scim", &PACKAGES, &["scim2", "scim-sanity"])
}

/// Where programs of PyPI are: the folder that this variable names, else an environment with these packages, made once
/// below `target/tools`.
pub(crate) fn environment(variable: &str, name: &str, packages: &[&str], programs: &[&str]) -> PathBuf {
    if let Some(tools) = std::env::var_os(variable).filter(|path| !path.is_empty()) {
        return PathBuf::from(tools);
    }
    let test = std::env::current_exe().expect("a running test knows its own path");
    // target/<profile>/deps/<test>
    let target = test.ancestors().nth(3).expect("tests lie below target/").join("tools");
    std::fs::create_dir_all(&target).expect("the target folder can be written");
    // Tests in other processes want the same.
    let lock =
        std::fs::File::create(target.join(format!("{name}.lock"))).expect("the target folder can be written");
    lock.lock().expect("a lock");
    let home = target.join(name);
    let tools = home.join("bin");
    let has = |program: &&str| -> bool {
        let help = Command::new(tools.join(program)).arg("--help").output();
        help.is_ok_and(|output| output.status.success())
    };
    if !programs.iter().all(has) {
        done(Command::new("python3").args(["-m", "venv"]).arg(&home));
        done(Command::new(tools.join("python3")).args(["-m", "pip", "install", "--quiet"]).args(packages));
    }
    tools
}

fn done(command: &mut Command) {
    let output = command.output().expect("Python 3 with venv: apt install python3-venv");
    assert!(output.status.success(), "{command:?}: {}", text(&output));
}
