//! The specification's own library in another language: PyPI's `standardwebhooks`.

use super::receiver::Received;
use serde_json::json;
use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const PACKAGE: &str = "standardwebhooks==1.0.0";
/// Verifies what comes on standard input.
const PROGRAM: &str = "
import json, sys
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
sent = json.load(sys.stdin)
try:
    Webhook(sent['secret']).verify(sent['body'], sent['headers'])
    print('good')
except WebhookVerificationError as error:
    print('bad', error)
";

/// Whether the library takes a message for one that is signed with the secret.
pub(crate) async fn verifies(secret: &str, message: &Received) -> bool {
    let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let headers: serde_json::Map<_, _> =
        names.iter().map(|name| ((*name).to_owned(), message.header(name).into())).collect();
    let sent = json!({ "secret": secret, "headers": headers, "body": message.body }).to_string();
    let said = tokio::task::spawn_blocking(move || run(&sent)).await.expect("Python ends");
    assert!(said.starts_with("good") || said.starts_with("bad"), "{said}");
    said.starts_with("good")
}

fn run(sent: &str) -> String {
    let mut child = Command::new(python())
        .args(["-c", PROGRAM])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python starts");
    child.stdin.take().expect("piped").write_all(sent.as_bytes()).expect("read");
    let output = child.wait_with_output().expect("Python ends");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Python of an environment that is made once below `target/`.
fn python() -> PathBuf {
    let test = std::env::current_exe().expect("a running test knows its own path");
    // target/<profile>/deps/<test>
    let tools = test.ancestors().nth(3).expect("tests lie below target/").join("tools");
    std::fs::create_dir_all(&tools).expect("the target folder can be written");
    // Tests in other processes want the same.
    let lock = std::fs::File::create(tools.join("webhooks.lock")).expect("the target folder can be written");
    lock.lock().expect("a lock");
    let home = tools.join("webhooks");
    let python = home.join("bin/python3");
    let has = |python: &Path| {
        let asked = Command::new(python).args(["-c", "import standardwebhooks"]).output();
        asked.is_ok_and(|output| output.status.success())
    };
    if !has(&python) {
        done(Command::new("python3").args(["-m", "venv"]).arg(&home));
        done(Command::new(&python).args(["-m", "pip", "install", "--quiet", PACKAGE]));
    }
    python
}

fn done(command: &mut Command) {
    let output = command.output().expect("Python 3 with venv: apt install python3-venv");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
}
