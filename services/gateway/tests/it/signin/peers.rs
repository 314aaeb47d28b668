//! Programs that have none of our code: npm's oidc-provider and oauth2-mock-server, and Chromium by playwright-core. They are
//! installed once below `target/tools/signin`, or taken from `MENTOR_TEST_NODE`.

use serde_json::{Value, json};
use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex},
};

/// What the folder holds.
const PACKAGES: [&str; 3] = ["oidc-provider@9.13.3", "oauth2-mock-server@8.2.3", "playwright-core@1.65.1"];

/// A program that answers lines with lines; ends when it is dropped.
#[derive(Clone)]
pub(crate) struct Peer(Arc<Mutex<Running>>);

struct Running {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Running {
    fn line(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the peer's output can be read");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("the peer said {line:?}: {error}"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.input.take());
        // It ends with its input; what is left of it goes, too.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Peer {
    /// Starts a program of `tests/peers`; what it says first.
    pub(crate) async fn start(program: &'static str, argument: Value) -> (Peer, Value) {
        let work = move || {
            let mut command = Command::new("node");
            command.env("MENTOR_NODE_MODULES", modules());
            command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers").join(program));
            command.arg(argument.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut process = command.spawn().expect("node runs: apt install npm");
            let input = process.stdin.take();
            let output = BufReader::new(process.stdout.take().expect("piped"));
            let mut running = Running { process, input, output };
            let first = running.line();
            (Peer(Arc::new(Mutex::new(running))), first)
        };
        tokio::task::spawn_blocking(work).await.expect("the peer starts")
    }

    /// Sends a line; the answer.
    pub(crate) async fn ask(&self, command: Value) -> Value {
        let running = Arc::clone(&self.0);
        let work = move || {
            let mut running = running.lock().expect("one at a time");
            let input = running.input.as_mut().expect("open");
            writeln!(input, "{command}").expect("the peer reads");
            input.flush().expect("the peer reads");
            let answer = running.line();
            assert_eq!(answer["error"], Value::Null, "{command}: {answer}");
            answer
        };
        tokio::task::spawn_blocking(work).await.expect("the peer answers")
    }
}

/// The hostile provider.
pub(crate) struct Mock {
    pub(crate) issuer: String,
    http: reqwest::Client,
    _peer: Peer,
}

impl Mock {
    pub(crate) async fn start() -> Mock {
        let (peer, said) = Peer::start("mock.mjs", json!({})).await;
        let issuer = said["issuer"].as_str().expect("an address").to_owned();
        Mock { issuer, http: reqwest::Client::new(), _peer: peer }
    }

    /// Says how the next answers shall be.
    pub(crate) async fn control(&self, control: Value) {
        let sent = self.http.put(format!("{}/control", self.issuer)).body(control.to_string()).send().await;
        assert!(sent.expect("an answer").status().is_success());
    }

    /// Any claims, signed by the provider's newest key.
    pub(crate) async fn sign(&self, header: Value, claims: Value) -> String {
        let body = json!({ "header": header, "claims": claims }).to_string();
        let sent = self.http.post(format!("{}/sign", self.issuer)).body(body).send().await;
        sent.expect("an answer").text().await.expect("whole")
    }
}

fn done(command: &mut Command) {
    let output = command.output().expect("npm runs: apt install npm");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The folder of tools, held against tests in other processes that want the same.
fn tools(what: &str) -> (PathBuf, File) {
    let test = std::env::current_exe().expect("a running test knows its own path");
    // target/<profile>/deps/<test>
    let tools = test.ancestors().nth(3).expect("tests lie below target/").join("tools");
    std::fs::create_dir_all(&tools).expect("the target folder can be written");
    let lock = File::create(tools.join(format!("{what}.lock"))).expect("the target folder can be written");
    lock.lock().expect("a lock");
    (tools, lock)
}

fn modules() -> PathBuf {
    if let Some(modules) = std::env::var_os("MENTOR_TEST_NODE").filter(|path| !path.is_empty()) {
        return PathBuf::from(modules);
    }
    let (tools, _one) = tools("signin");
    let (home, wanted) = (tools.join("signin"), PACKAGES.join("\n"));
    let stamp = home.join("has");
    if !std::fs::read_to_string(&stamp).is_ok_and(|has| has == wanted) {
        std::fs::create_dir_all(&home).expect("the target folder can be written");
        let mut install = Command::new("npm");
        install.args(["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"]);
        done(install.arg(&home).args(PACKAGES));
        std::fs::write(&stamp, wanted).expect("the target folder can be written");
    }
    home
}
